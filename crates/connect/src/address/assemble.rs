use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::keyword::{self, KEYWORDS, Keyword, Use};
use super::{
    Address, AuthRule, Host, Keepalive, PasswordLines, TargetSession, harmless, host_list, key_value,
    service, tls, url,
};
use crate::settings::{Origin, Problem, Reader};

/// The setting that all problems of an address are reported under.
pub(super) const NAME: &str = "database.url";

/// The values of an address under their keywords, each with its origin.
pub(super) type Keywords = BTreeMap<&'static str, (String, Origin)>;

/// Reads a URL or key=value pairs; `PG*` variables fill in what the text leaves out. `None` if a problem was noted.
pub(super) fn read(reader: &mut Reader<'_>, text: &str, origin: &Origin) -> Option<Address> {
    let text = text.trim();
    let parsed = if url::looks_like_one(text) { url::parse(text) } else { key_value::parse(text) };
    let pairs = match parsed {
        Ok(pairs) => pairs,
        Err(reason) => {
            reader.problem(Problem::new(NAME, origin.clone(), format!("the address {reason}")));
            return None;
        }
    };
    let mut keywords = Keywords::new();
    for (name, value) in pairs {
        let origin = Origin::Keyword { keyword: name.clone(), address: Box::new(origin.clone()) };
        take(reader, &name, value, origin, &mut keywords);
    }
    fill_in(reader, &mut keywords, |_| true);
    assemble(reader, &mut keywords, origin)
}

/// Notes what becomes of one keyword of an address or a service.
pub(super) fn take(
    reader: &mut Reader<'_>,
    name: &str,
    value: String,
    origin: Origin,
    keywords: &mut Keywords,
) {
    let refuse = |reader: &mut Reader<'_>, reason: String| {
        reader.problem(Problem::new(NAME, origin.clone(), reason));
    };
    let Some(keyword) = keyword::find(name) else {
        return reader.problem(unknown(name, origin));
    };
    match keyword.usage {
        Use::Applied => {
            keywords.insert(keyword.name, (value, origin));
        }
        Use::Only(accepted) => {
            only(reader, keyword.name, &value, accepted, origin.clone());
            keywords.insert(keyword.name, (value, origin));
        }
        Use::Absent | Use::Refused => refuse(reader, format!("`{}` is not supported", keyword.name)),
        Use::Noticed => reader.notice(format!("`{name}` of the database address does nothing here")),
    }
}

/// A name that is like no keyword may be a part of a password, so it is not repeated.
fn unknown(name: &str, origin: Origin) -> Problem {
    if let Some(near) = keyword::nearest(name) {
        return Problem::new(NAME, origin, format!("there is no keyword `{name}`; did you mean `{near}`?"));
    }
    let address = match origin {
        Origin::Keyword { address, .. } => *address,
        line => return Problem::new(NAME, line, "there is no such keyword; a line is keyword=value"),
    };
    let reason = "the address has a keyword that PostgreSQL does not know (not repeated here, as it may be a part of a \
                  password); an address is a URL that begins with postgresql://, without quotes around it, or \
                  keyword=value pairs";
    Problem::new(NAME, address, reason)
}

fn only(reader: &mut Reader<'_>, name: &str, value: &str, accepted: &[&str], origin: Origin) {
    if !accepted.contains(&value) {
        let reason =
            format!("`{name}={}` is not supported; what is: {}", harmless(value), accepted.join(", "));
        reader.problem(Problem::new(NAME, origin, reason));
    }
}

/// Whether the keywords have a value for this name.
pub(super) fn is_written(keywords: &Keywords, name: &str) -> bool {
    keyword::find(name).is_some_and(|keyword| keywords.contains_key(keyword.name))
}

/// Takes from the service, then from `PG*` variables, what the address leaves out and `wanted` asks for.
pub(super) fn fill_in(reader: &mut Reader<'_>, keywords: &mut Keywords, wanted: impl Fn(&str) -> bool) {
    service::fill_in(reader, keywords, &wanted);
    let missing = KEYWORDS.iter().filter(|keyword| wanted(keyword.name));
    for Keyword { name, variable, usage } in missing {
        let Some(variable) = variable.filter(|_| !keywords.contains_key(name)) else { continue };
        let Some(found) = reader.variable(variable, *name == "password", NAME) else { continue };
        match usage {
            Use::Applied => {
                keywords.insert(name, (found.text, found.origin));
            }
            Use::Only(accepted) => only(reader, name, &found.text, accepted, found.origin),
            Use::Refused => {
                let reason = format!("{variable} is not supported; unset it");
                reader.problem(Problem::new(NAME, found.origin, reason));
            }
            Use::Absent | Use::Noticed => reader.notice(format!("{variable} does nothing here")),
        }
    }
}

