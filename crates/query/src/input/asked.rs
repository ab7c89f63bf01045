use std::fmt;

use crate::entity::Entity;
use crate::input::Request;
use crate::relation::{Holds, Scope};
use crate::{FieldErrors, FieldSet, Filter, Order, Select};

/// What a user asks for, read by [`FieldSet::read`]: all of it allowed.
pub struct Asked<E> {
    pub(super) filter: Option<Filter<'static, E>>,
    pub(super) order: Vec<Order<E>>,
}

impl<E> Asked<E> {
    /// What has to hold; `None` if nothing was said.
    #[must_use]
    pub fn filter(&self) -> Option<&Filter<'static, E>> {
        self.filter.as_ref()
    }

    /// The order that was asked for, or else that of the set.
    pub fn order(&self) -> &[Order<E>] {
        &self.order
    }
}

impl<E> Clone for Asked<E> {
    fn clone(&self) -> Self {
        Self { filter: self.filter.clone(), order: self.order.clone() }
    }
}

/// Without values.
impl<E> fmt::Debug for Asked<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("filter", &self.filter).field("order", &self.order).finish()
    }
}

impl<S: Scope, R> Select<'_, S, R> {
    /// Filtered and sorted as a user asks for, besides all that was said before: as far as the set [allows](FieldSet). Of joined
    /// tables the set is of one of them.
    ///
    /// # Errors
    /// As [`FieldSet::read`].
    pub fn apply<E: Entity, At>(
        self,
        fields: &FieldSet<E>,
        request: &Request<'_>,
    ) -> Result<Self, FieldErrors>
    where
        S: Holds<E, At>,
    {
        let Asked { filter, order } = fields.read(request)?;
        Ok(self.and_if_some(filter, |filter| filter).order_by(order))
    }
}
