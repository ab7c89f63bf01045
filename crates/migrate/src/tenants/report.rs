use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::{Error, Event, Tenant};

/// What happens while many tenants are worked on.
#[derive(Debug)]
#[non_exhaustive]
pub enum TenantEvent<'a, T, E = Error> {
    /// Something has happened with a tenant that is under way.
    Happened {
        /// With which.
        tenant: &'a Tenant,
        /// What.
        event: Event<'a>,
    },
    /// A tenant has ended.
    Ended {
        /// Which.
        tenant: &'a Tenant,
        /// How.
        outcome: &'a Result<T, E>,
    },
}

/// How it went with many tenants. What was told of each is not kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantsReport {
    /// With how many it went well, also where there was nothing to do.
    pub well: usize,
    /// With how many it failed.
    pub failed: usize,
    /// How many were not begun, as another had failed or it was stopped.
    pub left: usize,
}

impl TenantsReport {
    pub(super) fn add<T, E>(&mut self, outcome: &Result<T, E>) {
        match outcome {
            Ok(_) => self.well += 1,
            Err(_) => self.failed += 1,
        }
    }

    /// How many tenants there are.
    #[must_use]
    pub fn tenants(&self) -> usize {
        self.well + self.failed + self.left
    }
}

/// Who is told, by several that are under way at once.
pub(super) struct Told<F>(Mutex<F>);

impl<F> fmt::Debug for Told<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").finish_non_exhaustive()
    }
}

impl<F> Told<F> {
    pub(super) fn new(told: F) -> Self {
        Self(Mutex::new(told))
    }

    pub(super) fn happened<T, E>(&self, tenant: &Tenant, event: Event<'_>)
    where
        F: FnMut(TenantEvent<'_, T, E>),
    {
        self.tell(TenantEvent::Happened { tenant, event });
    }

    pub(super) fn ended<T, E>(&self, tenant: &Tenant, outcome: &Result<T, E>)
    where
        F: FnMut(TenantEvent<'_, T, E>),
    {
        self.tell(TenantEvent::Ended { tenant, outcome });
    }

    fn tell<T, E>(&self, event: TenantEvent<'_, T, E>)
    where
        F: FnMut(TenantEvent<'_, T, E>),
    {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)(event);
    }
}
