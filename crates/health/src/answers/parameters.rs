//! The part of a request behind the question mark.

use percent_encoding::percent_decode_str;

use crate::http::{Ask, Problem};

/// Its parameters, all of them known by name and none given twice.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads them. A name that is not known here is refused, as a slip of the pen would otherwise show the wrong page.
    pub(crate) fn of(ask: &Ask<'_>, known: &[&str]) -> Result<Self, Problem> {
        Self::parse(ask.head.uri.query().unwrap_or_default(), known)
    }

    fn parse(query: &str, known: &[&str]) -> Result<Self, Problem> {
        let mut all: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if !known.contains(&&*name) {
                let allowed = format!("is not known here; there are {}", known.join(", "));
                return Err(Problem::BadParameter { parameter: name, allowed });
            }
            if all.iter().any(|(earlier, _)| *earlier == name) {
                return Err(Problem::BadParameter { parameter: name, allowed: "may be given once".into() });
            }
            all.push((name, value));
        }
        Ok(Self(all))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A value that is refused unless `read` takes it.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        allowed: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let refused = || Problem::BadParameter { parameter: name.into(), allowed: allowed.into() };
        read(value).map(Some).ok_or_else(refused)
    }
}

/// As forms write it: `+` for a blank, `%` for any byte.
fn decoded(text: &str) -> Result<String, Problem> {
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8();
    decoded
        .map(Into::into)
        .map_err(|_| Problem::BadParameter { parameter: text, allowed: "must be UTF-8".into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let read = Parameters::parse("a=x+%C3%A4&&b", &["a", "b"]).unwrap();
        assert_eq!((read.get("a"), read.get("b"), read.get("c")), (Some("x ä"), Some(""), None));
    }

    #[test]
    fn unknown_repeated_and_broken_ones_are_refused() {
        for query in ["c=1", "a=1&a=2", "a=%FF"] {
            assert!(Parameters::parse(query, &["a"]).is_err(), "{query}");
        }
    }
}
