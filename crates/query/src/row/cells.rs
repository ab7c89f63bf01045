use std::error::Error as StdError;
use std::slice::Iter;

use tokio_postgres::types::{FromSqlOwned, WasNull};
use tokio_postgres::{Column, Row};

use super::exact::Raw;
use super::plan::Slot;
use super::{CellMismatch, CellReason, FieldName};
use crate::bind::short_name;

/// The values of a row, in the order of the fields.
#[derive(Debug)]
pub struct Cells<'a> {
    pub(super) row: &'a Row,
    slots: Iter<'a, Slot>,
}

/// Of a field that was read without having been planned.
const UNPLANNED: &Slot = &Slot {
    index: None,
    name: FieldName { of: "a row", table: None, field: "a field behind the last", column: "" },
    rust_type: String::new,
    check: None,
    span: 0,
};

impl<'a> Cells<'a> {
    pub(super) fn new(row: &'a Row, slots: &'a [Slot]) -> Self {
        Self { row, slots: slots.iter() }
    }

    /// The value of the next field.
    ///
    /// # Errors
    /// That it is NULL and `T` is no `Option`, or that it cannot be read as a `T`.
    #[inline]
    pub fn read<T: FromSqlOwned>(&mut self) -> Result<T, CellMismatch> {
        let slot = self.next_slot();
        match slot.index {
            Some(index) => self.value(slot, index),
            None => Err(self.mismatch::<T>(slot, CellReason::Unreadable)),
        }
    }

    /// The value of the next field, or the default if its column is missing.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[inline]
    pub fn read_or_default<T: FromSqlOwned + Default>(&mut self) -> Result<T, CellMismatch> {
        let slot = self.next_slot();
        slot.index.map_or_else(|| Ok(T::default()), |index| self.value(slot, index))
    }

    /// The value of the next field, made of what is in its column.
    ///
    /// # Errors
    /// As [`read`](Self::read), and that `TryFrom` refuses it.
    #[inline]
    pub fn read_into<T: FromSqlOwned, U: TryFrom<T>>(&mut self) -> Result<U, CellMismatch> {
        let slot = self.slots.as_slice().first().unwrap_or(UNPLANNED);
        U::try_from(self.read::<T>()?).map_err(|_| self.mismatch::<U>(slot, CellReason::Refused))
    }

    /// The value of the next field, made of what is in its column, or the default if that is missing.
    ///
    /// # Errors
    /// As [`read_into`](Self::read_into).
    pub fn read_into_or_default<T: FromSqlOwned, U: TryFrom<T> + Default>(
        &mut self,
    ) -> Result<U, CellMismatch> {
        if self.skips_missing() { Ok(U::default()) } else { self.read_into::<T, U>() }
    }

    /// Whether the next field has no column; then it is passed over.
    pub(super) fn skips_missing(&mut self) -> bool {
        let is_missing = self.slots.as_slice().first().is_some_and(|slot| slot.index.is_none());
        if is_missing {
            self.slots.next();
        }
        is_missing
    }

    /// Whether all columns of what may be missing as a whole are NULL; then its fields are passed over.
    pub(super) fn skips_null(&mut self) -> bool {
        let span = self.next_slot().span;
        let of_it = self.slots.as_slice().get(..span).unwrap_or_default();
        let mut columns = of_it.iter().filter_map(|slot| slot.index);
        let is_null = columns.all(|index| matches!(self.row.try_get(index), Ok(None::<Raw<'_>>)));
        if is_null && span > 0 {
            self.slots.nth(span - 1);
        }
        is_null
    }

    pub(super) fn next_slot(&mut self) -> &'a Slot {
        self.slots.next().unwrap_or(UNPLANNED)
    }

    #[inline]
    fn value<T: FromSqlOwned>(&self, slot: &Slot, index: usize) -> Result<T, CellMismatch> {
        if slot.check.is_some() {
            self.check::<T>(slot, index)?;
        }
        self.row.try_get(index).map_err(|error| self.unreadable::<T>(slot, &error))
    }

    fn check<T>(&self, slot: &Slot, index: usize) -> Result<(), CellMismatch> {
        let (Some(check), Ok(Some(raw))) = (slot.check, self.row.try_get::<_, Option<Raw<'_>>>(index)) else {
            return Ok(());
        };
        if raw.passes(check) { Ok(()) } else { Err(self.mismatch::<T>(slot, CellReason::Inexact)) }
    }

    #[cold]
    fn unreadable<T>(&self, slot: &Slot, error: &tokio_postgres::Error) -> CellMismatch {
        let is_null = error.source().is_some_and(<dyn StdError>::is::<WasNull>);
        self.mismatch::<T>(slot, if is_null { CellReason::Null } else { CellReason::Unreadable })
    }

    /// Of the field that was read last, of all of these.
    #[cold]
    pub(super) fn panicked(&self, slots: &[Slot]) -> CellMismatch {
        let last = slots.len().checked_sub(self.slots.len() + 1).and_then(|last| slots.get(last));
        let slot = last.unwrap_or(UNPLANNED);
        CellMismatch::new(slot.name, self.column(slot), (slot.rust_type)(), CellReason::Panicked)
    }

    #[cold]
    pub(super) fn mismatch<T>(&self, slot: &Slot, reason: CellReason) -> CellMismatch {
        CellMismatch::new(slot.name, self.column(slot), short_name::<T>(), reason)
    }

    fn column(&self, slot: &Slot) -> Option<&Column> {
        slot.index.and_then(|index| self.row.columns().get(index))
    }
}
