//! Which tenants are meant.

use std::collections::BTreeSet;

use pgkeel_connect::{Config, Executor as _};
use tokio_postgres::Row;

use crate::run::session::Session;
use crate::snapshot::glob;
use crate::state::{Home, is_reserved};
use crate::{BadTenant, Error, Step, Tenant};

/// How the tenants are found.
#[derive(Debug, Clone)]
pub(super) enum Choice {
    /// Schemas whose names are one of these patterns.
    Matching(Vec<String>),
    /// These, whether they are there or not.
    Named(Vec<Tenant>),
    /// Those that a query names.
    Query(String),
}

impl Choice {
    /// In the order of their names, each once.
    pub(super) async fn tenants(&self, config: &Config) -> Result<Vec<Tenant>, Error> {
        match self {
            Self::Named(tenants) => Ok(once(tenants.clone())),
            Self::Matching(patterns) => matching(config, patterns).await,
            Self::Query(sql) => {
                let session = Session::open(config, &Home::default()).await?;
                let found = asked(&session, sql).await;
                session.connection.close().await;
                found
            }
        }
    }
}

fn once(tenants: Vec<Tenant>) -> Vec<Tenant> {
    tenants.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

async fn matching(config: &Config, patterns: &[String]) -> Result<Vec<Tenant>, Error> {
    let session = Session::open(config, &Home::default()).await?;
    let sql = "select nspname::pg_catalog.text from pg_catalog.pg_namespace order by 1";
    let found = session.step(Step::Tenants, session.query(sql, &[])).await;
    session.connection.close().await;
    let names = names(&found?)?;
    // By a pattern that also others have, `public` is never meant.
    let is_meant = |pattern: &str, name: &str| {
        !is_reserved(name) && glob(pattern, name) && (name != "public" || pattern == name)
    };
    let is_vain = |pattern: &&String| !names.iter().any(|name| is_meant(pattern, name));
    if let Some(pattern) = patterns.iter().find(is_vain) {
        return Err(Error::NoTenant { pattern: pattern.clone() });
    }
    let meant = names.iter().filter(|name| patterns.iter().any(|pattern| is_meant(pattern, name)));
    meant.map(|name| Ok(Tenant::new(name)?)).collect()
}

/// In a transaction that only reads, as it is somebody's text.
async fn asked(session: &Session, sql: &str) -> Result<Vec<Tenant>, Error> {
    session.step(Step::Tenants, session.batch_execute("begin read only")).await?;
    let rows = session.step(Step::Tenants, session.query(sql, &[])).await?;
    let tenants = names(&rows)?.into_iter().map(Tenant::new).collect::<Result<_, _>>()?;
    Ok(once(tenants))
}

fn names(rows: &[Row]) -> Result<Vec<String>, Error> {
    let names = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Option<String>>, _>>();
    let names = names.map_err(|source| pgkeel_connect::Error::Decode { column: 0, source });
    let names = names.map_err(|source| Error::Database { step: Step::Tenants, source })?;
    names.into_iter().map(|name| Ok(name.ok_or(BadTenant::Null)?)).collect()
}
