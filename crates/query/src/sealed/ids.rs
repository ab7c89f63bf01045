//! Ids of rows that are yet to be inserted, as sealed values are bound to them: drawn from sequences, many at once.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;
use pgkeel_connect::ServerError;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, Type};

use super::facts::SealedFacts;
use super::problem::SealedProblem;
use crate::bind::{BindType, MisfitReason, base};
use crate::statement::Site;
use crate::{Error, Executor};

/// The sequence is looked up once a draw. A column without one has NULLs.
const DRAW: &str =
    "select pg_catalog.nextval((select pg_catalog.pg_get_serial_sequence($1, $2)::pg_catalog.regclass))
    from pg_catalog.generate_series(1, $3::pg_catalog.int4)";

/// Drawn and not given out, by table.
///
/// Nobody waits for what another draws: it may be drawn over a connection that is yet to be had, while those who wait have all there
/// are. So who finds none draws for itself, and leaves the rest to all; so many blocks come together at most as there are inserts
/// at the same moment, and all of them are used.
#[derive(Default)]
pub(super) struct Drawn(Mutex<HashMap<&'static str, VecDeque<i64>>>);

impl Drawn {
    /// The next id of the table of this column; of a block of so many that is drawn if there is none. Dropping the future while a
    /// block is drawn loses no more than that block.
    pub(super) async fn next(
        &self,
        facts: &SealedFacts,
        of_block: u16,
        database: &impl Executor,
        site: Site,
    ) -> Result<i64, Error> {
        let table = facts.entity.sql;
        if let Some(id) = self.lock().get_mut(table).and_then(VecDeque::pop_front) {
            return Ok(id);
        }
        let name = facts.ids.first().map_or("id", |id| id.name());
        let column = || format!("{}.{name}", facts.entity.table());
        let drawn = database.called_at(site).query(DRAW, &[&table, &name, &i32::from(of_block)]).await;
        let rows = drawn.map_err(|error| not_allowed(error.into(), column))?;
        let drawn = rows.iter().map(|row| row.try_get::<_, Option<i64>>(0).ok().flatten());
        let mut drawn: VecDeque<i64> = drawn.flatten().collect();
        let first = drawn.pop_front();
        self.lock().entry(table).or_default().append(&mut drawn);
        Ok(first.ok_or_else(|| SealedProblem::NoSequence { column: column() })?)
    }

    /// None is left of those of the table of this column.
    pub(super) fn forget(&self, facts: &SealedFacts) {
        self.lock().remove(facts.entity.sql);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<&'static str, VecDeque<i64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_allowed(error: Error, column: impl FnOnce() -> String) -> Error {
    match error {
        Error::Database(source)
            if source.inner().server().map(ServerError::code) == Some(&SqlState::INSUFFICIENT_PRIVILEGE) =>
        {
            SealedProblem::SequenceNotAllowed { column: column(), source }.into()
        }
        error => error,
    }
}

/// An id of a sequence, which has as many bits as its column.
#[derive(Clone, Copy)]
pub(crate) struct DrawnId(pub(crate) i64);

impl BindType for DrawnId {
    fn rust_type() -> Cow<'static, str> {
        "drawn id".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::INT8)
    }

    fn fits(kind: &Type) -> bool {
        matches!(*base(kind), Type::INT2 | Type::INT4 | Type::INT8)
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        let out_of_range = |_| MisfitReason::OutOfRange;
        match *base(kind) {
            Type::INT2 => i16::try_from(self.0).map_err(out_of_range)?.write(&Type::INT2, out),
            Type::INT4 => i32::try_from(self.0).map_err(out_of_range)?.write(&Type::INT4, out),
            _ => self.0.write(&Type::INT8, out),
        }
    }
}
