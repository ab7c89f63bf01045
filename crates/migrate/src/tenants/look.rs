//! What is applied for all tenants, over one connection.

use super::Tenants;
use crate::run::session::Session;
use crate::state::{Home, glance};
use crate::{Error, Status, Tenant};

impl Tenants {
    /// Tells each tenant with its status, as long as nobody stops it; without one if it has to be asked for by itself.
    pub(super) async fn look(
        &self,
        tenants: &[Tenant],
        mut told: impl FnMut(Tenant, Option<Status>),
    ) -> Result<(), Error> {
        let session = Session::open(self.migrator.connect(), &Home::default()).await?;
        for some in tenants.chunks(glance::TOGETHER) {
            let homes: Vec<Home> = some.iter().map(Home::of).collect();
            let homes: Vec<&Home> = homes.iter().collect();
            let found = match glance::look(&session, &homes, self.migrator.migrations()).await {
                // One of them may have been dropped meanwhile, or have tables that are not ours.
                Err(Error::Database { source, .. }) if !source.is_disconnected() => vec![None; some.len()],
                found => found?,
            };
            some.iter().cloned().zip(found).for_each(|(tenant, status)| told(tenant, status));
        }
        session.connection.close().await;
        Ok(())
    }
}
