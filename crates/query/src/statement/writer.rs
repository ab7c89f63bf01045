use std::fmt;
use std::sync::Arc;

use tokio_postgres::types::ToSql;

use super::shape::Shape;
use super::texts::text_of;
use crate::bind::Bind;
use crate::entity::ColumnFacts;
use crate::few::Few;
use crate::param::{Param, ParamName};
use crate::{Error, Ident};

/// As many as a message of the protocol can count.
const MOST: usize = u16::MAX as usize;

/// Where a statement is written: as pieces of text that the program has, and parameters.
///
/// The pieces are what its text is found by, if a statement of the same pieces was run before; so writing one makes no text.
pub(crate) struct Writer<'t> {
    shape: Shape,
    params: Few<Param<'t>>,
    found: usize,
}

impl<'t> Writer<'t> {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { shape: Shape::new(), params: Few::None, found: 0 }
    }

    /// Text of the program: a literal, or a name that `#[derive(Entity)]` has quoted when it was compiled.
    #[inline]
    pub(crate) fn push(&mut self, sql: &'static str) {
        self.shape.text(sql);
    }

    /// A name that the program has as a literal, to be quoted. It is checked when the text is built.
    pub(crate) fn name(&mut self, name: &'static str) {
        self.shape.name(name);
    }

    /// A name that was made at run time, to be quoted.
    pub(crate) fn made(&mut self, name: &Ident) {
        self.shape.made(name);
    }

    #[inline]
    pub(crate) fn value(&mut self, name: ParamName<'t>, value: &'t dyn Bind) {
        self.found += 1;
        let Ok(number) = u16::try_from(self.found) else { return };
        self.params.push(Param { number, name, value });
        self.shape.param();
    }

    #[inline]
    pub(crate) fn value_of(&mut self, column: &'static ColumnFacts, value: &'t dyn Bind) {
        self.value(ParamName::Column(column.path), value);
    }

    /// What each item writes, with this in between.
    pub(crate) fn list<T>(
        &mut self,
        between: &'static str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.push(between);
            }
            write(self, item);
        }
    }

    #[inline]
    pub(crate) fn finish(self) -> Result<Written<'t>, Error> {
        let Self { shape, params, found } = self;
        if found > MOST { Err(Error::TooManyParameters { found }) } else { Ok(Written { shape, params }) }
    }
}

/// A statement that is written, and not yet a text.
pub(crate) struct Written<'t> {
    shape: Shape,
    params: Few<Param<'t>>,
}

impl<'t> Written<'t> {
    /// To be run: with the text that is kept.
    #[inline]
    pub(crate) fn ready(self) -> Result<Ready<'t>, Error> {
        let text = text_of(&self.shape);
        self.shape.give_back();
        Ok(Ready { text: text?, params: self.params })
    }

    /// To be explained; its text is not kept.
    #[cfg(feature = "explain")]
    pub(super) fn explain(self) -> Result<crate::explain::Explain<'t>, Error> {
        Ok(crate::explain::Explain::of_built(self.text()?, self.params))
    }

    /// The text alone, to be shown; it is not kept.
    pub(crate) fn text(&self) -> Result<String, Error> {
        self.shape.spelled()
    }
}

/// A statement as the executor takes it.
pub(crate) struct Ready<'t> {
    pub(crate) text: Arc<str>,
    params: Few<Param<'t>>,
}

#[cfg(feature = "cursor")]
impl<'t> Ready<'t> {
    /// The values of the parameters, in their order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &'t dyn Bind> {
        self.params.as_slice().iter().map(|param| param.value)
    }
}

impl Ready<'_> {
    #[inline]
    pub(crate) fn params(&self) -> Few<&(dyn ToSql + Sync)> {
        self.params.each(|param| param as &(dyn ToSql + Sync))
    }
}

/// Text, and names and types of parameters, without values; or why there is no such statement, as `Debug` never fails.
pub(crate) fn describe(
    written: Result<Written<'_>, Error>,
    name: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    match written.and_then(|written| Ok((written.text()?, written.params))) {
        Ok((text, params)) => shown.field("text", &text).field("params", &params.as_slice()),
        Err(error) => shown.field("error", &error),
    };
    shown.finish()
}
