use std::fmt;

use super::assemble::{self, Keywords, NAME};
use super::{Address, keyword};
use crate::settings::{About, Origin, Problem, Reader, Setting, text};

pub(crate) static URL: Setting<Option<String>> = Setting::new(NAME, "", text)
    .alias(&["DATABASE_URL"])
    .help("URL", "The database: a libpq URL or keyword=value pairs")
    .secret();

/// Which of the places that can name the database did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressRule {
    /// The setting `database.url`: code, `--database-url`, `DATABASE_URL` or a file.
    Url,
    /// `POSTGRES_*`, with `ENVIRONMENT=production`.
    Production,
    /// `DEV_POSTGRES_*`.
    Development,
    /// `PGSERVICE`, `PGHOST`, `PGHOSTADDR` or `PGDATABASE`.
    Libpq,
}

impl AddressRule {
    /// The places in their order, for the error when none of them names a database.
    pub const ALL: &str = "DATABASE_URL; with ENVIRONMENT=production POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB; \
                           DEV_POSTGRES_*; PGSERVICE, PGHOST or PGDATABASE";
}

impl fmt::Display for AddressRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url => "database.url",
            Self::Production => "POSTGRES_* with ENVIRONMENT=production",
            Self::Development => "DEV_POSTGRES_*",
            Self::Libpq => "PG*",
        })
    }
}

/// What `POSTGRES_*` and `DEV_POSTGRES_*` say, under the keyword that it means.
const PARTS: [(&str, &str); 5] =
    [("user", "USER"), ("password", "PASSWORD"), ("dbname", "DB"), ("host", "HOST"), ("port", "PORT")];

/// Finds the address by the first rule that is set. `None` if no rule is, or a problem was noted.
pub(crate) fn find(reader: &mut Reader<'_>) -> (Option<AddressRule>, Option<Address>) {
    let about: &About = URL.about();
    if let Some(found) = reader.find(about) {
        let address = assemble::read(reader, &found.text, &found.origin);
        return (Some(AddressRule::Url), shown(reader, address, found.origin));
    }
    if is_production(reader) {
        let parts = parts(reader, "POSTGRES_");
        if !parts.is_empty() || is_set_by_file(reader, "POSTGRES_PASSWORD") {
            return (Some(AddressRule::Production), production(reader, parts));
        }
    }
    let parts = parts(reader, "DEV_POSTGRES_");
    if !parts.is_empty() {
        let origin = Origin::Variable("DEV_POSTGRES_*".into());
        return (Some(AddressRule::Development), finish(reader, parts, origin));
    }
    for name in ["PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE"] {
        if let Some(found) = reader.variable(name, false, NAME) {
            let mut keywords = Keywords::new();
            assemble::fill_in(reader, &mut keywords, |_| true);
            let address = assemble::assemble(reader, &mut keywords, &found.origin);
            return (Some(AddressRule::Libpq), shown(reader, address, found.origin));
        }
    }
    (None, None)
}

/// Whether `ENVIRONMENT` says `production`.
pub(crate) fn is_production(reader: &mut Reader<'_>) -> bool {
    reader
        .variable("ENVIRONMENT", false, NAME)
        .is_some_and(|found| found.text.eq_ignore_ascii_case("production"))
}

fn parts(reader: &mut Reader<'_>, prefix: &str) -> Keywords {
    let mut keywords = Keywords::new();
    for (name, suffix) in PARTS {
        if let Some(found) = reader.variable(&format!("{prefix}{suffix}"), name == "password", NAME) {
            keywords.insert(name, (found.text, found.origin));
        }
    }
    keywords
}

fn production(reader: &mut Reader<'_>, mut parts: Keywords) -> Option<Address> {
    let required = PARTS.iter().filter(|(name, _)| ["user", "password", "dbname"].contains(name));
    let missing: Vec<_> = required.filter(|(name, _)| !parts.contains_key(name)).collect();
    for (_, suffix) in &missing {
        let variable = format!("POSTGRES_{suffix}");
        // One whose file cannot be read is reported already.
        if !is_set_by_file(reader, &variable) {
            let reason =
                format!("{variable} is not set, and ENVIRONMENT=production needs it with the others");
            reader.problem(Problem::new(NAME, Origin::Variable(variable), reason));
        }
    }
    parts.entry("host").or_insert_with(|| ("postgres".into(), Origin::Default));
    let origin = Origin::Variable("POSTGRES_*".into());
    if missing.is_empty() { finish(reader, parts, origin) } else { None }
}

