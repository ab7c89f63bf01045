use std::time::Duration;

use pgkeel_connect::Error;
use tracing::Span;

use super::Figures;
use super::told::{self, Told};
use crate::held::Held;
use crate::moment::Moment;
use crate::query::Query;
use crate::statements::Prepared;

/// One statement, from its sending to its end.
pub(crate) struct Watch {
    begun: Moment,
    /// In a box, as it is seldom there.
    span: Option<Box<Span>>,
}

/// How it ended.
#[derive(Clone, Copy)]
pub(crate) enum Ending<'a> {
    /// With so many rows, given or touched.
    Well(u64),
    Failed(&'a Error),
    /// Its future was dropped.
    Abandoned,
}

impl Watch {
    #[inline]
    pub(crate) fn begin(held: &Held, query: &Query<'_>, begun: Moment) -> Self {
        let traced = told::is_traced() && held.slot().config.monitoring();
        Self { begun, span: traced.then(|| Box::new(told::span(held, query))) }
    }

    /// It has ended `now`. What is known of it as `prepared` spares a look at its text.
    #[inline]
    pub(crate) fn end(
        self,
        held: &Held,
        query: &Query<'_>,
        prepared: Option<&Prepared>,
        now: Moment,
        ending: Ending<'_>,
    ) {
        let (config, took) = (&*held.slot().config, now.since(self.begun));
        if config.monitoring() {
            let table = &held.core.observed.statements;
            match prepared {
                Some(prepared) => count(prepared.figures(table, query.sql), now, took, ending),
                None if query.typed.is_some() => count(&table.figures_once(query.sql), now, took, ending),
                None => count(&table.figures(query.sql), now, took, ending),
            }
        }
        let is_slow = config.monitoring() && config.slow_query_threshold().is_some_and(|from| took >= from);
        if is_slow || config.sql_echo() || self.span.is_some() {
            self.tell(&Told::new(held, query, prepared, took, ending), held, is_slow);
        }
    }

    #[cold]
    fn tell(&self, told: &Told<'_>, held: &Held, is_slow: bool) {
        let is_slow = is_slow && !told.is_abandoned();
        if is_slow {
            held.core.observed.slow.keep(told.slow_query());
        }
        told.tell(is_slow, held.slot().config.sql_echo(), self.span.as_deref());
    }
}

fn count(figures: &Figures, at: Moment, took: Duration, ending: Ending<'_>) {
    match ending {
        Ending::Well(rows) => figures.ended(took, rows, false, at),
        Ending::Failed(_) => figures.ended(took, 0, true, at),
        Ending::Abandoned => figures.abandoned(at),
    }
}
