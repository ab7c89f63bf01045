//! Addresses that nobody would think of: thousands of them, the same ones in every run.

use pgkeel_connect::{Address, Host, HostName};
use pgkeel_testkit::scaled;

const PASSWORD: &str = "hunter2";

/// A sequence of numbers that looks like chance (xorshift, Marsaglia 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("smaller than a `usize`")
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn some(&mut self, most: usize, mut part: impl FnMut(&mut Self) -> String) -> Vec<String> {
        (0..=self.below(most)).map(|_| part(self)).collect()
    }
}

const HOSTS: &[&str] = &[
    "h",
    "db.test",
    "127.0.0.1",
    "[::1]",
    "[fe80::1%25eth0]",
    "%2Frun%2Fpg",
    "",
    "a%2Cb",
    "%C3%A9",
    "x%20y",
];
const NAMES: &[&str] = &["u", "us%40er", "d%2Fb", "%E2%82%AC", "a:b", "a%25", "with%20space", "%5B%5D"];
const KEYWORDS: &[(&str, &str)] = &[
    ("sslmode", "disable"),
    ("sslmode", "prefer"),
    ("connect_timeout", "5"),
    ("keepalives", "1"),
    ("keepalives_idle", "30"),
    ("tcp_user_timeout", "0"),
    ("application_name", "a b"),
    ("options", "-c search_path=x"),
    ("target_session_attrs", "primary"),
    ("load_balance_hosts", "random"),
    ("require_auth", "!password,!md5"),
    ("requirepeer", "postgres"),
    ("client_encoding", "utf8"),
    ("hostaddr", "10.0.0.1"),
    ("port", "5433"),
    ("host", "x,/run/pg,::1"),
    ("dbname", "other"),
    ("user", "some one"),
    ("user", "u"),
    ("statement_cache_size", "0"),
    ("gssencmode", "disable"),
];

fn url(chance: &mut Chance) -> String {
    let scheme = chance.one(&["postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg"]);
    let who = match chance.below(8) {
        0 => format!("{}@", chance.one(NAMES)),
        _ => format!("{}:{PASSWORD}@", chance.one(NAMES)),
    };
    let hosts = chance.some(3, |chance| match chance.below(2) {
        0 => chance.one(HOSTS).to_owned(),
        _ => format!("{}:{}", chance.one(HOSTS), 1 + chance.below(65_535)),
    });
    let query = chance.some(2, |chance| {
        let (name, value) = KEYWORDS[chance.below(KEYWORDS.len())];
        format!("{name}={}", value.replace(' ', "%20").replace('=', "%3D"))
    });
    format!("{scheme}://{who}{}/{}?{}", hosts.join(","), chance.one(NAMES), query.join("&"))
}

fn pairs(chance: &mut Chance) -> String {
    let mut parts = chance.some(5, |chance| {
        let (name, value) = KEYWORDS[chance.below(KEYWORDS.len())];
        match chance.below(3) {
            0 if !value.contains(' ') => format!("{name}={value}"),
            1 => format!("{name} = '{value}'"),
            _ => format!("{name}={}", value.replace(' ', "\\ ")),
        }
    });
    let at = chance.below(parts.len() + 1);
    parts.insert(at, format!("password={PASSWORD} user='some @ne'"));
    parts.join(chance.one(&[" ", "  ", "\n", "\t"]))
}

/// Puts in, takes out or replaces one character.
fn mutated(text: &str, chance: &mut Chance) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = chance.below(chars.len().max(1));
    let strange: Vec<char> = "@:/?#%[],&=' \\\"\0\u{e9}\u{1f980}0Z-+;".chars().collect();
    let new = strange[chance.below(strange.len())];
    match chance.below(4) {
        _ if chars.is_empty() => chars.push(new),
        0 => chars.insert(at, new),
        1 => chars[at] = new,
        2 => drop(chars.remove(at)),
        _ => chars.truncate(at),
    }
    chars.into_iter().collect()
}

/// Where a host is, as far as it can be told without looking its name up.
fn place(host: &Host) -> (HostName, u16, Option<std::net::IpAddr>) {
    let of_name = match host.name() {
        HostName::Tcp(name) => name.parse().ok(),
        HostName::Socket(_) => None,
    };
    (host.name().clone(), host.port(), host.ip().or(of_name))
}

fn check(text: &str) -> bool {
    let address: Address = match text.parse() {
        Ok(address) => address,
        Err(problems) => {
            let shown = format!("{problems} {problems:?}");
            assert!(!shown.contains(PASSWORD), "{text}\n{shown}");
            return false;
        }
    };
    let again: Address =
        address.to_string().parse().unwrap_or_else(|error| panic!("{text}\n{address}\n{error}"));
    let places = |address: &Address| address.hosts().iter().map(place).collect::<Vec<_>>();
    assert_eq!(places(&again), places(&address), "{text}\n{address}");
    assert_eq!((again.user(), again.database()), (address.user(), address.database()), "{text}\n{address}");
    true
}

#[test]
fn strange_addresses_are_read_or_refused_and_never_show_a_password() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let (mut read, count) = (0, scaled(20_000, 500_000));
    for round in 0..count {
        let mut text = if round % 2 == 0 { url(&mut chance) } else { pairs(&mut chance) };
        for _ in 0..chance.below(4) {
            text = mutated(&text, &mut chance);
        }
        read += usize::from(check(&text));
    }
    // Neither side of the parser may go untested.
    assert!(read > count / 10 && read < count * 9 / 10, "{read} of {count} were read");
}

#[test]
fn what_is_left_empty_before_a_password_does_not_show_it() {
    let names =
        ["sslmode", "keepalives", "connect_timeout", "service", "passfile", "require_auth", "user", "sslkey"];
    for name in names {
        let text = format!("user=u {name}= password={PASSWORD}");
        let problems = text.parse::<Address>().unwrap_err().to_string();
        assert!(!problems.contains(PASSWORD) && problems.contains("nothing behind"), "{problems}");
    }
}
