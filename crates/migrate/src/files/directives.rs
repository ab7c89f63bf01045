//! What a file says about how it wants to be run: comments `-- pgkeel: key=value` above its first statement.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use pgkeel_connect::Ident;
use pgkeel_connect::settings::{duration, positive_duration, yes_or_no};

use super::backfill::Backfill;
use super::checkpoint::Squashed;
use super::statements::Scan;

pub(crate) const MARK: &str = "pgkeel:";

/// How one file wants to be run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Directives {
    /// `transaction=off`: statements run one by one, each by itself, instead of all in one transaction. For what cannot
    /// run in a transaction, such as CREATE INDEX CONCURRENTLY. If the connection or the server is lost, a procedure that
    /// commits by itself may be called again, so it has to bear that; all else is not repeated, or may be.
    pub outside_transaction: bool,
    /// `backfill batch=5000 pause=50ms`, first in its comment: its one statement is repeated until it changes no row, each time
    /// in a transaction of its own. `transaction=off` goes without saying.
    pub backfill: Option<Backfill>,
    /// `lock_timeout=2s`: how long a statement waits for what others have locked.
    pub lock_timeout: Option<Duration>,
    /// `statement_timeout=15min`: how long one statement may take.
    pub statement_timeout: Option<Duration>,
    /// `retries=3`: how often it is tried again when it did not get a lock in time.
    pub retries: Option<u32>,
    /// `out_of_order=yes`: it may be applied behind files with higher versions.
    pub out_of_order: bool,
    /// `irreversible="reason"`: why there is no way back from it.
    pub irreversible: Option<String>,
    /// `role=owner`: as whom its statements run.
    pub role: Option<Ident>,
    /// `destructive=accepted`: its statements may lose data ([`Destructive`](crate::Destructive)).
    pub accepts_destructive: bool,
    /// `requires=V20250101000000,V20250202000000`: versions that have to be applied before.
    pub requires: BTreeSet<i64>,
    /// `requires=R__views`, in a repeatable: names of repeatables that have to be applied before, `views`.
    pub requires_repeatables: BTreeSet<String>,
    /// `phase=contract`: whether the program that is being replaced can bear it. By default it can.
    pub phase: Phase,
    /// `precheck="select …"`: a query that has to answer `true` before its statements run. May be given several times.
    pub prechecks: Vec<String>,
    /// `squashes=V<version>__<name>:<checksum>:<SHA-256>`, in a checkpoint, once for each version that it takes the place of,
    /// lowest first. Written by `migrate squash`.
    pub squashes: Vec<Squashed>,
}

/// When a file may be applied, while one version of a program replaces another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "a schema is made wider, and then narrower")]
pub enum Phase {
    /// Before the new program starts: it only adds.
    #[default]
    Expand,
    /// Once nothing of the old program runs: it takes away what that needs.
    Contract,
}

impl Directives {
    /// Reads them; an error says what is wrong with one of them, and the byte at which its comment begins.
    pub(crate) fn read(scan: &Scan<'_>) -> Result<Self, (usize, String)> {
        let first = scan.statements.first().map_or(usize::MAX, |statement| statement.start);
        let ours = scan.line_comments.iter().filter_map(|(at, comment)| {
            Some((*at, comment.trim_start_matches('-').trim().strip_prefix(MARK)?))
        });
        let ours: Vec<(usize, &str)> = ours.collect();
        let is_backfill = ours.iter().any(|(_, pairs)| Backfill::behind(pairs).is_some());
        let backfill = is_backfill.then(Backfill::default);
        let mut directives = Self { backfill, outside_transaction: is_backfill, ..Self::default() };
        for (at, pairs) in ours {
            if at > first {
                return Err((at, "stands below the first statement; put it above".to_owned()));
            }
            let pairs = Backfill::behind(pairs).unwrap_or(pairs);
            directives.add_all(pairs).map_err(|reason| (at, reason))?;
        }
        Ok(directives)
    }

    fn add_all(&mut self, mut pairs: &str) -> Result<(), String> {
        while let Some((key, rest)) = pairs.trim_start().split_once('=') {
            let (value, rest) = value(rest)?;
            self.add(key, value).map_err(|reason| format!("has {key}={value}, which {reason}"))?;
            pairs = rest;
        }
        match pairs.trim() {
            "" => Ok(()),
            left => Err(format!("has {left:?}, which is not key=value")),
        }
    }

