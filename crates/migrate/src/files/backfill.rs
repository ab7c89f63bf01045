//! `backfill`: one statement that is repeated until it changes no row, a part of the rows at a time.
//!
//! How many rows that is the statement reads from a setting, so the file stays SQL that every other tool can read, and a
//! LIMIT that reads it is found before anything runs.

use std::fmt;
use std::time::Duration;

use super::script::Script;
use super::statements::{Statement, Token, statements};
use super::text::Location;
use super::tokens::{Tokens, depth_behind};
use super::unfit::{Unfit, UnfitReason};

/// The setting that says how many rows a batch has.
pub(crate) const SETTING: &str = "pgkeel.batch";

/// How the statement of a file is repeated.
///
/// ```sql
/// -- pgkeel: backfill batch=5000 pause=50ms
/// update orders set total = net + tax
/// where id in (
///     select id from orders where total is null
///     limit current_setting('pgkeel.batch')::bigint
/// );
/// ```
///
/// The file has one UPDATE, DELETE or INSERT … SELECT, with or without WITH before it. It runs until it changes no row, each
/// time in a transaction of its own, within `lock_timeout`, `statement_timeout` and `retries`. So:
/// - Its LIMIT, or FETCH FIRST, reads the setting `pgkeel.batch`. It is a setting, and not a placeholder, so that psql, linters
///   and other tools can read the file; without one that reads it the file is refused, as it would take all rows at once.
/// - The query with the LIMIT leaves out what is done, by its WHERE. A condition outside of it, or ON CONFLICT DO NOTHING,
///   may leave a batch with nothing to do before the end. An index on what is not done keeps late batches as quick as early
///   ones, and a key is better than `ctid`, by which a row is missed that somebody changes at that moment. A `.verify.sql`
///   that asks for what is left finds out all of that, and the next call repeats the statement.
/// - What is written meanwhile has to be right by itself, by a default, a trigger or the program; else it may never end.
/// - A standby that falls behind is not noticed: the pause is for it.
/// - Each call that applies or reverts it runs it whole. If it is stopped, by [`Stop`](crate::Stop), a failure or a crash,
///   the batches that were committed stay, and the next call goes on; what a file gives as `precheck` is asked only before the
///   first batch.
/// - In a checkpoint, and wherever there is one transaction only, it takes all rows at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backfill {
    /// `batch=5000`: how many rows the statement takes at a time, from 1 to 2 147 483 647; what its
    /// `current_setting('pgkeel.batch')` answers. Default: 1000.
    pub batch: u32,
    /// `pause=50ms`: the rest between two batches, for others and for standbys to catch up; 0 for none. Default: 10 ms.
    pub pause: Duration,
    /// `max_batches=20000`: how many batches may change rows in one call before it is taken for a statement that never ends.
    /// Default: 100, and ten times as many as the rows of all its tables make.
    pub max_batches: Option<u64>,
}

impl Default for Backfill {
    fn default() -> Self {
        Self { batch: 1000, pause: Duration::from_millis(10), max_batches: None }
    }
}

/// As it is written.
impl fmt::Display for Backfill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batch, pause, max_batches } = self;
        write!(f, "backfill batch={batch} pause={}ms", pause.as_millis())?;
        max_batches.map_or(Ok(()), |most| write!(f, " max_batches={most}"))
    }
}

impl Backfill {
    /// What stands behind the word, if a comment for us begins with it.
    pub(super) fn behind(said: &str) -> Option<&str> {
        let behind = said.trim_start().strip_prefix("backfill")?;
        (behind.is_empty() || behind.starts_with(char::is_whitespace)).then_some(behind)
    }

    pub(super) fn set_batch(&mut self, value: &str) -> Result<(), String> {
        let batch = value.parse().ok().filter(|batch| (1..=i32::MAX.unsigned_abs()).contains(batch));
        self.batch = batch.ok_or("is not a number of rows")?;
        Ok(())
    }

    pub(super) fn set_max_batches(&mut self, value: &str) -> Result<(), String> {
        let most = value.parse().ok().filter(|most| *most > 0);
        self.max_batches = Some(most.ok_or("is not a number of batches")?);
        Ok(())
    }
}

