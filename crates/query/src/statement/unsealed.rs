//! Values that are sealed before a statement is sent, and what goes with them: their blind indexes, and the id of a new row.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::BytesMut;
use pgkeel_crypto::Plain;
use tokio_postgres::types::{IsNull, Type};

use super::assignment::{Assignments, Given, To};
use super::calls::one;
use super::list::Ask;
use super::{Insert, Site};
use crate::bind::{Bind, Misfit, MisfitReason};
use crate::entity::{ColumnFacts, Entity};
use crate::sealed::{
    DrawnId, IdSource, Plaintext, RowPlace, SealedFacts, SealedProblem, SealedRow, Sealer, Waiting,
    of_column, undeclared,
};
use crate::{Error, Executor};

#[derive(Clone)]
pub(crate) enum Unsealed<'a> {
    Value(Arc<dyn Plaintext + 'a>),
    Index,
    Id,
}

impl<'a> Given<'a> {
    pub(crate) fn waiting<P: Plain + 'a>(value: Waiting<'a, P>) -> Self
    where
        Waiting<'a, P>: Plaintext,
    {
        Self(To::Unsealed(Unsealed::Value(Arc::new(value))))
    }
}

impl<'a, E: Entity, R> Insert<'a, E, R> {
    /// Values of sealed columns are sealed with this before they are sent.
    pub fn sealed_by(mut self, sealer: &'a Sealer) -> Self {
        self.parts.sealer = Some(sealer);
        self
    }

    /// With an id that is made beforehand, if sealed values are bound to it and the program does not say it.
    pub(super) fn with_id(mut self) -> Self {
        if !E::SEALED.is_empty() {
            self.parts.assignments.await_id::<E>();
            self.parts.has_drawn_id = self.parts.assignments.has_drawn_id::<E>();
        }
        self
    }

    /// Whether each sealed value is in its own row also after a conflict.
    pub(super) fn check_conflict(&self) -> Result<(), Error> {
        self.parts
            .conflict
            .as_ref()
            .map_or(Ok(()), |conflict| conflict.check_rows::<E>(&self.parts.assignments))
    }

    /// Seals what waits for it; returns for which place. Nothing is sent but to draw ids, if there are none left of those that were drawn.
    pub(super) async fn seal(&mut self, database: &impl Executor, site: Site) -> Result<RowPlace, Error> {
        if !self.parts.assignments.is_unsealed() {
            return Ok(RowPlace::default());
        }
        self.check_conflict()?;
        // It is seldom, and its future is larger than those of other statements.
        Box::pin(self.parts.assignments.seal_new::<E>(self.parts.sealer, database, site)).await
    }
}

impl<E: SealedRow> Insert<'_, E> {
    /// Whether its id is drawn from a sequence.
    pub(crate) fn has_drawn_id(&self) -> bool {
        self.parts.has_drawn_id
    }

    /// Gives back the row, which is where its values were sealed for.
    pub(crate) async fn fetch_in_place(mut self, database: &impl Executor, site: Site) -> Result<E, Error> {
        let place = self.seal(database, site).await?;
        let ready = self.write(Ask::Rows)?.ready()?;
        let row: E = one(&ready, database, site).await?;
        let elsewhere = || SealedProblem::Elsewhere { table: E::FACTS.table() }.into();
        if place.is_of(&row) { Ok(row) } else { Err(elsewhere()) }
    }
}

impl<'a> Assignments<'a> {
    /// The columns of the blind indexes get what the index has for the value, or NULL.
    pub(super) fn take_along<E: Entity>(&mut self, column: &ColumnFacts) {
        let Some(facts) = of_column::<E>(column) else { return };
        let along = match self.to(column) {
            Some(To::Null) => To::Null,
            Some(To::Unsealed(_)) => To::Unsealed(Unsealed::Index),
            _ => return,
        };
        for index in facts.indexes() {
            self.put(index.column(), along.clone());
        }
    }

