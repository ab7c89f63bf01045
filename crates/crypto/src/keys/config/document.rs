//! A keyring in TOML or JSON: both become the same tree, of which each field is read by name. What stands in a field is never
//! repeated, as it may be a secret that somebody has put there.

use serde_json::{Map, Value};

use super::reference::{Passphrase, Place, Reference};
use super::{Check, KeyConfig};
use crate::argon2id::Cost;
use crate::keys::problem::KeyringProblem;
use crate::keys::root_key::decode_hex;
use crate::keys::state::{KeyList, KeyName, KeyState};

const SOURCE: &str =
    "`env:NAME`, `file:PATH`, `passphrase:env:NAME`, `passphrase:file:PATH` or `wrapped:REFERENCE`";
const LEAST_SALT: usize = 16;
const MOST_SALT: usize = 64;
/// The names of a keyring's own fields are shorter; what is longer may be a secret in the wrong place.
const MOST_SHOWN: usize = 24;

pub(super) fn from_toml(text: &str) -> Result<Value, Vec<KeyringProblem>> {
    toml::from_str(text).map_err(|error| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        vec![KeyringProblem::Syntax { format: "TOML", line, column }]
    })
}

pub(super) fn from_json(text: &str) -> Result<Value, Vec<KeyringProblem>> {
    serde_json::from_str(text).map_err(|error| {
        vec![KeyringProblem::Syntax { format: "JSON", line: error.line(), column: error.column() }]
    })
}

fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// The keys of a document; all that is wrong with its fields.
pub(super) fn keys(document: &Value) -> Result<Vec<KeyConfig>, Vec<KeyringProblem>> {
    let mut reader = Reader { problems: Vec::new() };
    let keys = reader.document(document).unwrap_or_default();
    if reader.problems.is_empty() { Ok(keys) } else { Err(reader.problems) }
}

/// Reads fields. What is `None` has left a problem.
struct Reader {
    problems: Vec<KeyringProblem>,
}

/// A table, and what is written in front of its fields' names.
struct Table<'d> {
    path: String,
    fields: &'d Map<String, Value>,
}

impl Table<'_> {
    fn path_of(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }
}

impl Reader {
    fn document(&mut self, document: &Value) -> Option<Vec<KeyConfig>> {
        let table = self.table(String::new(), document, &["version", "seal", "index"])?;
        self.field(&table, "version", "1", |value| (value.as_u64() == Some(1)).then_some(()));
        let mut keys = Vec::new();
        for list in KeyList::ALL {
            let Some(value) = table.fields.get(&list.to_string()) else { continue };
            let Some(values) = value.as_array() else {
                let expected = "a list of keys";
                self.problems.push(KeyringProblem::WrongField { field: list.to_string(), expected });
                continue;
            };
            let read = values.iter().enumerate();
            keys.extend(read.filter_map(|(number, key)| self.key(list, format!("{list}[{number}]"), key)));
        }
        Some(keys)
    }

    fn key(&mut self, list: KeyList, path: String, value: &Value) -> Option<KeyConfig> {
        let table = self.table(path, value, &["id", "state", "source", "kcv", "argon2"])?;
        let id = self.text(&table, "id", "8 hexadecimal digits, not all of them 0", |text| text.parse().ok());
        let state = self.state(list, &table);
        let is_disabled = state == Some(KeyState::Disabled);
        let secret = if is_disabled { None } else { self.secret(&table) };
        let check = if is_disabled { Some(Check::None) } else { self.check(&table) };
        let name = KeyName { list, id: id? };
        Some(KeyConfig { name, state: state?, secret, check: check? })
    }

    fn state(&mut self, list: KeyList, table: &Table<'_>) -> Option<KeyState> {
        let expected = match list {
            KeyList::Seal => "`primary`, `decrypt` or `disabled`",
            KeyList::Index => "`primary`, `lookup` or `disabled`",
        };
        self.text(table, "state", expected, |text| match text {
            "primary" => Some(KeyState::Primary),
            "disabled" => Some(KeyState::Disabled),
            _ => (text == list.reading()).then_some(KeyState::Reading),
        })
    }

    fn check(&mut self, table: &Table<'_>) -> Option<Check> {
        if !table.fields.contains_key("kcv") {
            return Some(Check::Missing);
        }
        self.text(table, "kcv", "16 hexadecimal digits", |text| text.parse().ok().map(Check::Against))
    }

    fn secret(&mut self, table: &Table<'_>) -> Option<Reference> {
        let source = self.text(table, "source", SOURCE, |text| Some(text.to_owned()))?;
        let reference = match source.split_once(':') {
            Some(("wrapped", reference)) if !reference.is_empty() => {
                Some(Reference::Wrapped(reference.to_owned()))
            }
            Some(("passphrase", place)) => match Place::parse(place) {
                Some(place) => return self.passphrase(table, place),
                None => None,
            },
            _ => Place::parse(&source).map(Reference::Plain),
        };
        if reference.is_none() {
            self.problems
                .push(KeyringProblem::WrongField { field: table.path_of("source"), expected: SOURCE });
        }
        reference
    }

    fn passphrase(&mut self, table: &Table<'_>, place: Place) -> Option<Reference> {
        let argon2 =
            self.field(table, "argon2", "a table with salt, m_kib, t and p", |value| Some(value.clone()))?;
        let table = self.table(table.path_of("argon2"), &argon2, &["salt", "m_kib", "t", "p"])?;
        let salt = self.text(&table, "salt", "16 to 64 bytes, as hexadecimal digits", decode_salt);
        let number = |reader: &mut Self, name| {
            reader.field(&table, name, "a number", |value| {
                value.as_u64().and_then(|number| number.try_into().ok())
            })
        };
        let [memory_kib, iterations, lanes] = ["m_kib", "t", "p"].map(|name| number(self, name));
        let cost = Cost::unchecked(memory_kib?, iterations?, lanes?);
        Some(Reference::Passphrase(Passphrase { place, salt: salt?, cost }))
    }

    /// A table that has these fields, or some of them, and no others.
    fn table<'d>(&mut self, path: String, value: &'d Value, known: &[&str]) -> Option<Table<'d>> {
        let Some(fields) = value.as_object() else {
            self.problems.push(KeyringProblem::WrongField { field: path, expected: "a table" });
            return None;
        };
        let table = Table { path, fields };
        for field in fields.keys().filter(|field| !known.contains(&field.as_str())) {
            let shown = if field.len() > MOST_SHOWN { "…" } else { field };
            self.problems.push(KeyringProblem::UnknownField { field: table.path_of(shown) });
        }
        Some(table)
    }

    fn text<T>(
        &mut self,
        table: &Table<'_>,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.field(table, name, expected, |value| value.as_str().and_then(read))
    }

    fn field<T>(
        &mut self,
        table: &Table<'_>,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let field = table.path_of(name);
        let Some(value) = table.fields.get(name) else {
            self.problems.push(KeyringProblem::MissingField { field, expected });
            return None;
        };
        let read = read(value);
        if read.is_none() {
            self.problems.push(KeyringProblem::WrongField { field, expected });
        }
        read
    }
}

fn decode_salt(digits: &str) -> Option<Vec<u8>> {
    let mut salt = vec![0; digits.len() / 2];
    decode_hex(digits.as_bytes(), &mut salt)?;
    (LEAST_SALT..=MOST_SALT).contains(&salt.len()).then_some(salt)
}
