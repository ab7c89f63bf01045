//! Asking the server for the types of a statement, and whether they have changed.

use std::sync::Arc;

use futures_util::future::join;
use pgkeel_connect::{Error, Executor as _, SqlClass, TransactionStatus};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::lookups::Lookups;
use super::run::Run;
use super::shapes::{Shape, is_built_in};
use crate::statements::refuses_parameter;
use crate::traces::commits_only_at_its_end;

/// How often types are asked for until the name that the driver takes for that is free on the server session: another
/// process, whose driver counts the same, may have left a statement there.
const NAMES: usize = 3;

impl Run<'_> {
    /// Asks for the types of a statement, and keeps them.
    pub(super) async fn learn(&mut self, sql: &str) -> Result<Arc<Shape>, Error> {
        let mut learned = self.learn_once(sql).await;
        for _ in 1..NAMES {
            match learned {
                Err(error) if error.code() == Some(&SqlState::DUPLICATE_PSTATEMENT) && !self.joins() => {
                    learned = self.learn_once(sql).await;
                }
                other => {
                    learned = other;
                    break;
                }
            }
        }
        if let Err(error) = &learned
            && error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME)
        {
            self.held.invalidate(); // What its driver looks types up with is lost.
        }
        let shape = Arc::new(learned?);
        self.unnamed.known().extend(shape.custom());
        self.shapes().put(sql, Arc::clone(&shape));
        Ok(shape)
    }

    /// In the user's transaction, or in one of its own.
    async fn learn_once(&mut self, sql: &str) -> Result<Shape, Error> {
        let turn = self.turn().await?;
        let joins = self.held.slot().settled_status().await? != TransactionStatus::Idle;
        let opening = format!("{}{}", if joins { "" } else { "BEGIN;" }, turn.make());
        self.turn = Some(turn);
        if !joins {
            self.begin();
        }
        self.asks = true;
        let learned = self.ask(&opening, sql).await;
        self.asks = false;
        // In one message, so that the pooler does not change the server session under it.
        let end = match (joins, &learned) {
            (false, _) => format!("ROLLBACK;{}", self.lookups().unmake()),
            (true, Ok(_)) => self.lookups().unmake(),
            (true, Err(_)) => String::new(), // The transaction takes nothing more.
        };
        let ended = self.end(&end).await;
        let shape = learned?;
        ended.map(|()| shape)
    }

    async fn ask(&mut self, opening: &str, sql: &str) -> Result<Shape, Error> {
        let connection = self.connection();
        let open =
            async { if opening.is_empty() { Ok(()) } else { connection.batch_execute(opening).await } };
        let (opened, prepared) = join(open, connection.prepare(sql)).await;
        opened?;
        let shape = Shape::of(&prepared?); // With this it is closed again.
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
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
        done: &Result<T, Error>,
    ) -> Option<Arc<Shape>> {
        let error = done.as_ref().err()?;
        let is_unsent = refuses_parameter(error) && shape.refuses(params);
        if !is_unsent && !self.was_undone_as_stale(shape, sql, error) {
            return None;
        }
        self.shapes().forget(sql);
        self.connection().client().clear_type_cache();
        self.unnamed.known().clear();
        let newer = self.learn(sql).await.ok()?;
        (*newer != *shape).then_some(newer)
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
    pub(super) fn has_asked(
        &self,
        shape: &Shape,
        params: &[&(dyn ToSql + Sync)],
        done: &Result<Vec<Row>, Error>,
    ) -> bool {
        match done {
            Ok(rows) => rows.first().is_some_and(|row| {
                let known = self.unnamed.known();
                let mut types = row.columns().iter().map(|column| column.type_().oid());
                types.any(|oid| !is_built_in(oid) && !known.contains(&oid))
            }),
            // What it asked with was another's statement of the same name.
            Err(error) if refuses_parameter(error) => !shape.refuses(params),
            Err(error) => error.code().is_some_and(is_of_asking),
        }
    }
}

/// The errors that asking for types has where its prepared statements are on another server session.
fn is_of_asking(code: &SqlState) -> bool {
    *code == SqlState::INVALID_SQL_STATEMENT_NAME || *code == SqlState::DUPLICATE_PSTATEMENT
}
