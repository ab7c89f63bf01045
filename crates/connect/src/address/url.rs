use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Address, Host, HostName};

/// Keywords with their values, in the order in which they are written.
pub(super) type Pairs = Vec<(String, String)>;

const HINT: &str =
    "in a password `@`, `:`, `/`, `?`, `#` and `%` are written %40, %3A, %2F, %3F, %23 and %25";

/// The schemes of libpq, and SQLAlchemy's spellings with the name of a Python driver.
const SCHEMES: &[&str] = &[
    "postgresql",
    "postgres",
    "postgresql+asyncpg",
    "postgresql+psycopg",
    "postgresql+psycopg_async",
    "postgresql+psycopg2",
];

/// Whether the text is meant as a URL.
pub(super) fn looks_like_one(text: &str) -> bool {
    text.find("://")
        .is_some_and(|at| text[..at].chars().all(|c| c.is_ascii_alphanumeric() || "+_.-".contains(c)))
}

/// Takes a URL apart. Errors never quote what could be a part of a password.
pub(super) fn parse(text: &str) -> Result<Pairs, String> {
    let (scheme, rest) = text.split_once("://").ok_or("is not a URL")?;
    if !SCHEMES.contains(&scheme) {
        return Err(format!(
            "begins with `{scheme}://`; a database address begins with {}://",
            SCHEMES.join("://, ")
        ));
    }
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    if rest.contains('#') || query.is_some_and(|query| query.contains('#')) {
        return Err(format!("has a `#`, which no part of an address may have as it is ({HINT})"));
    }
    let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
    if path.contains('@') {
        return Err(format!("has an `@` behind its first `/` ({HINT})"));
    }
    let mut pairs = Pairs::new();
    // The last `@` ends the password, so that one with an `@` in it still works.
    let hosts = match authority.rsplit_once('@') {
        Some((who, hosts)) => {
            user_and_password(who, &mut pairs)?;
            hosts
        }
        None => authority,
    };
    hosts_and_ports(hosts, &mut pairs)?;
    push(&mut pairs, "dbname", path)?;
    query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty()).try_for_each(
        |pair| {
            let (key, value) = pair.split_once('=').ok_or("has a query key without `=`")?;
            let key = decoded(key)?;
            pairs.push((key, decoded(value)?));
            Ok::<(), String>(())
        },
    )?;
    Ok(pairs)
}

fn user_and_password(who: &str, pairs: &mut Pairs) -> Result<(), String> {
    let (user, password) = who.split_once(':').map_or((who, ""), |(user, password)| (user, password));
    push(pairs, "user", user)?;
    push(pairs, "password", password)
}

/// `a:1,b:2,[::1]:3` becomes `host=a,b,::1` and `port=1,2,3`.
fn hosts_and_ports(text: &str, pairs: &mut Pairs) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let split: Vec<(String, &str)> = text.split(',').map(host_and_port).collect::<Result<_, _>>()?;
    let join = |parts: Vec<&str>| parts.join(",");
    let hosts = join(split.iter().map(|(host, _)| host.as_str()).collect());
    let ports = join(split.iter().map(|(_, port)| *port).collect());
    pairs.push(("host".into(), hosts));
    if split.iter().any(|(_, port)| !port.is_empty()) {
        if split.iter().any(|(_, port)| !port.chars().all(|c| c.is_ascii_digit())) {
            return Err(format!("has a port that is not a number ({HINT})"));
        }
        pairs.push(("port".into(), ports));
    }
    Ok(())
}

fn host_and_port(text: &str) -> Result<(String, &str), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (ip, behind) = rest.split_once(']').ok_or("has a `[` without its `]`")?;
        let port = behind.strip_prefix(':').or(behind.is_empty().then_some(""));
        return Ok((decoded(ip)?, port.ok_or("has something other than a port behind a `]`")?));
    }
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    Ok((decoded(host)?, port))
}

fn push(pairs: &mut Pairs, key: &str, value: &str) -> Result<(), String> {
    if !value.is_empty() {
        pairs.push((key.to_owned(), decoded(value)?));
    }
    Ok(())
}

