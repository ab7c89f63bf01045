#[cfg(feature = "tls")]
use std::sync::Arc;

#[cfg(feature = "tls")]
use super::loaded::Store;
use super::{ChannelBinding, Fault, SslMode, Way, Wishes};
use crate::HostName;

/// What an address says of TLS, checked, with the files that it names. Clones share the files.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsSettings {
    mode: SslMode,
    channel_binding: ChannelBinding,
    #[cfg(feature = "tls")]
    store: Arc<Store>,
}

impl TlsSettings {
    /// Reads and checks every file, if any connection could need it.
    pub(crate) fn new(wishes: &Wishes, over_tcp: bool) -> Result<Self, Vec<Fault>> {
        let mode = mode(wishes)?;
        let channel_binding = wishes.channel_binding;
        let needed = over_tcp && mode != SslMode::Disable;
        #[cfg(feature = "tls")]
        let settings = {
            let store = if needed { Store::open(wishes.clone(), mode)? } else { Store::default() };
            Self { mode, channel_binding, store: Arc::new(store) }
        };
        #[cfg(not(feature = "tls"))]
        let settings = {
            let _ = needed;
            Self { mode, channel_binding }
        };
        Ok(settings)
    }

    pub(crate) fn channel_binding(&self) -> ChannelBinding {
        self.channel_binding
    }

    /// The ways in which this host is tried, one after the other. Unix sockets do without TLS, as in libpq.
    pub(crate) fn ways(&self, host: &HostName) -> &'static [Way] {
        match host {
            HostName::Tcp(_) => self.mode.ways(),
            HostName::Socket(_) => &[Way::Clear],
        }
    }

    #[cfg(feature = "tls")]
    pub(super) fn store(&self) -> &Arc<Store> {
        &self.store
    }
}

/// The mode that was written or follows from the rest; the rules are libpq's.
fn mode(wishes: &Wishes) -> Result<SslMode, Vec<Fault>> {
    let from_system = wishes.root == Some(super::Root::System);
    let mode = wishes.mode.unwrap_or(if from_system { SslMode::VerifyFull } else { SslMode::default() });
    let mut faults = Vec::new();
    if from_system && mode != SslMode::VerifyFull {
        let reason = format!("sslmode={mode} is too weak for sslrootcert=system; write sslmode=verify-full");
        faults.push(Fault::new("sslmode", reason));
    }
    if wishes.negotiation == super::Negotiation::Direct && !mode.is_strict() {
        let reason = format!(
            "sslmode={mode} is too weak for sslnegotiation=direct; write sslmode=require, verify-ca or verify-full"
        );
        faults.push(Fault::new("sslnegotiation", reason));
    }
    if wishes.oldest.zip(wishes.newest).is_some_and(|(oldest, newest)| oldest > newest) {
        let reason = "is newer than ssl_max_protocol_version";
        faults.push(Fault::new("ssl_min_protocol_version", reason));
    }
    if cfg!(not(feature = "tls")) && (mode.is_strict() || wishes.channel_binding == ChannelBinding::Require) {
        let reason =
            "TLS is asked for, but this program was built without it (feature `tls` of pgkeel-connect)";
        faults.push(Fault::new("sslmode", reason));
    }
    if faults.is_empty() { Ok(mode) } else { Err(faults) }
}
