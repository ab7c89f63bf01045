//! Connection service files, `pg_service.conf`.
//!
//! Source of the format: PostgreSQL documentation, "The Connection Service File"; what it leaves open is as in libpq.

use std::path::{Path, PathBuf};

use super::assemble::{self, Keywords, NAME};
use super::{harmless, harmless_path, keyword};
use crate::settings::{Found, Origin, Problem, Reader};

/// Where distributions have the file for the whole system if `PGSYSCONFDIR` does not say: Debian, and the project's own
/// packages for Red Hat.
const SYSTEM_DIRECTORIES: [&str; 2] = ["/etc/postgresql-common", "/etc/sysconfig/pgsql"];

/// A larger file is some other file.
const MOST_BYTES: u64 = 1024 * 1024;

/// Takes from the service that the address or `PGSERVICE` names what the keywords leave out and `wanted` asks for.
pub(super) fn fill_in(reader: &mut Reader<'_>, keywords: &mut Keywords, wanted: impl Fn(&str) -> bool) {
    let file = keywords.remove("servicefile").map(|(text, origin)| Found { text, origin });
    let written = keywords.remove("service").map(|(text, origin)| Found { text, origin });
    let written = written.filter(|found| !found.text.is_empty());
    let Some(service) = written.or_else(|| reader.variable("PGSERVICE", false, NAME)) else { return };
    match find(reader, file, &service.text) {
        Ok(lines) => {
            let wanted = |line: &Line| wanted(&line.name) || keyword::find(&line.name).is_none();
            for Line { name, value, origin } in lines.into_iter().filter(wanted) {
                // As in libpq, the first line of a name wins over later ones.
                if !assemble::is_written(keywords, &name) {
                    assemble::take(reader, &name, value, origin, keywords);
                }
            }
        }
        Err((origin, reason)) => {
            reader.problem(Problem::new(NAME, origin.unwrap_or(service.origin), reason));
        }
    }
}

/// A line of a service.
struct Line {
    name: String,
    value: String,
    origin: Origin,
}

/// Where it is wrong, if not where the service is named, and what is.
type Wrong = (Option<Origin>, String);

/// The lines of this service, from the first file that has it: the user's own, then the system's.
fn find(reader: &mut Reader<'_>, named: Option<Found>, service: &str) -> Result<Vec<Line>, Wrong> {
    let named = named.or_else(|| reader.variable("PGSERVICEFILE", false, NAME));
    let of_the_user = match &named {
        Some(found) => Some(PathBuf::from(&found.text)),
        None => {
            reader.variable("HOME", false, NAME).map(|home| Path::new(&home.text).join(".pg_service.conf"))
        }
    };
    let of_the_system: Vec<PathBuf> = match reader.variable("PGSYSCONFDIR", false, NAME) {
        Some(found) => vec![found.text.into()],
        None if reader.has_environment() => SYSTEM_DIRECTORIES.map(PathBuf::from).into(),
        None => Vec::new(),
    };
    let of_the_system = of_the_system.into_iter().map(|directory| directory.join("pg_service.conf"));
    let mut looked_in = Vec::new();
    for (position, path) in of_the_user.into_iter().chain(of_the_system).enumerate() {
        match read(&path) {
            Ok(Some(text)) => {
                if let Some(lines) = section(&path, &text, service)? {
                    return Ok(lines);
                }
            }
            Ok(None) if position > 0 || named.is_none() => {}
            Ok(None) => {
                let origin = named.map(|found| found.origin);
                return Err((origin, format!("the service file {} does not exist", harmless_path(&path))));
            }
            Err(reason) => {
                return Err((
                    None,
                    format!("the service file {} cannot be read: {reason}", harmless_path(&path)),
                ));
            }
        }
        looked_in.push(harmless_path(&path));
    }
    let places = if looked_in.is_empty() { "no file is named".into() } else { looked_in.join(", ") };
    Err((None, format!("there is no service `{}` (looked in: {places})", harmless(service))))
}

