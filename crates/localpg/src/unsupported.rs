//! Platforms without Unix sockets, FIFOs and signals: everything refuses in one line.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{Detached, Endpoint, Error, Installation, Options, ScratchOptions, StopMode, Version};

impl Installation {
    /// Refuses on this platform.
    ///
    /// # Errors
    /// Always [`Error::UnsupportedPlatform`].
    pub fn find_all(_options: &Options) -> Result<Vec<Self>, Error> {
        Err(Error::UnsupportedPlatform)
    }

    /// Refuses on this platform.
    ///
    /// # Errors
    /// Always [`Error::UnsupportedPlatform`].
    pub fn ensure(_options: &Options) -> Result<Self, Error> {
        Err(Error::UnsupportedPlatform)
    }

    /// Refuses on this platform.
    ///
    /// # Errors
    /// Always [`Error::UnsupportedPlatform`].
    pub fn fetched(_options: &Options) -> Result<Self, Error> {
        Err(Error::UnsupportedPlatform)
    }
}

/// A server that cannot exist on this platform.
#[derive(Debug)]
pub struct PrivateServer(Infallible);

/// A cluster that cannot exist on this platform.
#[derive(Debug)]
pub struct ScratchCluster(Infallible);

/// Methods of a type without values: written once for both types.
macro_rules! never {
    ($($(#[$doc:meta])* $name:ident(self: $this:ty $(, $argument:ident: $kind:ty)*) -> $answer:ty;)*) => {
        $($(#[$doc])* pub fn $name(self: $this $(, $argument: $kind)*) -> $answer {
            $(let _ = $argument;)*
            match self.0 {}
        })*
    };
}

#[expect(missing_docs, clippy::missing_errors_doc, reason = "see the Unix build")]
impl PrivateServer {
    /// Refuses on this platform.
    ///
    /// # Errors
    /// Always [`Error::UnsupportedPlatform`].
    pub fn attach(_options: &Options) -> Result<Self, Error> {
        Err(Error::UnsupportedPlatform)
    }

    never! {
        endpoint(self: &Self) -> &Endpoint;
        version(self: &Self) -> &Version;
        data_dir(self: &Self) -> &Path;
        pid(self: &Self) -> u32;
        was_started_here(self: &Self) -> bool;
        detach(self: Self, bound: Duration) -> Result<Detached, Error>;
    }
}

#[expect(missing_docs, clippy::missing_errors_doc, reason = "see the Unix build")]
impl ScratchCluster {
    /// Refuses on this platform.
    ///
    /// # Errors
    /// Always [`Error::UnsupportedPlatform`].
    pub fn start(_wishes: &ScratchOptions) -> Result<Self, Error> {
        Err(Error::UnsupportedPlatform)
    }

    pub fn set(&mut self, _name: impl Into<String>, _value: impl Into<String>) -> Result<(), Error> {
        match self.0 {}
    }

    never! {
        endpoint(self: &Self) -> Endpoint;
        tcp_endpoint(self: &Self) -> Option<Endpoint>;
        version(self: &Self) -> &Version;
        data_dir(self: &Self) -> PathBuf;
        pid(self: &Self) -> u32;
        is_running(self: &mut Self) -> bool;
        stop(self: &mut Self, mode: StopMode) -> Result<(), Error>;
        start_again(self: &mut Self) -> Result<(), Error>;
        restart(self: &mut Self, mode: StopMode) -> Result<(), Error>;
        reload(self: &mut Self) -> ();
        freeze(self: &mut Self) -> Result<(), Error>;
        thaw(self: &mut Self) -> ();
        remove(self: Self) -> Result<(), Error>;
    }
}