    /// Of a new row: the id that values are bound to is made beforehand, if the program does not say it.
    pub(super) fn await_id<E: Entity>(&mut self) {
        let bound = E::SEALED.iter().find(|facts| facts.is_row_bound() && self.waits(facts.column()));
        let Some(facts) = bound else { return };
        if let ([id], true) = (facts.ids(), facts.id_source() != IdSource::Said)
            && !self.has(id)
        {
            self.put(id, To::Unsealed(Unsealed::Id));
        }
    }

    /// Whether the id is to be drawn from its sequence.
    pub(super) fn has_drawn_id<E: Entity>(&self) -> bool {
        let is_awaited = self.iter().any(|assignment| matches!(assignment.to, To::Unsealed(Unsealed::Id)));
        is_awaited && E::SEALED.first().is_some_and(|facts| facts.id_source() == IdSource::Sequence)
    }

    pub(crate) fn is_unsealed(&self) -> bool {
        self.iter().any(|assignment| matches!(assignment.to, To::Unsealed(_)))
    }

    fn waits(&self, column: &ColumnFacts) -> bool {
        matches!(self.to(column), Some(To::Unsealed(_)))
    }

    /// Seals the values of a new row.
    pub(super) async fn seal_new<E: Entity>(
        &mut self,
        sealer: Option<&Sealer>,
        database: &impl Executor,
        site: Site,
    ) -> Result<RowPlace, Error> {
        let sealer = sealer.ok_or_else(|| self.no_sealer::<E>())?;
        let bound = E::SEALED.iter().copied().find(|facts| facts.is_row_bound());
        let awaited = bound.and_then(|facts| Some((facts, *facts.ids().iter().find(|id| self.waits(id))?)));
        if let Some((facts, id)) = awaited {
            let to = match facts.id_source() {
                IdSource::Sequence => To::Drawn(DrawnId(sealer.next_id(facts, database, site).await?)),
                #[cfg(feature = "uuid")]
                IdSource::Uuid => To::Value(Arc::new(uuid::Uuid::now_v7())),
                IdSource::Said => return Err(no_id(facts)),
            };
            self.put(id, to);
        }
        let place = self.place_of_new(self.present::<E>())?;
        self.seal_at::<E>(sealer, &place)?;
        Ok(place)
    }

    /// Seals the values of a row that is at this place.
    pub(crate) fn seal_at<E: Entity>(&mut self, sealer: &Sealer, place: &RowPlace) -> Result<(), Error> {
        for facts in E::SEALED {
            let Some(To::Unsealed(Unsealed::Value(value))) = self.to(facts.column()) else { continue };
            let value = Arc::clone(value);
            let failed = |source| SealedProblem::Seal { column: facts.path(), source };
            let envelope =
                place.lend(facts, |place| value.seal(facts, sealer.vault(), place)).map_err(failed)?;
            for (number, index) in facts.indexes().iter().enumerate() {
                let indexed = value.index(facts, number, sealer, place.tenant(facts));
                self.put(index.column(), To::Value(indexed.map_err(failed)?));
            }
            self.put(facts.column(), To::Value(envelope));
        }
        match self.iter().find(|assignment| matches!(assignment.to, To::Unsealed(_))) {
            Some(assignment) => Err(undeclared::<E>(assignment.column).into()),
            None => Ok(()),
        }
    }

    /// That nothing was said to seal with.
    pub(crate) fn no_sealer<E: Entity>(&self) -> Error {
        let column =
            self.waiting::<E>().next().map_or_else(|| E::FACTS.table().to_owned(), SealedFacts::path);
        SealedProblem::NoSealer { column }.into()
    }

