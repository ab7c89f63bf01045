use crate::index::Form;
use crate::keys::{KeyId, Purpose, Task};
use crate::suite::Suite;

/// A thing, and what it was derived for.
pub(crate) struct Entry<V> {
    key: KeyId,
    task: OwnTask,
    context: Box<str>,
    tenant: Option<Box<str>>,
    pub(super) value: V,
}

/// A [`Task`] whose name is its own.
enum OwnTask {
    Seal(Suite),
    Index { name: Box<str>, form: Form },
}

impl<V> Entry<V> {
    pub(super) fn new(key: KeyId, purpose: &Purpose<'_>, value: V) -> Self {
        let task = match purpose.task {
            Task::Seal(suite) => OwnTask::Seal(suite),
            Task::Index { name, form } => OwnTask::Index { name: name.into(), form },
        };
        Self { key, task, context: purpose.context.into(), tenant: purpose.tenant.map(Into::into), value }
    }

    pub(super) fn is_for(&self, key: KeyId, purpose: &Purpose<'_>) -> bool {
        let is_task = match (&self.task, purpose.task) {
            (OwnTask::Seal(own), Task::Seal(suite)) => *own == suite,
            (OwnTask::Index { name: own, form: own_form }, Task::Index { name, form }) => {
                **own == *name && *own_form == form
            }
            _ => false,
        };
        is_task
            && self.key == key
            && *self.context == *purpose.context
            && self.tenant.as_deref() == purpose.tenant
    }
}