    fn add(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "transaction" => self.outside_transaction = self.is_outside(yes_or_no(value)?)?,
            "batch" => self.of_backfill()?.set_batch(value)?,
            "pause" => self.of_backfill()?.pause = duration(value)?,
            "max_batches" => self.of_backfill()?.set_max_batches(value)?,
            "lock_timeout" => self.lock_timeout = Some(span(value)?),
            "statement_timeout" => self.statement_timeout = Some(span(value)?),
            "retries" => self.retries = Some(value.parse().map_err(|_| "is not a number".to_owned())?),
            "out_of_order" => self.out_of_order = yes_or_no(value)?,
            "irreversible" if value.trim().is_empty() => return Err("gives no reason".to_owned()),
            "irreversible" => self.irreversible = Some(value.to_owned()),
            "destructive" => self.accepts_destructive = accepted(value)?,
            "role" => self.role = Some(Ident::new(value.to_owned()).map_err(|error| error.to_string())?),
            "phase" => self.phase = phase(value)?,
            "requires" => self.require(value)?,
            "precheck" => self.prechecks.push(value.to_owned()),
            "squashes" => self.squashes.push(value.parse()?),
            _ => return Err(format!("is none of {KEYS}")),
        }
        Ok(())
    }
}

impl Directives {
    fn is_outside(&self, is_whole: bool) -> Result<bool, String> {
        if is_whole && self.backfill.is_some() {
            return Err("contradicts backfill: each batch is a transaction of its own".to_owned());
        }
        Ok(!is_whole)
    }

    fn of_backfill(&mut self) -> Result<&mut Backfill, String> {
        self.backfill
            .as_mut()
            .ok_or_else(|| "is for a backfill: write -- pgkeel: backfill batch=…".to_owned())
    }

    fn require(&mut self, value: &str) -> Result<(), String> {
        for word in value.split(',').map(str::trim) {
            match word.strip_prefix("R__") {
                Some(name) => {
                    self.requires_repeatables.insert(name.strip_suffix(".sql").unwrap_or(name).to_owned());
                }
                None => {
                    self.requires.insert(version(word)?);
                }
            }
        }
        Ok(())
    }
}

const KEYS: &str = "transaction, lock_timeout, statement_timeout, retries, out_of_order, irreversible, destructive, \
                    role, requires, phase, precheck, squashes, and of a backfill batch, pause, max_batches";

/// The value at the beginning of the text, in double quotes or up to the next space, and what follows.
fn value(text: &str) -> Result<(&str, &str), String> {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or_else(|| "has a quote that is not closed".to_owned()),
        None => Ok(text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))),
    }
}

/// As in settings, and with `min`, as PostgreSQL writes minutes.
fn span(value: &str) -> Result<Duration, String> {
    match value.strip_suffix("min") {
        Some(minutes) => positive_duration(&format!("{minutes}m")),
        None => positive_duration(value),
    }
}

fn accepted(value: &str) -> Result<bool, String> {
    if value == "accepted" { Ok(true) } else { Err("is not accepted".to_owned()) }
}

fn phase(value: &str) -> Result<Phase, String> {
    match value {
        "expand" => Ok(Phase::Expand),
        "contract" => Ok(Phase::Contract),
        _ => Err("is neither expand nor contract".to_owned()),
    }
}

fn version(word: &str) -> Result<i64, String> {
    let version = word.trim_start_matches('V').parse();
    version.map_err(|_| "is not a list of versions such as V1,V2".to_owned())
}

