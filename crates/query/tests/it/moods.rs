//! An enum of the server's as an enum of Rust's, with all that columns and users need of it.

use std::borrow::Cow;
use std::error::Error;

use bytes::BytesMut;
use pgkeel_query::bind::{IsNull, MisfitReason};
use pgkeel_query::entity::ColumnValue;
use pgkeel_query::input::InputValue;
use pgkeel_query::{BindType, Type};
use tokio_postgres::types::FromSql;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mood {
    Sad,
    Glad,
}

impl ColumnValue for Mood {}

impl BindType for Mood {
    fn rust_type() -> Cow<'static, str> {
        "Mood".into()
    }

    fn natural_type() -> Option<Type> {
        str::natural_type()
    }

    fn fits(kind: &Type) -> bool {
        kind.name() == "mood"
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        match self {
            Self::Sad => "sad".write(kind, out),
            Self::Glad => "glad".write(kind, out),
        }
    }
}

impl InputValue for Mood {
    const WANTED: &'static str = "a mood";

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "sad" => Some(Self::Sad),
            "glad" => Some(Self::Glad),
            _ => None,
        }
    }

    fn choices() -> &'static [&'static str] {
        &["sad", "glad"]
    }
}

impl<'a> FromSql<'a> for Mood {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        std::str::from_utf8(raw).ok().and_then(Self::from_text).ok_or_else(|| "no mood".into())
    }

    fn accepts(kind: &Type) -> bool {
        kind.name() == "mood"
    }
}
