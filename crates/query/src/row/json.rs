use std::error::Error as StdError;

use serde::de::DeserializeOwned;
use tokio_postgres::types::{FromSql, Type, accepts};

use super::plan::Reading;
use super::{CellMismatch, CellReason, Cells, FieldName, Plan};
use crate::bind::short_name;

/// JSON as it comes, so that nothing of it is read twice.
struct Text<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Text<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        match (kind, raw) {
            (&Type::JSONB, [1, text @ ..]) => Ok(Self(text)),
            (&Type::JSONB, _) => Err("an unknown version of jsonb".into()),
            _ => Ok(Self(raw)),
        }
    }

    accepts!(JSON, JSONB);
}

fn reading<T>() -> Reading {
    let rust_type = || format!("JSON of {}", short_name::<T>());
    Reading { accepts: Text::accepts, rust_type, check_of: |_| None }
}

impl Plan<'_> {
    /// The next field is made of the JSON in the column of its name.
    pub fn json<T: DeserializeOwned>(&mut self, name: FieldName) {
        self.named(name, reading::<T>(), true);
    }

    /// The next field is made of the JSON in the column of its name, if there is one.
    pub fn json_if_there<T: DeserializeOwned>(&mut self, name: FieldName) {
        self.named(name, reading::<T>(), false);
    }
}

impl Cells<'_> {
    /// The next field, made of JSON; NULL is JSON's `null`.
    ///
    /// # Errors
    /// That no `T` can be made of it.
    pub fn read_json<T: DeserializeOwned>(&mut self) -> Result<T, CellMismatch> {
        let slot = self.next_slot();
        let wrong = |reason| self.mismatch::<T>(slot, reason);
        let index = slot.index.ok_or_else(|| wrong(CellReason::Unreadable))?;
        let text: Option<Text<'_>> = self.row.try_get(index).map_err(|_| wrong(CellReason::Unreadable))?;
        let (text, reason) = text.map_or((&b"null"[..], CellReason::Null), |it| (it.0, CellReason::Json));
        serde_json::from_slice(text).map_err(|_| wrong(reason))
    }

    /// The next field, made of JSON, or the default if its column is missing.
    ///
    /// # Errors
    /// As [`read_json`](Self::read_json).
    pub fn read_json_or_default<T: DeserializeOwned + Default>(&mut self) -> Result<T, CellMismatch> {
        if self.skips_missing() { Ok(T::default()) } else { self.read_json() }
    }
}