/// All that is not as by default, in one spelling: part of what tells two versions of a file apart.
impl fmt::Display for Directives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No `..`: a directive that is not told apart must not compile.
        let Self {
            outside_transaction,
            backfill,
            lock_timeout,
            statement_timeout,
            retries,
            out_of_order,
            irreversible,
            // Who is willing does not change what is done, so it may still be said of a file that is applied.
            accepts_destructive: _,
            role,
            requires,
            requires_repeatables,
            phase,
            prechecks,
            squashes,
        } = self;
        let mut parts = Vec::new();
        parts.extend(outside_transaction.then(|| "transaction=off".to_owned()));
        parts.extend(backfill.map(|backfill| backfill.to_string()));
        parts.extend(lock_timeout.map(|limit| format!("lock_timeout={}ms", limit.as_millis())));
        parts.extend(statement_timeout.map(|limit| format!("statement_timeout={}ms", limit.as_millis())));
        parts.extend(retries.map(|retries| format!("retries={retries}")));
        parts.extend(out_of_order.then(|| "out_of_order=yes".to_owned()));
        parts.extend(irreversible.as_ref().map(|reason| format!("irreversible={reason:?}")));
        parts.extend(role.as_ref().map(|role| format!("role={:?}", role.name())));
        parts.extend(requires.iter().map(|version| format!("requires=V{version}")));
        parts.extend(requires_repeatables.iter().map(|name| format!("requires=R__{name}")));
        parts.extend((*phase == Phase::Contract).then(|| "phase=contract".to_owned()));
        parts.extend(prechecks.iter().map(|query| format!("precheck={query:?}")));
        parts.extend(squashes.iter().map(|squashed| format!("squashes={squashed}")));
        f.write_str(&parts.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::statements::scan;
    use super::*;

    fn read(sql: &str) -> Result<Directives, (usize, String)> {
        Directives::read(&scan(sql))
    }

    #[test]
    fn every_key_is_read() {
        let sql = "-- why\n-- pgkeel: transaction=off lock_timeout=300ms statement_timeout=15min\n--pgkeel: retries=7 \
                   out_of_order=yes role=Owner\n-- pgkeel: irreversible=\"rows are gone\" requires=V3,V20250101000000 phase=contract\n\
                   -- pgkeel: precheck=\"select true\" precheck=\"select 1 = 1\" requires=R__views\nselect 1";
        assert_eq!(
            read(sql).unwrap().to_string(),
            "transaction=off lock_timeout=300ms statement_timeout=900000ms retries=7 out_of_order=yes \
             irreversible=\"rows are gone\" role=\"Owner\" requires=V3 requires=V20250101000000 requires=R__views phase=contract precheck=\"select true\" \
             precheck=\"select 1 = 1\""
        );
        assert_eq!(read("select '-- pgkeel: nonsense'; -- pgkeel is fine").unwrap(), Directives::default());
    }

    #[test]
    fn a_backfill_runs_outside_of_transactions_whether_it_says_so_or_not() {
        let told = "transaction=off backfill batch=5000 pause=50ms max_batches=7 retries=2";
        for sql in [
            "-- pgkeel: backfill batch=5000 pause=50ms max_batches=7 retries=2",
            "-- pgkeel: transaction=off retries=2\n-- pgkeel: backfill pause=50ms max_batches=7 batch=5000",
            "-- pgkeel: pause=50ms\n-- pgkeel:backfill retries=2\n-- pgkeel: batch=5000 max_batches=7",
        ] {
            assert_eq!(read(sql).unwrap().to_string(), told, "{sql}");
        }
        let plain = read("-- pgkeel: backfill\nselect 1").unwrap().backfill.unwrap();
        assert_eq!((plain.batch, plain.pause.as_millis(), plain.max_batches), (1000, 10, None));
        assert_eq!(read("-- pgkeel: backfill pause=0").unwrap().backfill.unwrap().pause, Duration::ZERO);
    }

    #[test]
    fn what_is_accepted_does_not_make_another_file() {
        let accepting = read("-- pgkeel: destructive=accepted\ndrop table a").unwrap();
        assert!(accepting.accepts_destructive && accepting.to_string().is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (sql, part) in [
            ("-- pgkeel: transactions=off", "transactions=off, which is none of transaction,"),
            ("-- pgkeel: lock_timeout=soon", "which is not a span of time"),
            ("-- pgkeel: off", "\"off\", which is not key=value"),
            ("-- pgkeel: irreversible=\"why", "a quote that is not closed"),
            ("-- pgkeel: irreversible=\"\"", "gives no reason"),
            ("-- pgkeel: phase=later", "is neither expand nor contract"),
            ("-- pgkeel: destructive=yes", "destructive=yes, which is not accepted"),
            ("-- pgkeel: requires=later", "is not a list of versions"),
            ("-- pgkeel: batch=5", "batch=5, which is for a backfill"),
            ("-- pgkeel: backfill batch=0", "batch=0, which is not a number of rows"),
            ("-- pgkeel: backfill batch=2147483648", "which is not a number of rows"),
            ("-- pgkeel: backfill max_batches=-1", "is not a number of batches"),
            ("-- pgkeel: backfill pause=soon", "which is not a span of time"),
            ("-- pgkeel: backfill=yes", "backfill=yes, which is none of"),
            ("-- pgkeel: backfill 5000", "\"5000\", which is not key=value"),
            ("-- pgkeel: transaction=on\n-- pgkeel: backfill", "transaction=on, which contradicts backfill"),
            ("select 1;\n-- pgkeel: transaction=off", "below the first statement"),
        ] {
            let (at, reason) = read(sql).unwrap_err();
            assert!(reason.contains(part) && sql[at..].starts_with("--"), "{reason}");
        }
    }
}
