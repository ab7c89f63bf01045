//! Statements that are built, to be explained.

use super::list::Ask;
use super::parts::Answer;
use super::scope::Runnable;
use super::{Delete, Insert, Select, Update};
use crate::entity::Entity;
use crate::explain::Explain;
use crate::{Error, FromRow};

impl<S, R> Select<'_, S, R> {
    /// To be explained, with its values: see [`explain`](crate::explain).
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn explain(&self) -> Result<Explain<'_>, Error> {
        self.write(Answer::Rows)?.explain()
    }
}

impl<E: Entity, R: FromRow> Insert<'_, E, R> {
    /// To be explained, with its values: see [`explain`](crate::explain).
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn explain(&self) -> Result<Explain<'_>, Error> {
        self.write(Ask::Rows)?.explain()
    }
}

impl<E: Entity, R: FromRow, S: Runnable> Update<'_, E, R, S> {
    /// To be explained, with its values: see [`explain`](crate::explain).
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn explain(&self) -> Result<Explain<'_>, Error> {
        self.write(Ask::Rows)?.explain()
    }
}

impl<E: Entity, R: FromRow, S: Runnable> Delete<'_, E, R, S> {
    /// To be explained, with its values: see [`explain`](crate::explain).
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn explain(&self) -> Result<Explain<'_>, Error> {
        self.write(Ask::Rows)?.explain()
    }
}