fn read(path: &Path) -> Result<Option<String>, String> {
    use std::io::Read as _;
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = String::new();
    file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MOST_BYTES {
        Err(format!("larger than {MOST_BYTES} bytes"))
    } else {
        Ok(Some(text))
    }
}

/// The lines between `[service]` and the next section; `None` if there is no such section. Nothing is read of other
/// sections, and nothing is trimmed around a `=`.
fn section(path: &Path, text: &str, service: &str) -> Result<Option<Vec<Line>>, Wrong> {
    let mut found: Option<Vec<Line>> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            let is_wanted = header.strip_prefix(service).is_some_and(|rest| rest.starts_with(']'));
            found = is_wanted.then(Vec::new);
        } else if let Some(lines) = &mut found {
            let origin = Origin::Line { path: path.to_owned(), number };
            lines.push(one(line, origin.clone()).map_err(|reason| (Some(origin), reason))?);
        }
    }
    Ok(found)
}

fn one(line: &str, origin: Origin) -> Result<Line, String> {
    if line.starts_with("ldap") {
        return Err("`ldap://` is not supported; write the keywords themselves".into());
    }
    let (name, value) = line.split_once('=').ok_or("is not of the form keyword=value")?;
    if name == "service" || name == "servicefile" {
        return Err(format!("`{name}` is not allowed in a service file"));
    }
    Ok(Line { name: name.to_owned(), value: value.to_owned(), origin })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    const FILE: &str = "\
# services
[other]
nonsense without a sign
[shop]
host=from_service
port=7
  dbname=shop  
port=8
[shop]
user=never_read
";

    fn address<const N: usize>(
        text: &'static str,
        file: &str,
        environment: [(&'static str, &'static str); N],
    ) -> Result<String, String> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(".pg_service.conf"), file).unwrap();
        let mut variables: std::collections::BTreeMap<String, String> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        variables.insert("HOME".into(), directory.path().display().to_string());
        variables.insert("PGSYSCONFDIR".into(), "/nonexistent".into());
        let settings = Settings::new().environment(variables);
        let resolved = settings.resolve(|reader| assemble::read(reader, text, &Origin::Code));
        resolved.map(|resolved| resolved.value.unwrap().to_string()).map_err(|problems| problems.to_string())
    }

    #[test]
    fn keywords_win_over_the_service_and_the_service_over_variables() {
        let environment = [("PGHOST", "variable"), ("PGUSER", "u")];
        assert_eq!(address("service=shop", FILE, environment).unwrap(), "postgresql://u@from_service:7/shop");
        assert_eq!(
            address("postgresql://me@written/?service=shop", FILE, environment).unwrap(),
            "postgresql://me@written:7/shop"
        );
        let named = [("PGSERVICE", "shop"), ("PGUSER", "u")];
        assert_eq!(address("port=9", FILE, named).unwrap(), "postgresql://u@from_service:9/shop");
    }

    #[test]
    fn what_is_wrong_in_the_file_is_named_with_its_line() {
        let problem = |file: &str| address("service=s user=u", file, []).unwrap_err();
        assert!(problem("[s]\nhots=a").contains("line 2 of "), "{}", problem("[s]\nhots=a"));
        assert!(problem("[s]\nhots=a").contains("did you mean `host`?"));
        assert!(problem("[s]\nhost = a").contains("line 2 of "));
        assert!(problem("[s]\n\nhost").contains("is not of the form"));
        assert!(problem("[s]\nservice=t").contains("not allowed"));
        assert!(problem("[s]\nldap://h/x?y?z").contains("`ldap://` is not supported"));
        assert!(problem("[t]\nhost=a").contains("there is no service `s`"));
    }

    #[test]
    fn a_file_that_is_named_must_exist_and_one_that_is_not_need_not() {
        let problem = address("service=shop", FILE, [("PGSERVICEFILE", "/nonexistent/file")]).unwrap_err();
        assert!(problem.contains("/nonexistent/file does not exist"), "{problem}");
        let without = "service=shop user=u".parse::<crate::Address>().unwrap_err().to_string();
        assert!(without.contains("no file is named"), "{without}");
    }
}