/// Makes the address out of its keywords. `None` if a problem was noted.
pub(super) fn assemble(reader: &mut Reader<'_>, keywords: &mut Keywords, origin: &Origin) -> Option<Address> {
    let user = keywords.remove("user").map(|(user, _)| user).filter(|user| !user.is_empty());
    let user = user.or_else(|| account(reader));
    if user.is_none() {
        let reason = "the address names no user; write one, or set PGUSER";
        reader.problem(Problem::new(NAME, origin.clone(), reason));
    }
    let hosts = hosts(reader, keywords, origin);
    let tls = tls::read(reader, keywords, hosts.as_deref(), origin);
    let keepalive = Keepalive {
        off: number(reader, keywords, "keepalives").is_some_and(|on| on == 0),
        idle: seconds(reader, keywords, "keepalives_idle"),
        interval: seconds(reader, keywords, "keepalives_interval"),
        count: number(reader, keywords, "keepalives_count").filter(|count| *count > 0),
        user_timeout: number(reader, keywords, "tcp_user_timeout")
            .filter(|millis| *millis > 0)
            .map(|millis| Duration::from_millis(millis.into())),
    };
    let connect_timeout = connect_timeout(reader, keywords);
    let target = parsed(reader, keywords, "target_session_attrs", TargetSession::parse);
    let require_auth = parsed(reader, keywords, "require_auth", AuthRule::parse);
    let balances_load = parsed(reader, keywords, "load_balance_hosts", |text| match text {
        "disable" => Ok(false),
        "random" => Ok(true),
        _ => {
            Err(format!("`load_balance_hosts={}` does not exist; what does: disable, random", harmless(text)))
        }
    });
    let password = keywords.remove("password").map(|(text, _)| text).filter(|text| !text.is_empty());
    let password_file = if password.is_none() { password_file(reader, keywords) } else { None };
    let fallback = keywords.remove("fallback_application_name");
    let application_name = keywords.remove("application_name").or(fallback).map(|(name, origin)| {
        reader.show("database.application_name", &name, origin);
        name
    });
    let mut take =
        |name: &str| keywords.remove(name).map(|(value, _)| value).filter(|value| !value.is_empty());
    let user = user?;
    Some(Address {
        hosts: hosts?,
        database: take("dbname").unwrap_or_else(|| user.clone()),
        user,
        password: password.map(SecretString::from),
        password_file,
        options: take("options"),
        application_name,
        connect_timeout,
        keepalive,
        target: target.unwrap_or_default(),
        balances_load: balances_load.unwrap_or_default(),
        require_auth: require_auth.unwrap_or_default(),
        require_peer: take("requirepeer"),
        tls: tls?,
    })
}

