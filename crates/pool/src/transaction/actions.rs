use std::fmt;

/// What is to be done once all is committed, in this order.
#[derive(Default)]
pub(super) struct Actions(Vec<Box<dyn FnOnce() + Send>>);

impl Actions {
    pub(super) fn push(&mut self, action: impl FnOnce() + Send + 'static) {
        self.0.push(Box::new(action));
    }

    pub(super) fn append(&mut self, mut later: Self) {
        self.0.append(&mut later.0);
    }

    pub(super) fn run(self) {
        self.0.into_iter().for_each(|action| action());
    }
}

impl fmt::Debug for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Actions({})", self.0.len())
    }
}