fn decoded(text: &str) -> Result<String, String> {
    let bytes = text.as_bytes();
    let escapes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').map(|(at, _)| at);
    for at in escapes {
        if !bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)) {
            return Err(format!("has a `%` without two hexadecimal digits behind it ({HINT})"));
        }
    }
    let text =
        percent_decode_str(text).decode_utf8().map_err(|_| "is not UTF-8 when its %-escapes are read")?;
    if text.contains('\0') { Err("has a zero byte".into()) } else { Ok(text.into_owned()) }
}

/// All that may mean something else in a URL is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Between `[` and `]` colons stay as they are.
const ESCAPED_IN_BRACKETS: &AsciiSet = &ESCAPED.remove(b':');

/// Writes hosts, user and database as a URL that can be read again.
pub(super) fn write(f: &mut fmt::Formatter<'_>, address: &Address) -> fmt::Result {
    write!(f, "postgresql://{}@", utf8_percent_encode(address.user(), ESCAPED))?;
    for (position, host) in address.hosts().iter().enumerate() {
        write!(f, "{}{}", if position == 0 { "" } else { "," }, host_in_url(host))?;
    }
    write!(f, "/{}", utf8_percent_encode(address.database(), ESCAPED))?;
    let is_elsewhere =
        |host: &Host| host.ip().is_some_and(|ip| *host.name() != HostName::Tcp(ip.to_string()));
    if address.hosts().iter().any(is_elsewhere) {
        let ips = address.hosts().iter().map(|host| host.ip().map(|ip| ip.to_string()).unwrap_or_default());
        write!(f, "?hostaddr={}", ips.collect::<Vec<_>>().join(","))?;
    }
    Ok(())
}

fn host_in_url(host: &Host) -> String {
    let port = host.port();
    match host.name() {
        HostName::Tcp(name) if name.contains(':') => {
            format!("[{}]:{port}", utf8_percent_encode(name, ESCAPED_IN_BRACKETS))
        }
        HostName::Tcp(name) => format!("{}:{port}", utf8_percent_encode(name, ESCAPED)),
        HostName::Socket(path) => format!("{}:{port}", utf8_percent_encode(&path.to_string_lossy(), ESCAPED)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> String {
        let pairs = parse(text).unwrap();
        pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn urls_come_apart_as_in_libpq() {
        assert_eq!(pairs("postgres://u:p%40ss@h:5433/d?sslmode=disable"), {
            "user=u password=p@ss host=h port=5433 dbname=d sslmode=disable"
        });
        assert_eq!(pairs("postgresql://h1:1,h2,[::1]:3/"), "host=h1,h2,::1 port=1,,3");
        assert_eq!(pairs("postgresql:///d?host=/run/pg&port=7"), "dbname=d host=/run/pg port=7");
        assert_eq!(pairs("postgresql://%2Frun%2Fpg/d"), "host=/run/pg dbname=d");
        assert_eq!(pairs("postgresql+asyncpg://u:a@b@h/d"), "user=u password=a@b host=h dbname=d");
    }

    #[test]
    fn an_address_is_written_so_that_it_can_be_read_again() {
        for (text, written) in [
            ("host=/run/pg user='a b' dbname=c/d", "postgresql://a%20b@%2Frun%2Fpg:5432/c%2Fd"),
            ("host=x,y hostaddr=,::1 user=u", "postgresql://u@x:5432,y:5432/u?hostaddr=,::1"),
            ("host=fe80::1%eth0 user=u", "postgresql://u@[fe80::1%25eth0]:5432/u"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), written);
            assert_eq!(written.parse::<Address>().unwrap().hosts(), address.hosts());
        }
    }

    #[test]
    fn errors_quote_no_part_of_a_password() {
        for text in [
            "postgres://u:hunter2/x@h/d",
            "postgres://u:hunter2#x@h/d",
            "postgres://u:hunter2%zz@h/d",
            "postgres://u:hunter2?x@h/d",
            "postgres://hunter2:hunter2",
        ] {
            let error = parse(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(parse("mysql://h").unwrap_err().starts_with("begins with `mysql://`"));
    }
}
