use crate::BadSpec;

/// The type of a sealed value, as its envelope tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a type that a reader does not know has to be looked at")]
pub enum Kind {
    /// `bytea`.
    Bytes,
    /// `text`: UTF-8.
    Text,
    /// `int8`: 8 bytes, big-endian, two's complement.
    Int,
    /// `json`, `jsonb`: its text.
    Json,
    /// `uuid`: 16 bytes in the order in which they are written.
    Uuid,
    /// `timestamptz`: microseconds since 1970-01-01 00:00:00 UTC, as `Int`.
    Timestamp,
    /// `numeric`: its text.
    Decimal,
    /// `bool`: one byte, 0 or 1.
    Bool,
    /// `date`: days since 1970-01-01, 4 bytes, big-endian, two's complement.
    Date,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Bytes,
        Self::Text,
        Self::Int,
        Self::Json,
        Self::Uuid,
        Self::Timestamp,
        Self::Decimal,
        Self::Bool,
        Self::Date,
    ];

    /// The number in an envelope's fourth byte.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The bytes of the shortest value.
    pub(crate) const fn least_len(self) -> usize {
        match self {
            Self::Bytes | Self::Text | Self::Json | Self::Decimal => 0,
            Self::Bool => 1,
            Self::Date => 4,
            Self::Int | Self::Timestamp => 8,
            Self::Uuid => 16,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Text => "text",
            Self::Int => "int",
            Self::Json => "json",
            Self::Uuid => "uuid",
            Self::Timestamp => "timestamp",
            Self::Decimal => "decimal",
            Self::Bool => "bool",
            Self::Date => "date",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = BadSpec;

    /// As it is displayed.
    fn from_str(word: &str) -> Result<Self, BadSpec> {
        Self::ALL.into_iter().find(|kind| kind.name() == word).ok_or_else(|| BadSpec::Word {
            what: "type",
            word: word.to_owned(),
            expected: "bytes, text, int, json, uuid, timestamp, decimal, bool, date",
        })
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_format() {
        for (code, kind) in (0..).zip(Kind::ALL) {
            assert_eq!(kind.code(), code);
            assert_eq!(Kind::from_code(code), Some(kind));
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!(Kind::from_code(9), None);
    }
}
