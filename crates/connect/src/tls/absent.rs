//! What stands in for TLS in a build without it.

use std::convert::Infallible;

use super::{MaybeTls, TlsSettings, Way};
use crate::{Error, HostName};

/// Without TLS every socket stays as it is; settings that ask for more were refused.
pub(crate) async fn secure<S>(
    socket: S,
    _: &TlsSettings,
    _: &HostName,
    _: Way,
) -> Result<MaybeTls<S>, Infallible> {
    Ok(MaybeTls::Clear(socket))
}

pub(crate) fn falls_back(_: &Error) -> bool {
    false
}

pub(crate) fn is_not_offered(_: &Error) -> bool {
    false
}

pub(crate) fn late(error: Error) -> Error {
    error
}

pub(crate) fn may_pass(_: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    true
}