    /// The columns whose values wait to be sealed.
    fn waiting<E: Entity>(&self) -> impl Iterator<Item = &'static SealedFacts> {
        E::SEALED.iter().copied().filter(|facts| self.waits(facts.column()))
    }

    /// Those of them with a value that is not missing: NULL is bound to nothing.
    fn present<E: Entity>(&self) -> impl Iterator<Item = &'static SealedFacts> {
        let is_present = |facts: &&SealedFacts| {
            let to = self.to(facts.column());
            matches!(to, Some(To::Unsealed(Unsealed::Value(value))) if !value.is_missing())
        };
        E::SEALED.iter().copied().filter(is_present)
    }

    /// What of the place these values are bound to.
    fn place_of_new(&self, present: impl Iterator<Item = &'static SealedFacts>) -> Result<RowPlace, Error> {
        let mut place = RowPlace::default();
        let (mut has_ids, mut has_tenant) = (false, false);
        for facts in present {
            if facts.is_row_bound() && !std::mem::replace(&mut has_ids, true) {
                for (at, id) in facts.ids().iter().enumerate() {
                    place.put_id(facts, at, self.bound(id).ok_or_else(|| no_id(facts))?)?;
                }
            }
            if let Some(tenant) = facts.tenant().filter(|_| !std::mem::replace(&mut has_tenant, true)) {
                place.put_tenant(facts, self.bound(tenant).ok_or_else(|| no_tenant(facts))?)?;
            }
        }
        Ok(place)
    }

    /// The same of a row that was read, and is about to be changed.
    pub(crate) fn place_of_changed<E: SealedRow>(&self, row: &E) -> Result<RowPlace, Error> {
        let mut place = RowPlace::default();
        if let Some(facts) = self.present::<E>().find(|facts| facts.is_row_bound()) {
            let (mut ids, mut put) = (facts.ids().iter().enumerate(), Ok(()));
            row.each_id(&mut |known| {
                if let (Some((at, id)), Ok(())) = (ids.next(), &put) {
                    let id = self.bound_or(id, known).ok_or_else(|| no_id(facts));
                    put = id.and_then(|id| Ok(place.put_id(facts, at, id)?));
                }
            });
            put?;
        }
        let tenant = self.present::<E>().find_map(|facts| Some((facts, facts.tenant()?)));
        if let (Some((facts, tenant)), Some(known)) = (tenant, row.tenant()) {
            place.put_tenant(facts, self.bound_or(tenant, known).ok_or_else(|| no_tenant(facts))?)?;
        }
        Ok(place)
    }

    /// What a column of a row will be; `None` if that is not known before the statement is run, or NULL.
    fn bound_or<'v>(&'v self, column: &ColumnFacts, known: &'v dyn Bind) -> Option<&'v dyn Bind> {
        if self.has(column) { self.bound(column).map(|bound| bound as &dyn Bind) } else { Some(known) }
    }

    /// The value of a column.
    fn bound(&self, column: &ColumnFacts) -> Option<&(dyn Bind + 'a)> {
        match self.to(column)? {
            To::Value(value) => Some(&**value),
            To::Drawn(id) => Some(id),
            _ => None,
        }
    }

    /// Whether the row stays where the values are at home that it has and that are not set anew.
    pub(crate) fn check_stays<E: Entity>(&self) -> Result<(), Error> {
        for facts in E::SEALED.iter().filter(|facts| !self.has(facts.column())) {
            let ids = facts.ids().iter().filter(|_| facts.is_row_bound());
            let moved = ids.copied().chain(facts.tenant()).find(|column| self.has(column));
            if let Some(moved) = moved {
                return Err(SealedProblem::Moved { column: facts.path(), moved: moved.path }.into());
            }
        }
        Ok(())
    }
}

fn no_id(facts: &SealedFacts) -> Error {
    SealedProblem::NoId { table: facts.entity().table() }.into()
}

fn no_tenant(facts: &SealedFacts) -> Error {
    SealedProblem::NoTenant { table: facts.entity().table() }.into()
}

/// In the place of what is not sealed yet: for the text of the statement, never to be sent.
pub(super) struct Awaited;

impl Bind for Awaited {
    fn type_name(&self) -> Cow<'static, str> {
        "a value to be sealed".into()
    }

    fn sent_as(&self) -> Option<Type> {
        None
    }

    fn write_checked(&self, kind: &Type, _: &mut BytesMut) -> Result<IsNull, Misfit> {
        Err(Misfit::of(self, kind, MisfitReason::Refused))
    }
}
