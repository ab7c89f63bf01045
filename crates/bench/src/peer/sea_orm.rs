use futures_util::future::try_join_all;
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectOptions, Database as Sea, DatabaseConnection};

use anyhow::Context as _;

use super::{POOL_SIZE, Peer};
use crate::account::Account;
use crate::job::Job;
use crate::server::Database;

/// A whole row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "t")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    id: i64,
    name: String,
    amount: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// `SeaORM` on its defaults, with as many connections as the others, and none of its logging.
#[derive(Debug)]
pub(crate) struct SeaOrm {
    database: DatabaseConnection,
}

impl Peer for SeaOrm {
    type Seat = DatabaseConnection;
    type Whole = Model;

    async fn open(database: &Database, _job: Job) -> anyhow::Result<Self> {
        let mut options = ConnectOptions::new(database.url("postgres"));
        options.max_connections(POOL_SIZE).sqlx_logging(false);
        Ok(Self { database: Sea::connect(options).await? })
    }

    async fn fill(&self) -> anyhow::Result<()> {
        let pool = self.database.get_postgres_connection_pool();
        try_join_all((0..POOL_SIZE).map(|_| pool.acquire())).await?;
        Ok(())
    }

    fn seat(&self, _task: usize) -> DatabaseConnection {
        self.database.clone()
    }

    async fn point(database: &DatabaseConnection, id: i64) -> anyhow::Result<Account> {
        Self::entity(database, id).await
    }

    async fn entity(database: &DatabaseConnection, id: i64) -> anyhow::Result<Account> {
        let found = Entity::find_by_id(id).one(database).await?;
        let Model { name, amount, .. } = found.context("there is no such row")?;
        Ok(Account { name, amount })
    }

    async fn rows(database: &DatabaseConnection) -> anyhow::Result<Vec<Model>> {
        Ok(Entity::find().all(database).await?)
    }

    fn fields(row: &Model) -> (i64, &str, i64) {
        (row.id, &row.name, row.amount)
    }

    async fn close(self) {
        drop(self.database.close().await);
    }
}