fn is_set_by_file(reader: &mut Reader<'_>, variable: &str) -> bool {
    reader.variable(&format!("{variable}_FILE"), false, NAME).is_some()
}

/// A service and variables of libpq fill in how to connect, but not where to and as whom.
fn finish(reader: &mut Reader<'_>, mut parts: Keywords, origin: Origin) -> Option<Address> {
    parts.entry("host").or_insert_with(|| ("localhost".into(), Origin::Default));
    let how = |name: &str| {
        keyword::find(name).is_some() && name != "hostaddr" && PARTS.iter().all(|(part, _)| *part != name)
    };
    assemble::fill_in(reader, &mut parts, how);
    let address = assemble::assemble(reader, &mut parts, &origin);
    shown(reader, address, origin)
}

fn shown(reader: &mut Reader<'_>, address: Option<Address>, origin: Origin) -> Option<Address> {
    let address = address?;
    reader.show(NAME, address.to_string(), origin);
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn rule<const N: usize>(
        environment: [(&'static str, &'static str); N],
    ) -> Result<(AddressRule, String), String> {
        let resolved = Settings::new().environment(environment).resolve(find).map_err(|p| p.to_string())?;
        match resolved.value {
            (Some(rule), Some(address)) => Ok((rule, address.to_string())),
            _ => Err("none".into()),
        }
    }

    #[test]
    fn the_first_rule_that_is_set_wins() {
        let dev = ("DEV_POSTGRES_USER", "dev");
        let pg = ("PGHOST", "pg");
        let user = ("PGUSER", "u");
        let url = ("DATABASE_URL", "postgres://a@b/c");
        assert_eq!(rule([url, dev, pg, user]).unwrap(), (AddressRule::Url, "postgresql://a@b:5432/c".into()));
        assert_eq!(
            rule([dev, pg, user]).unwrap(),
            (AddressRule::Development, "postgresql://dev@localhost:5432/dev".into())
        );
        assert_eq!(rule([pg, user]).unwrap(), (AddressRule::Libpq, "postgresql://u@pg:5432/u".into()));
        assert_eq!(rule([user]).unwrap_err(), "none");
    }

    #[test]
    fn a_service_names_a_database_only_where_nothing_before_it_does() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[s]\nhost=in_service\nuser=su\nconnect_timeout=7\n").unwrap();
        let with = |more: &[(&str, &str)]| {
            let mut variables = std::collections::BTreeMap::from([
                ("PGSERVICE".to_owned(), "s".to_owned()),
                ("PGSERVICEFILE".to_owned(), file.path().display().to_string()),
            ]);
            variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            let found = Settings::new().environment(variables).resolve(find).unwrap().value;
            let address = found.1.unwrap();
            (found.0.unwrap(), address.to_string(), address.connect_timeout().unwrap().as_secs())
        };
        assert_eq!(with(&[]), (AddressRule::Libpq, "postgresql://su@in_service:5432/su".into(), 7));
        // As variables do, a service says how to connect to what other rules name, but not where that is.
        let dev = with(&[("DEV_POSTGRES_USER", "dev")]);
        assert_eq!(dev, (AddressRule::Development, "postgresql://dev@localhost:5432/dev".into(), 7));
    }

    #[test]
    fn production_needs_user_password_and_database() {
        let production = ("ENVIRONMENT", "production");
        let (user, password, db) = (("POSTGRES_USER", "u"), ("POSTGRES_PASSWORD", "p"), ("POSTGRES_DB", "d"));
        assert_eq!(
            rule([production, user, password, db]).unwrap(),
            (AddressRule::Production, "postgresql://u@postgres:5432/d".into())
        );
        let missing = rule([production, user]).unwrap_err();
        assert!(
            missing.contains("POSTGRES_PASSWORD is not set") && missing.contains("POSTGRES_DB"),
            "{missing}"
        );
        assert_eq!(rule([user, password, db]).unwrap_err(), "none");
    }
}
