//! Asking the server for the types of a statement, and whether they have changed.

use std::sync::Arc;

use futures_util::future::join;
use pgkeel_connect::{EncodedParams, Error, Executor as _, SqlClass, TransactionStatus};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::lookups::Lookups;
use super::run::Run;
use super::shapes::{Shape, is_built_in};
use crate::query::Query;
use crate::statements::refuses_parameter;
use crate::traces::commits_only_at_its_end;

/// How often types are asked for until the name that the driver takes for that is free on the server session: another
/// process, whose driver counts the same, may have left a statement there.
const NAMES: usize = 3;

impl Run<'_> {
    /// Asks for the types of a statement, and keeps them.
    pub(super) async fn learn(&mut self, query: &Query<'_>) -> Result<Arc<Shape>, Error> {
        let mut learned = self.learn_once(query).await;
        for _ in 1..NAMES {
            match learned {
                Err(error) if error.code() == Some(&SqlState::DUPLICATE_PSTATEMENT) && !self.joins() => {
                    learned = self.learn_once(query).await;
                }
                other => {
                    learned = other;
                    break;
                }
            }
        }
        if let Err(error) = &learned
            && !is_of_parsing(error)
        {
            self.held.invalidate(); // What its driver looks types up with is lost, or not noted.
        }
        let shape = Arc::new(learned?);
        self.unnamed.known().extend(shape.custom());
        self.shapes().put(query, Arc::clone(&shape));
        Ok(shape)
    }

    /// In the user's transaction, or in one of its own.
    async fn learn_once(&mut self, query: &Query<'_>) -> Result<Shape, Error> {
        let turn = self.turn().await?;
        let joins = self.held.slot().settled_status().await? != TransactionStatus::Idle;
        let opening = format!("{}{}", if joins { "" } else { "BEGIN;" }, turn.make());
        self.turn = Some(turn);
        let traffic = &self.held.slot().traffic;
        if !joins {
            self.begin();
            traffic.guard(true); // What a cancelled BEGIN had in its transaction would be prepared who knows where.
        }
        self.asks = true;
        let learned = self.ask(&opening, query).await;
        self.asks = false;
        // In one message, so that the pooler does not change the server session under it.
        let end = match (joins, &learned) {
            (false, Err(error)) if !is_of_parsing(error) => {
                // With another name it is tried again, by the same driver.
                let is_over = self.held.is_brief && error.code() != Some(&SqlState::DUPLICATE_PSTATEMENT);
                format!("ROLLBACK;{}", self.lookups().unmake_with(query.sql, is_over))
            }
            (false, _) => format!("ROLLBACK;{}", self.lookups().unmake()),
            (true, Ok(_)) => self.lookups().unmake(),
            (true, Err(_)) => String::new(), // The transaction takes nothing more.
        };
        if joins {
            return self.end(&end).await.and(learned);
        }
        traffic.guard(true); // Nor is a cancel to hit what takes away what was prepared.
        let ended = self.end(&end).await;
        traffic.guard(false);
        let shape = learned?;
        ended.map(|()| shape)
    }

    async fn ask(&mut self, opening: &str, query: &Query<'_>) -> Result<Shape, Error> {
        let (connection, traffic) = (self.connection(), &self.held.slot().traffic);
        let open = async {
            let opened = if opening.is_empty() { Ok(()) } else { connection.batch_execute(opening).await };
            traffic.guard(false);
            opened
        };
        let types = query.typed.map_or(Vec::new(), EncodedParams::types);
        let (opened, prepared) = join(open, connection.client().prepare_typed(query.sql, &types)).await;
        opened?;
        let prepared = prepared.map_err(|error| connection.explain(error.into()))?;
        let shape = Shape::of(&prepared);
        drop(prepared); // With this it is closed again.
        if shape.was_looked_up() {
            self.lookups().note(connection).await?;
        }
        Ok(shape)
    }

    fn lookups(&mut self) -> &mut Lookups {
        self.turn.as_mut().expect("held until the end")
    }

    /// What has become of the statement's types, if it failed for that and nothing of it was carried out.
    pub(super) async fn newer<T>(
        &mut self,
        shape: &Shape,
        query: &Query<'_>,
        done: &Result<T, Error>,
    ) -> Option<Arc<Shape>> {
        let error = done.as_ref().err()?;
        let is_unsent = refuses_parameter(error) && shape.refuses(query);
        if !is_unsent && !self.was_undone_as_stale(shape, query.sql, error) {
            return None;
        }
        self.shapes().forget(query);
        self.connection().client().clear_type_cache();
        self.unnamed.known().clear();
        let newer = self.learn(query).await.ok()?;
        // Somebody else may have learned them a moment ago, when the driver of this connection did not know them yet.
        let may_go_now = *newer != *shape || error.code().is_some_and(is_of_asking);
        may_go_now.then_some(newer)
    }

    /// Whether an error may come of types that have changed, and is the server's word that nothing is left of the statement:
    /// one that ends with its transaction was rolled back with that. Not so if the error is that of the driver's asking for
    /// types behind a statement that had no transaction of its own. Of what is healed here asking gives only the two that it
    /// is known by, and 42501 where catalogs are hidden.
    fn was_undone_as_stale(&self, shape: &Shape, sql: &str, error: &Error) -> bool {
        let Some(server) = error.server().filter(|server| !server.is_fatal()) else { return false };
        let code = server.code();
        let is_stale = match server.class() {
            _ if is_of_asking(code) => shape.has_custom(),
            SqlClass::SyntaxOrAccess => *code != SqlState::INSUFFICIENT_PRIVILEGE,
            _ => *code == SqlState::INTERNAL_ERROR, // "cache lookup failed for type"
        };
        is_stale && !self.joins() && self.doubt.is_none() && commits_only_at_its_end(sql)
    }

    /// Whether the driver has asked for types by itself, outside of what was learned.
    pub(super) fn has_asked(&self, shape: &Shape, query: &Query<'_>, done: &Result<Vec<Row>, Error>) -> bool {
        match done {
            Ok(rows) => rows.first().is_some_and(|row| {
                let known = self.unnamed.known();
                let mut types = row.columns().iter().map(|column| column.type_().oid());
                types.any(|oid| !is_built_in(oid) && !known.contains(&oid))
            }),
            // What it asked with was another's statement of the same name.
            Err(error) if refuses_parameter(error) => !shape.refuses(query),
            Err(error) => error.code().is_some_and(is_of_asking),
        }
    }
}

/// Whether the server refused the statement itself: then the driver has not asked for types yet. Anything else, such as a
/// timeout, may have come while it did, and it may have prepared statements that nobody has noted.
fn is_of_parsing(error: &Error) -> bool {
    let Some(server) = error.server() else { return false };
    let by_class = matches!(server.class(), SqlClass::SyntaxOrAccess | SqlClass::Data);
    by_class && !is_of_asking(server.code()) && *server.code() != SqlState::INSUFFICIENT_PRIVILEGE
}

/// The errors that asking for types has where its prepared statements are gone, or on another server session.
pub(crate) fn is_of_asking(code: &SqlState) -> bool {
    *code == SqlState::INVALID_SQL_STATEMENT_NAME || *code == SqlState::DUPLICATE_PSTATEMENT
}
