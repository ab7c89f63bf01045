//! What the schema is when a call ends, kept for those who ask later whether it still is.

use super::Migrator;
use crate::run::session::Session;
use crate::{Snapshot, VerifyError};

impl Migrator {
    /// Takes nothing back if it fails: the files have run. A record that is missing is told from one that is current by the
    /// history that it is of.
    pub(super) async fn record(&self, session: &Session) {
        let Some(scope) = &self.recorded else { return };
        let record = async {
            session.renew(self.limits).await?;
            let snapshot = Snapshot::take_in(&session.home, &session.connection, scope).await?;
            snapshot.record_in(&session.home, &session.connection, scope).await
        };
        if let Err(error) = record.await as Result<(), VerifyError> {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the schema that the migrations have made could not be recorded");
        }
    }
}