/// The first statement of a backfill that cannot be repeated, or not to an end.
pub(super) fn unfit(script: &Script) -> Option<Unfit> {
    script.directives().backfill?;
    let statements = statements(script.sql());
    let (first, others) = statements.split_first()?;
    let (statement, reason) = match judge(first) {
        Some(reason) => (first, reason),
        None => (others.first()?, UnfitReason::NotBackfill),
    };
    let words = statement.words[..statement.words.len().min(2)].join(" ").to_ascii_uppercase();
    Some(Unfit { at: Location::of_byte(script.sql(), statement.start), words, reason })
}

fn judge(statement: &Statement<'_>) -> Option<UnfitReason> {
    let verb = verb(statement);
    if !verb.is_some_and(|verb| verb != "insert" || statement.mentions("select")) {
        return Some(UnfitReason::NotBackfill);
    }
    let Some(query) = limited(statement) else { return Some(UnfitReason::Unlimited) };
    if statement.tokens.windows(2).any(|pair| is(pair[0], "skip") && is(pair[1], "locked")) {
        return Some(UnfitReason::SkipsLocked);
    }
    // A row that is taken out of a queue is not there any more for the next batch.
    let is_endless = verb == Some("update") && !statement.mentions("delete") && !chooses(query);
    is_endless.then_some(UnfitReason::Unending)
}

/// What the statement does in the end, behind all of WITH.
pub(crate) fn verb(statement: &Statement<'_>) -> Option<&'static str> {
    const VERBS: [&str; 7] = ["insert", "update", "delete", "select", "merge", "values", "table"];
    let verb = |word: &str| VERBS.into_iter().find(|verb| word.eq_ignore_ascii_case(verb));
    let first = statement.words.first()?;
    let found = if first.eq_ignore_ascii_case("with") {
        // Each of these words may be the name of a query, with AS behind.
        let is_name = |pair: &[&str]| pair[1].eq_ignore_ascii_case("as");
        let mut pairs = statement.words.windows(2);
        pairs.find_map(|pair| verb(pair[0]).filter(|_| !is_name(pair)))
    } else {
        verb(first)
    };
    found.filter(|verb| ["insert", "update", "delete"].contains(verb))
}

/// Whether a backfill picks its rows whatever they are, so that all have their turn.
pub(crate) fn takes_all(statement: &Statement<'_>) -> bool {
    limited(statement).is_some_and(|query| !chooses(query))
}

/// The query whose LIMIT, or FETCH FIRST, reads the setting: all in the same parentheses.
fn limited<'a, 'b>(statement: &'a Statement<'b>) -> Option<&'a [Token<'b>]> {
    let all = &statement.tokens;
    let at = (0..all.len()).find(|at| is_limit(Tokens { all, at: *at }))?;
    let mut depth = 0_usize;
    let before = all[..at].iter().rev().position(|token| match token.text {
        ")" => {
            depth += 1;
            false
        }
        "(" if depth == 0 => true,
        "(" => {
            depth -= 1;
            false
        }
        _ => false,
    });
    let start = before.map_or(0, |before| at - before);
    let mut depth = 1_usize;
    let end = all[start..].iter().position(|token| {
        depth = depth_behind(depth, token);
        depth == 0
    });
    Some(&all[start..end.map_or(all.len(), |end| start + end)])
}

fn is_limit(mut tokens: Tokens<'_>) -> bool {
    let is_limit = tokens.take("limit") || tokens.take("fetch") && tokens.take_any(&["first", "next"]);
    if !is_limit {
        return false;
    }
    while tokens.take_any(&["(", "cast"]) {}
    tokens.take_all(&["pg_catalog", "."]);
    tokens.take_all(&["current_setting", "("])
        && tokens.next().is_some_and(|name| name.trim_matches('\'').eq_ignore_ascii_case(SETTING))
}

/// Whether a query leaves rows out.
fn chooses(query: &[Token<'_>]) -> bool {
    let mut depth = 0_usize;
    query.iter().any(|token| {
        depth = depth_behind(depth, token);
        depth == 0 && ["where", "having", "except", "intersect"].iter().any(|word| is(*token, word))
    })
}

fn is(token: Token<'_>, word: &str) -> bool {
    token.text.eq_ignore_ascii_case(word)
}

#[cfg(test)]
#[path = "backfill_tests.rs"]
mod tests;