/// The value of a keyword, if it is there, not empty and without a problem.
pub(super) fn parsed<T>(
    reader: &mut Reader<'_>,
    keywords: &mut Keywords,
    name: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Option<T> {
    let (text, origin) = keywords.remove(name).filter(|(text, _)| !text.is_empty())?;
    parse(&text).map_err(|reason| reader.problem(Problem::new(NAME, origin, reason))).ok()
}

/// Where libpq looks for a password that nobody wrote.
fn password_file(reader: &mut Reader<'_>, keywords: &mut Keywords) -> Option<PasswordLines> {
    let named = keywords.remove("passfile").map(|(path, _)| path).filter(|path| !path.is_empty());
    let is_named = named.is_some();
    let path = named.map(PathBuf::from).or_else(|| {
        let home = reader.variable("HOME", false, NAME)?;
        Some(PathBuf::from(home.text).join(".pgpass"))
    })?;
    let file = PasswordLines::new(path);
    if let Some(fault) = file.fault(is_named) {
        reader.notice(fault);
    }
    Some(file)
}

/// The operating system's name for whoever runs this, as libpq uses it where no user is named.
fn account(reader: &mut Reader<'_>) -> Option<String> {
    ["USER", "LOGNAME"].iter().find_map(|name| reader.variable(name, false, NAME)).map(|found| found.text)
}

fn hosts(reader: &mut Reader<'_>, keywords: &mut Keywords, address: &Origin) -> Option<Vec<Host>> {
    let mut origins = Keywords::new();
    let [names, ips, ports] = ["host", "hostaddr", "port"].map(|name| {
        let found = keywords.remove(name).unwrap_or_else(|| (String::new(), address.clone()));
        origins.insert(name, found.clone());
        found.0
    });
    let made = host_list::parse(&names, &ips, &ports);
    made.map_err(|bad| {
        let origin = origins.remove(bad.keyword).map(|(_, origin)| origin);
        reader.problem(Problem::new(NAME, origin.unwrap_or_else(|| address.clone()), bad.reason));
    })
    .ok()
}

fn connect_timeout(reader: &mut Reader<'_>, keywords: &mut Keywords) -> Option<Duration> {
    let (_, origin) = keywords.get("connect_timeout").cloned()?;
    match number(reader, keywords, "connect_timeout")? {
        0 => {
            let reason = "`connect_timeout=0` would wait for ever; write a number of seconds";
            reader.problem(Problem::new(NAME, origin, reason));
            None
        }
        seconds => {
            reader.show("database.connect_timeout", format!("{seconds}s"), origin);
            Some(Duration::from_secs(seconds.into()))
        }
    }
}

fn seconds(reader: &mut Reader<'_>, keywords: &mut Keywords, name: &'static str) -> Option<Duration> {
    number(reader, keywords, name)
        .filter(|seconds| *seconds > 0)
        .map(|seconds| Duration::from_secs(seconds.into()))
}

fn number(reader: &mut Reader<'_>, keywords: &mut Keywords, name: &'static str) -> Option<u32> {
    let (text, origin) = keywords.remove(name)?;
    let parsed = text.trim().parse();
    if parsed.is_err() {
        let reason = format!("`{name}={}` is not a whole number of 0 or more", harmless(&text));
        reader.problem(Problem::new(NAME, origin, reason));
    }
    parsed.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Problems, Settings};

    fn with_environment<const N: usize>(
        text: &'static str,
        environment: [(&'static str, &'static str); N],
    ) -> Result<String, Problems> {
        let settings = Settings::new().environment(environment);
        let resolved = settings.resolve(|reader| read(reader, text, &Origin::Code))?;
        Ok(resolved.value.expect("no problem was noted").to_string())
    }

    #[test]
    fn variables_fill_in_what_the_address_leaves_out() {
        let found = with_environment("postgres://h", [("PGUSER", "u"), ("PGPORT", "7"), ("PGDATABASE", "d")]);
        assert_eq!(found.unwrap(), "postgresql://u@h:7/d");
        let found = with_environment("postgres://a@h:1/x", [("PGUSER", "u"), ("PGPORT", "7")]);
        assert_eq!(found.unwrap(), "postgresql://a@h:1/x");
        assert_eq!(
            with_environment("dbname=d", [("USER", "me")]).unwrap(),
            "postgresql://me@localhost:5432/d"
        );
    }

    #[test]
    fn unknown_and_unsupported_keywords_are_named() {
        let problem = |text: &'static str| with_environment(text, []).unwrap_err().to_string();
        assert!(problem("postgres://u@h/d?sslmod=disable").contains("did you mean `sslmode`?"));
        assert!(
            problem("postgres://u@h/d?sslmode=verify-fill")
                .contains("`sslmode=verify-fill` does not exist; what does: disable, allow, prefer")
        );
        assert!(problem("postgres://u@h/d?ssl=on").contains("sslmode=on"));
        assert!(problem("postgres://u@h/d?connect_timeout=0").contains("for ever"));
        assert!(with_environment("postgres://u@h/d", [("PGSSLMODE", "Require")]).is_err());
    }

    #[test]
    fn keys_of_asyncpg_caches_are_noticed() {
        let read = |reader: &mut Reader<'_>| {
            read(reader, "postgresql+asyncpg://u@h/d?statement_cache_size=0&ssl=disable", &Origin::Code)
        };
        let resolved = Settings::new().resolve(read).unwrap();
        assert_eq!(resolved.notices, ["`statement_cache_size` of the database address does nothing here"]);
    }

    #[test]
    fn what_may_be_a_part_of_a_password_is_not_repeated() {
        for text in [
            "\"postgresql://app:hunter2@db/shop?sslmode=disable\"",
            "jdbc:postgresql://app:hunter2@db/shop?a=b",
            "app:hunter2=@db",
            "password=it hunter2=1 user=u",
            "postgresql://app:12?hunter2=@db/shop",
        ] {
            let problem = with_environment(text, []).unwrap_err().to_string();
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn a_problem_names_the_place_that_it_came_from() {
        let problem = with_environment("postgres://u@h/d", [("PGPORT", "abc")]).unwrap_err().to_string();
        assert!(problem.contains("environment variable PGPORT): the port is not"), "{problem}");
    }

    #[cfg(unix)]
    #[test]
    fn a_password_file_that_others_can_read_and_one_that_is_named_in_vain_are_noticed() {
        use std::os::unix::fs::PermissionsExt as _;

        let home = tempfile::tempdir().unwrap();
        let notices = |text: &'static str| {
            let variables =
                std::collections::BTreeMap::from([("HOME".to_owned(), home.path().display().to_string())]);
            let settings = Settings::new().environment(variables);
            settings.resolve(|reader| read(reader, text, &Origin::Code)).unwrap().notices
        };
        assert_eq!(notices("user=u"), Vec::<String>::new());
        assert_eq!(notices("user=u passfile=/no/file"), ["the password file /no/file does not exist"]);
        let path = home.path().join(".pgpass");
        std::fs::write(&path, "*:*:*:*:secret").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let found = notices("user=u");
        assert!(
            found[0].contains(&path.display().to_string()) && found[0].contains("chmod 0600"),
            "{found:?}"
        );
        assert_eq!(notices("user=u password=known"), Vec::<String>::new());
    }

    #[test]
    fn the_password_is_shown_nowhere() {
        let address: Address = "postgres://u:hunter2@h/d".parse().unwrap();
        assert!(!format!("{address} {address:?}").contains("hunter2"));
    }
}
