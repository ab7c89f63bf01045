use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use pgkeel_connect::{Connection, Error};

/// The future of a [`Hook`].
pub type HookFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Something of the caller's own that is done with a connection.
pub type Hook = Arc<dyn for<'a> Fn(&'a Connection) -> HookFuture<'a> + Send + Sync>;

/// What is done at the turns of a session's life, besides what the pool does.
///
/// ```
/// use pgkeel_pool::{Config, Executor as _, Hooks};
///
/// let hooks = Hooks::new().after_connect(|connection| {
///     Box::pin(async move { connection.batch_execute("set time zone 'UTC'").await })
/// });
/// let config = Config::new("postgresql://app@localhost/shop".parse()?).with_hooks(hooks);
/// # Ok::<(), pgkeel_pool::connect::settings::Problems>(())
/// ```
#[derive(Clone, Default)]
pub struct Hooks {
    pub(crate) after_connect: Option<Hook>,
    pub(crate) before_acquire: Option<Hook>,
    pub(crate) after_release: Option<Hook>,
    pub(crate) before_close: Option<Hook>,
}

impl Hooks {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Done once with each new connection, within `database.connect_timeout`. If it fails or panics, the connection counts
    /// as one that could not be opened.
    #[must_use]
    pub fn after_connect<F>(mut self, hook: F) -> Self
    where
        F: for<'a> Fn(&'a Connection) -> HookFuture<'a> + Send + Sync + 'static,
    {
        self.after_connect = Some(Arc::new(hook));
        self
    }

    /// Done each time before a session is handed out, within `pool.ping_timeout`. If it fails the session is closed and
    /// another is taken.
    #[must_use]
    pub fn before_acquire<F>(mut self, hook: F) -> Self
    where
        F: for<'a> Fn(&'a Connection) -> HookFuture<'a> + Send + Sync + 'static,
    {
        self.before_acquire = Some(Arc::new(hook));
        self
    }

    /// Done each time a session has come back and is clean, before anyone else can have it, within 3 s with the
    /// cleaning. If it fails the session is closed.
    #[must_use]
    pub fn after_release<F>(mut self, hook: F) -> Self
    where
        F: for<'a> Fn(&'a Connection) -> HookFuture<'a> + Send + Sync + 'static,
    {
        self.after_release = Some(Arc::new(hook));
        self
    }

    /// Done before the pool says good-bye to a session, within 2 s; not to one whose server is gone. What comes of it
    /// makes no difference.
    #[must_use]
    pub fn before_close<F>(mut self, hook: F) -> Self
    where
        F: for<'a> Fn(&'a Connection) -> HookFuture<'a> + Send + Sync + 'static,
    {
        self.before_close = Some(Arc::new(hook));
        self
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { after_connect, before_acquire, after_release, before_close } = self;
        f.debug_struct("Hooks")
            .field("after_connect", &after_connect.is_some())
            .field("before_acquire", &before_acquire.is_some())
            .field("after_release", &after_release.is_some())
            .field("before_close", &before_close.is_some())
            .finish()
    }
}
