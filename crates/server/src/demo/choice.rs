//! Whether a demo is wanted, and in which database.

use pgkeel_connect::Draft;
use pgkeel_connect::settings::{About, Problem, Reader, Setting, yes_or_no};
use pgkeel_demo::Target;

static DEMO: Setting<bool> = Setting::new("demo", "false", yes_or_no)
    .help("", "serve: make a database with a small shop in it, and keep that shop at work");

static DEMO_DATABASE: Setting<Option<Target>> = Setting::new("demo_database", "", target).help(
    "NAME",
    "The database that a demo makes, which must not exist yet; a private PostgreSQL can do without",
);

pub(crate) static SETTINGS: &[&About] = &[DEMO.about(), DEMO_DATABASE.about()];

fn target(name: &str) -> Result<Option<Target>, String> {
    if name.is_empty() {
        return Ok(None);
    }
    let problem = |error| format!("cannot be the name of a database: {:#}", anyhow::Error::from(error));
    Target::new_database(name).map(Some).map_err(problem)
}

/// The demo that the settings ask for. On a server that somebody named it never chooses the database itself.
pub(crate) fn read(reader: &mut Reader<'_>, connect: &Draft) -> Option<Target> {
    let (is_wanted, named) = (reader.get(&DEMO), reader.get(&DEMO_DATABASE));
    let problem = match (is_wanted, &named) {
        (false, None) => return None,
        (false, Some(_)) => (DEMO_DATABASE.about(), "says where a demo goes, but none is wanted; add --demo"),
        (true, _) if connect.production => (DEMO.about(), "a demo has no place where ENVIRONMENT=production"),
        (true, None) if connect.rule.is_some() => (
            DEMO.about(),
            "on a database that is named, a demo needs one of its own, which must not exist yet: --demo-database NAME",
        ),
        (true, _) => return Some(named.unwrap_or_else(Target::kept)),
    };
    let (about, reason) = problem;
    let origin = reader.origin(about);
    reader.problem(Problem::new(about.name, origin, reason));
    None
}

#[cfg(test)]
mod tests {
    use pgkeel_connect::settings::Settings;

    use super::*;

    fn chosen<const N: usize>(
        environment: [(&'static str, &'static str); N],
    ) -> Result<Option<String>, String> {
        let read = |reader: &mut Reader<'_>| {
            let connect = Draft::read(reader);
            read(reader, &connect).map(|target| target.to_string())
        };
        let resolved = Settings::new().environment(environment).resolve(read);
        resolved.map(|resolved| resolved.value).map_err(|problems| problems.to_string())
    }

    const DEMO: (&str, &str) = ("PGKEEL_DEMO", "true");
    const SHOP: (&str, &str) = ("PGKEEL_DEMO_DATABASE", "shop");
    const URL: (&str, &str) = ("DATABASE_URL", "postgres://u@h/d");

    #[test]
    fn a_private_server_has_a_database_for_it_and_a_named_one_needs_a_name() {
        assert_eq!(chosen([]).unwrap(), None);
        assert_eq!(chosen([DEMO]).unwrap().as_deref(), Some("pgkeel_demo"));
        assert_eq!(chosen([DEMO, SHOP]).unwrap().as_deref(), Some("shop"));
        assert_eq!(chosen([DEMO, SHOP, URL]).unwrap().as_deref(), Some("shop"));
        let problem = chosen([DEMO, URL]).unwrap_err();
        assert!(problem.contains("--demo-database NAME") && problem.contains("PGKEEL_DEMO)"), "{problem}");
    }

    #[test]
    fn a_name_alone_production_and_a_name_that_is_none_are_refused() {
        assert!(chosen([SHOP]).unwrap_err().contains("add --demo"));
        let production = chosen([DEMO, SHOP, URL, ("ENVIRONMENT", "production")]).unwrap_err();
        assert!(production.contains("no place where ENVIRONMENT=production"), "{production}");
        let long = "a234567890123456789012345678901234567890123456789012345678901234";
        assert!(chosen([DEMO, ("PGKEEL_DEMO_DATABASE", long)]).unwrap_err().contains("1 to 55 bytes"));
    }
}
