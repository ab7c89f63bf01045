use pgkeel_connect::{Config, Ident};

use super::{APPLICATION_NAME, database};
use crate::VerifyError;

/// A database that may be there and is to go. Dropped before it is cleared, it is cleared by a thread of its own: the
/// runtime may be ending.
#[derive(Debug)]
pub(super) struct Debris {
    server: Config,
    name: Ident,
    is_cleared: bool,
}

impl Debris {
    pub(super) fn new(server: &Config, name: Ident) -> Self {
        Self { server: server.clone(), name, is_cleared: false }
    }

    pub(super) fn name(&self) -> &Ident {
        &self.name
    }

    /// As [`clear`](Self::clear), where it does not count for much. Returns the name of what is still there.
    pub(super) async fn leave(self) -> Option<String> {
        let name = self.name.clone();
        let error = self.clear().await.err()?;
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, database = name.name(), "a shadow database is still there");
        Some(name.name().to_owned())
    }

    pub(super) async fn clear(mut self) -> Result<(), VerifyError> {
        clear(&self.server, &self.name).await?;
        self.is_cleared = true;
        Ok(())
    }
}

async fn clear(server: &Config, name: &Ident) -> Result<(), VerifyError> {
    database::drop(&database::open(server, APPLICATION_NAME).await?, name).await
}

impl Drop for Debris {
    fn drop(&mut self) {
        if self.is_cleared {
            return;
        }
        let (server, name) = (self.server.clone(), self.name.clone());
        let clearing = std::thread::Builder::new().name("pgkeel-shadow".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let cleared = match runtime {
                Ok(runtime) => runtime.block_on(clear(&server, &name)),
                Err(error) => return tracing::warn!(%error, "a shadow database stays for now"),
            };
            if let Err(error) = cleared {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, database = name.name(), "a shadow database stays for now");
            }
        });
        if let Err(error) = clearing {
            tracing::warn!(%error, database = self.name.name(), "a shadow database stays for now");
        }
    }
}
