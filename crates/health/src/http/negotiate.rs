//! Which of the two vocabularies a client wants, by its `Accept` header.

use hyper::HeaderMap;
use hyper::header::ACCEPT;

use crate::probe::Status;

/// The words of an answer. The facts are the same in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vocabulary {
    /// `application/json`: `healthy` or `unhealthy`, `connected` or `disconnected`.
    Plain,
    /// `application/health+json`: `pass`, `warn` or `fail`, as in draft-inadarei-api-health-check-06.
    Draft,
}

impl Vocabulary {
    /// The wanted one; `None` when the client accepts neither. Without a usable `Accept` it is the plain one.
    pub(crate) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges: Vec<_> = values.flat_map(|value| value.split(',')).filter_map(Range::parse).collect();
        if ranges.is_empty() {
            return Some(Self::Plain);
        }
        let (plain, draft) = (preference(&ranges, "json"), preference(&ranges, "health+json"));
        match (plain.0 > 0, draft.0 > 0) {
            (false, false) => None,
            (true, false) => Some(Self::Plain),
            (false, true) => Some(Self::Draft),
            (true, true) => Some(if draft > plain { Self::Draft } else { Self::Plain }),
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "application/json",
            Self::Draft => "application/health+json",
        }
    }

    pub(crate) fn word(self, status: Status) -> &'static str {
        match (self, status) {
            (Self::Draft, status) => status.word(),
            (Self::Plain, Status::Pass | Status::Warn) => "healthy",
            (Self::Plain, Status::Fail) => "unhealthy",
        }
    }
}

/// Weight in thousandths and how specific the range was: of two equal weights, the one named outright is meant.
fn preference(ranges: &[Range<'_>], subtype: &str) -> (u16, u8) {
    let matching = ranges.iter().filter_map(|range| Some((range.specificity(subtype)?, range.weight)));
    matching.max_by_key(|(specific, _)| *specific).map_or((0, 0), |(specific, weight)| (weight, specific))
}

struct Range<'a> {
    main: &'a str,
    sub: &'a str,
    weight: u16,
}

impl<'a> Range<'a> {
    /// Reads one range of RFC 9110, section 12.5.1; one that is no range at all is passed over.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (main, sub) = parts.next()?.split_once('/')?;
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = quality.map_or(Some(1000), thousandths)?;
        Some(Self { main, sub, weight })
    }

    fn specificity(&self, subtype: &str) -> Option<u8> {
        let main = self.main.eq_ignore_ascii_case("application");
        match (self.main, self.sub) {
            ("*", "*") => Some(1),
            (_, "*") if main => Some(2),
            (_, sub) if main && sub.eq_ignore_ascii_case(subtype) => Some(3),
            _ => None,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is between 0 and 1000"
)]
fn thousandths(quality: &str) -> Option<u16> {
    let value: f64 = quality.parse().ok()?;
    (0.0..=1.0).contains(&value).then(|| (value * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &str) -> Option<Vocabulary> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        Vocabulary::wanted(&headers)
    }

    #[test]
    fn without_a_preference_it_is_plain() {
        assert_eq!(Vocabulary::wanted(&HeaderMap::new()), Some(Vocabulary::Plain));
        for accept in ["*/*", "application/*", "", "nonsense", "text/html, */*;q=0.8"] {
            assert_eq!(wanted(accept), Some(Vocabulary::Plain), "{accept}");
        }
    }

    #[test]
    fn the_draft_is_given_to_who_names_it() {
        for accept in [
            "application/health+json",
            "application/health+json, */*",
            "application/health+json, application/json;q=0.9",
            "APPLICATION/HEALTH+JSON; charset=utf-8",
        ] {
            assert_eq!(wanted(accept), Some(Vocabulary::Draft), "{accept}");
        }
    }

    #[test]
    fn weights_decide_and_zero_excludes() {
        assert_eq!(wanted("application/health+json;q=0.5, application/json"), Some(Vocabulary::Plain));
        assert_eq!(wanted("application/json;q=0, */*"), Some(Vocabulary::Draft));
        assert_eq!(wanted("*/*;q=0"), None);
        assert_eq!(wanted("text/html"), None);
        assert_eq!(wanted("application/xml;q=0.9, text/plain"), None);
    }

    #[test]
    fn of_two_named_equally_the_plain_one_is_given() {
        assert_eq!(wanted("application/health+json, application/json"), Some(Vocabulary::Plain));
    }
}
