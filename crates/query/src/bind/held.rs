use std::sync::Arc;

use super::{Bind, BindType};

/// A value that a statement has itself until it is run; of what ids are as a rule, without memory for it alone.
#[derive(Clone)]
pub(crate) enum Held<'a> {
    I32(i32),
    I64(i64),
    Shared(Arc<dyn Bind + 'a>),
}

impl<'a> Held<'a> {
    #[inline]
    pub(crate) fn of(value: impl BindType + 'a) -> Self {
        match (value.as_i64(), value.as_i32()) {
            (Some(value), _) => Self::I64(value),
            (_, Some(value)) => Self::I32(value),
            (None, None) => Self::Shared(Arc::new(value)),
        }
    }

    #[inline]
    pub(crate) fn bind(&self) -> &(dyn Bind + 'a) {
        match self {
            Self::I32(value) => value,
            Self::I64(value) => value,
            Self::Shared(value) => &**value,
        }
    }
}
