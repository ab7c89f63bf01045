use std::fmt;

use tokio_postgres::types::ToSql;

use crate::Error;
use crate::bind::Bind;
use crate::entity::ColumnFacts;
use crate::param::{Param, ParamName};

/// As many as a message of the protocol can count.
const MOST: usize = u16::MAX as usize;
/// What most statements do with.
const USUAL_TEXT: usize = 256;
const USUAL_PARAMS: usize = 4;

/// Where a statement is written: text and parameters.
///
/// Text is what the program has as literals, and the names that `#[derive(Entity)]` has quoted when it was compiled: to write a
/// statement is to copy these. That costs no more than to look for a text that is kept by its shape, so none is kept.
pub(crate) struct Writer<'t> {
    text: String,
    params: Vec<Param<'t>>,
    found: usize,
}

impl<'t> Writer<'t> {
    pub(crate) fn new() -> Self {
        Self { text: String::with_capacity(USUAL_TEXT), params: Vec::with_capacity(USUAL_PARAMS), found: 0 }
    }

    pub(crate) fn push(&mut self, sql: &str) {
        self.text.push_str(sql);
    }

    pub(crate) fn value(&mut self, name: ParamName<'t>, value: &'t dyn Bind) {
        self.found += 1;
        let Ok(number) = u16::try_from(self.found) else { return };
        self.params.push(Param { number, name, value });
        self.text.push('$');
        self.number(number);
    }

    pub(crate) fn value_of(&mut self, column: &'static ColumnFacts, value: &'t dyn Bind) {
        self.value(ParamName::Column(column.path), value);
    }

    /// What each item writes, with this in between.
    pub(crate) fn list<T>(
        &mut self,
        between: &str,
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

    fn number(&mut self, number: u16) {
        if number > 9 {
            self.number(number / 10);
        }
        let digit = u8::try_from(number % 10).unwrap_or_default();
        self.text.push(char::from(b'0' + digit));
    }

    pub(crate) fn finish(self) -> Result<Written<'t>, Error> {
        let Self { text, params, found } = self;
        if found > MOST { Err(Error::TooManyParameters { found }) } else { Ok(Written { text, params }) }
    }
}

/// A statement as the executor takes it.
pub(crate) struct Written<'t> {
    pub(crate) text: String,
    params: Vec<Param<'t>>,
}

impl Written<'_> {
    /// The values of the parameters, in their order.
    #[cfg(feature = "cursor")]
    pub(crate) fn values(&self) -> impl Iterator<Item = &dyn Bind> {
        self.params.iter().map(|param| param.value)
    }

    pub(crate) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
    }
}

/// Text, and names and types of parameters, without values; or why there is no such statement, as `Debug` never fails.
pub(crate) fn describe(
    written: Result<Written<'_>, Error>,
    name: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    match written {
        Ok(Written { text, params }) => shown.field("text", &text).field("params", &params),
        Err(error) => shown.field("error", &error),
    };
    shown.finish()
}
