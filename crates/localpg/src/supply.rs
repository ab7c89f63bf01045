//! Which binaries to use: installed ones, else those in the cache, else fetched now.

use crate::{
    Error, Installation, NotFetched, Options, fetch,
    machine::{
        account::Account,
        binaries::{self, Search},
        platform,
    },
};

impl Installation {
    /// The usable PostgreSQL that is installed on this machine, highest major first; at least one.
    ///
    /// Looks at `pg.bindir` alone if that is set; else asks `pg_config`, then searches `PATH` and the usual
    /// places. Usable means that the user who will run the server can run its `postgres`, and that it is of
    /// `pg.major` if that is set. Neither looks into the cache nor fetches.
    ///
    /// # Errors
    /// [`Error::BadBindir`] or [`Error::NoBinaries`], which say what to do; [`Error::BadSetting`];
    /// [`Error::UserNotFound`] and [`Error::UserRefused`] if there is nobody to run them.
    pub fn find_all(options: &Options) -> Result<Vec<Self>, Error> {
        let search = binaries::installed(options, &Account::of(options)?)?;
        if search.usable.is_empty() {
            return Err(nothing(options, search, NotFetched::NotAsked));
        }
        Ok(search.usable)
    }

    /// The PostgreSQL that a server would be started with where there are no data yet: the highest installed,
    /// else one in the cache, else one that is fetched now, which may take up to five minutes.
    ///
    /// # Errors
    /// As [`find_all`](Self::find_all); [`Error::NoBinaries`] says besides why nothing could be fetched.
    pub fn ensure(options: &Options) -> Result<Self, Error> {
        ensured(options, &Account::of(options)?)
    }

    /// As [`ensure`](Self::ensure), whatever is installed: for filling the cache of a machine that will be
    /// offline.
    ///
    /// # Errors
    /// [`Error::NoBinaries`], which says why nothing could be fetched.
    pub fn fetched(options: &Options) -> Result<Self, Error> {
        options.check()?;
        let fetched = fetch::obtained(options, &Account::of(options)?, options.major);
        fetched.map_err(|reason| nothing(options, Search::default(), reason))
    }
}

/// As [`Installation::ensure`], for an account that is known already.
pub(crate) fn ensured(options: &Options, account: &Account) -> Result<Installation, Error> {
    let mut search = binaries::installed(options, account)?;
    if !search.usable.is_empty() {
        return Ok(search.usable.swap_remove(0));
    }
    let fetched = fetch::obtained(options, account, options.major);
    fetched.map_err(|reason| nothing(options, search, reason))
}

fn nothing(options: &Options, search: Search, not_fetched: NotFetched) -> Error {
    let Search { unsupported, looked, .. } = search;
    let install = platform::install_command();
    Error::NoBinaries { wanted: options.major, looked, unsupported, not_fetched, install }
}
