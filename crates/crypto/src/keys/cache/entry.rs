use std::ptr;

use crate::keys::{KeyId, Purpose, Task};

/// A thing, and what it was derived for.
pub(crate) struct Entry<V> {
    pub(super) key: KeyId,
    pub(super) task: Task,
    pub(super) context: &'static str,
    tenant: Option<Box<str>>,
    pub(super) value: V,
}

impl<V> Entry<V> {
    pub(super) fn new(key: KeyId, &Purpose { task, context, tenant }: &Purpose<'_>, value: V) -> Self {
        Self { key, task, context, tenant: tenant.map(Into::into), value }
    }

    pub(super) fn is_for(&self, key: KeyId, &Purpose { task, context, tenant }: &Purpose<'_>) -> bool {
        let is_task = match (self.task, task) {
            (Task::Index { name, form }, Task::Index { name: other, form: others }) => {
                is_same(name, other) && form == others
            }
            (own, other) => own == other,
        };
        self.key == key && is_task && is_same(self.context, context) && self.tenant.as_deref() == tenant
    }
}

/// Names are constants, so as a rule equal ones are the same one, and need not be read.
fn is_same(one: &'static str, other: &'static str) -> bool {
    ptr::eq(one, other) || one == other
}
