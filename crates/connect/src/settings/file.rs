use std::collections::BTreeMap;
use std::path::Path;

use toml::Value;

use super::{Origin, Problem};

type Values = BTreeMap<String, (String, Origin)>;

/// The values of a TOML file under their dotted names. What is no single value is a problem of its own.
pub(super) fn read(path: &Path, named_by: &Origin) -> Result<(Values, Vec<Problem>), Problem> {
    let whole = |reason: String| Problem::new("config", named_by.clone(), reason);
    let text = std::fs::read_to_string(path)
        .map_err(|error| whole(format!("{} cannot be read: {error}", path.display())))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // The error's own Display quotes the line, which may hold a secret.
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        whole(format!("{} is not TOML: line {line}: {}", path.display(), error.message()))
    })?;
    let mut flat = Flat { path, values: Values::new(), problems: Vec::new() };
    flat.table("", &table);
    Ok((flat.values, flat.problems))
}

struct Flat<'a> {
    path: &'a Path,
    values: Values,
    problems: Vec<Problem>,
}

impl Flat<'_> {
    fn table(&mut self, prefix: &str, table: &toml::Table) {
        for (key, value) in table {
            self.value(format!("{prefix}{key}"), value);
        }
    }

    fn value(&mut self, name: String, value: &Value) {
        let text = match value {
            Value::Table(table) => return self.table(&format!("{name}."), table),
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Boolean(yes) => yes.to_string(),
            Value::Array(_) | Value::Datetime(_) => {
                let reason = format!("is {} where a single value is needed", value.type_str());
                self.problems.push(Problem::new(name.clone(), self.origin(&name), reason));
                return;
            }
        };
        let origin = self.origin(&name);
        self.values.insert(name, (text, origin));
    }

    fn origin(&self, key: &str) -> Origin {
        Origin::File { path: self.path.to_owned(), key: key.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Origin, Setting, Settings, whole_number};

    static SIZE: Setting<u32> = Setting::new("pool.size", "20", whole_number);

    fn read(toml: &str) -> Result<u32, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), toml).unwrap();
        let settings = Settings::new().file(file.path(), &Origin::Flag("--config".into())).whole();
        settings.resolve(|reader| reader.get(&SIZE)).map(|resolved| resolved.value).map_err(|p| p.to_string())
    }

    #[test]
    fn tables_become_dotted_names() {
        assert_eq!(read("[pool]\nsize = 7"), Ok(7));
        assert_eq!(read("pool.size = '8'"), Ok(8));
    }

    #[test]
    fn an_unknown_key_and_a_list_are_refused() {
        assert!(read("[pool]\nsise = 7").unwrap_err().contains("did you mean pool.size?"));
        assert!(read("[pool]\nsize = [7]").unwrap_err().contains("is array where a single value is needed"));
    }

    #[test]
    fn a_syntax_error_names_the_line_and_quotes_nothing() {
        let problem = read("[pool]\nsize = 7\npassword = hunter2\n").unwrap_err();
        assert!(problem.contains("line 3") && !problem.contains("hunter2"), "{problem}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let settings = Settings::new().file(std::path::Path::new("/no/such.toml"), &Origin::Code);
        let problem = settings.resolve(|reader| reader.get(&SIZE)).unwrap_err().to_string();
        assert!(problem.contains("/no/such.toml cannot be read"), "{problem}");
    }
}
