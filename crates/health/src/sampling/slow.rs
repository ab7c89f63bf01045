//! Slow statements as the server counts them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use pgkeel_catalog::{
    Capabilities, Reading, Skipped, Statement, StatementOrder, StatementQuery, Statements, statement_texts,
    statements,
};
use pgkeel_connect::{Connection, Error};

/// How many are kept.
const MOST: u32 = 50;

/// Asked for besides, as some turn out to be our own.
const SPARE: u32 = 20;

/// How many of our own are remembered; there are about a dozen, and a few more after an upgrade of the server.
const MOST_OWN: usize = 200;

/// The slow statements of the database.
#[derive(Debug)]
pub(crate) struct SlowStatements {
    pub(crate) top: Vec<SlowStatement>,
    pub(crate) threshold: Duration,
    /// Time spent in all statements of the database.
    pub(crate) total_time: Duration,
    pub(crate) evicted: Option<u64>,
    pub(crate) since: Option<SystemTime>,
    /// How many entries the role may not see, and what would show them.
    pub(crate) hidden: Option<(u64, Skipped)>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct SlowStatement {
    pub(crate) figures: Statement,
    /// `None` if the server has lost it.
    pub(crate) text: Option<String>,
}

/// What is known of statements from earlier rounds, so that the server need not read its file of texts again.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    texts: HashMap<i64, String>,
    own: Vec<i64>,
}

impl Texts {
    /// Asks for the slow statements, and for the texts of those that are new.
    pub(crate) async fn slow(
        &self,
        connection: &Connection,
        capabilities: &Capabilities,
        threshold: Duration,
    ) -> Result<Reading<SlowStatements>, Error> {
        let query = StatementQuery::new(StatementOrder::Total, MOST + SPARE);
        let query = query.slowest_at_least(threshold).without(self.own());
        let seen = match statements(connection, capabilities, &query).await? {
            Reading::Known(seen) => seen,
            Reading::Skipped(skipped) => return Ok(Reading::Skipped(skipped)),
        };
        let new = self.new_ones(&seen.top);
        if !new.is_empty()
            && let Reading::Known(texts) = statement_texts(connection, capabilities, &new).await?
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for text in texts {
                known.remember(text.id, text.text, text.is_own);
            }
        }
        Ok(Reading::Known(self.shown(seen, threshold, capabilities)))
    }

    fn own(&self) -> Vec<i64> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).own.clone()
    }

    fn new_ones(&self, top: &[Statement]) -> Vec<i64> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        top.iter().map(|statement| statement.id).filter(|id| !known.texts.contains_key(id)).collect()
    }

    fn shown(&self, seen: Statements, threshold: Duration, capabilities: &Capabilities) -> SlowStatements {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let others = seen.top.into_iter().filter(|statement| !known.own.contains(&statement.id));
        let named =
            |figures: Statement| SlowStatement { text: known.texts.get(&figures.id).cloned(), figures };
        let top: Vec<_> = others.take(MOST as usize).map(named).collect();
        known.texts.retain(|id, _| top.iter().any(|statement| statement.figures.id == *id));
        let hidden = capabilities.hidden_sessions().filter(|_| seen.hidden > 0);
        SlowStatements {
            top,
            threshold,
            total_time: seen.total_time,
            evicted: seen.evicted,
            since: seen.since,
            hidden: hidden.map(|skipped| (seen.hidden, skipped)),
        }
    }
}

impl Known {
    fn remember(&mut self, id: i64, text: String, is_own: bool) {
        if is_own && self.own.len() < MOST_OWN {
            self.own.push(id);
        } else if !is_own {
            self.texts.insert(id, text);
        }
    }
}
