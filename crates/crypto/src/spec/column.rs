use std::fmt;

use super::{BadSpec, ColumnShape};
use crate::column::MOST_CONTEXT;
use crate::plain::Plain;
use crate::{Column, Kind, Padding, Suite};

/// A sealed column whose type of values is known at run time alone: what a [`Column`] says, to be kept and read again. For work on
/// envelopes that gives no plaintext out: [`Vault::reseal`](crate::Vault::reseal), [`Vault::check`](crate::Vault::check).
///
/// ```
/// use pgkeel_crypto::{Column, ColumnSpec, Kind, Padding};
///
/// const NOTE: Column<String> = Column::new("app.users.note").any_row().padded(Padding::to(64));
///
/// let read = ColumnSpec::new("app.users.note", Kind::Text)?.any_row().padded(Padding::to(64));
/// assert_eq!(read, ColumnSpec::from(&NOTE));
/// # Ok::<(), pgkeel_crypto::BadSpec>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ColumnSpec {
    context: String,
    kind: Kind,
    suite: Suite,
    also_opens: Option<Suite>,
    is_row_bound: bool,
    is_tenant_bound: bool,
    padding: Option<Padding>,
}

impl ColumnSpec {
    /// As [`Column::new`], for values of this kind.
    ///
    /// # Errors
    /// [`BadSpec::Context`].
    pub fn new(context: impl Into<String>, kind: Kind) -> Result<Self, BadSpec> {
        let context = context.into();
        if context.is_empty() || context.len() > MOST_CONTEXT {
            return Err(BadSpec::Context { bytes: context.len() });
        }
        Ok(Self {
            context,
            kind,
            suite: Suite::KcXaes256Gcm,
            also_opens: None,
            is_row_bound: true,
            is_tenant_bound: false,
            padding: None,
        })
    }

    /// Values are sealed with this suite. With the deterministic one they are not bound to rows.
    ///
    /// # Errors
    /// [`BadSpec::NotBuilt`].
    pub fn sealed_with(self, suite: Suite) -> Result<Self, BadSpec> {
        if !suite.is_built() {
            return Err(BadSpec::NotBuilt(suite));
        }
        Ok(Self { suite, is_row_bound: self.is_row_bound && suite.is_randomized(), ..self })
    }

    /// As [`Column::also_opens`].
    #[must_use]
    pub fn also_opens(self, suite: Suite) -> Self {
        Self { also_opens: Some(suite), ..self }
    }

    /// As [`Column::any_row`].
    #[must_use]
    pub fn any_row(self) -> Self {
        Self { is_row_bound: false, ..self }
    }

    /// As [`Column::per_tenant`].
    #[must_use]
    pub fn per_tenant(self) -> Self {
        Self { is_tenant_bound: true, ..self }
    }

    /// As [`Column::padded`].
    #[must_use]
    pub fn padded(self, padding: Padding) -> Self {
        Self { padding: Some(padding), ..self }
    }

    /// Its name.
    #[must_use]
    pub fn context(&self) -> &str {
        &self.context
    }

    /// The type of its values.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What its values are sealed with.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Which other suite it opens, while it goes over to its own.
    #[must_use]
    pub fn other_suite(&self) -> Option<Suite> {
        self.also_opens
    }

    /// Whether values open in their own rows alone.
    #[must_use]
    pub fn is_row_bound(&self) -> bool {
        self.is_row_bound
    }

    /// Whether values open for their own tenants alone.
    #[must_use]
    pub fn is_tenant_bound(&self) -> bool {
        self.is_tenant_bound
    }

    /// How values are made longer, if they are.
    #[must_use]
    pub fn padding(&self) -> Option<Padding> {
        self.padding
    }

    pub(crate) fn shape(&self) -> ColumnShape<'_> {
        ColumnShape {
            context: &self.context,
            is_constant: false,
            kind: self.kind,
            suite: self.suite,
            also_opens: self.also_opens,
            is_row_bound: self.is_row_bound,
            is_tenant_bound: self.is_tenant_bound,
            padding: self.padding,
        }
    }
}

impl<T: Plain> From<&Column<T>> for ColumnSpec {
    fn from(column: &Column<T>) -> Self {
        let ColumnShape { context, kind, suite, also_opens, is_row_bound, is_tenant_bound, padding, .. } =
            column.shape();
        let context = context.to_owned();
        Self { context, kind, suite, also_opens, is_row_bound, is_tenant_bound, padding }
    }
}

impl fmt::Debug for ColumnSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ColumnSpec({}, {}, {})", self.context, self.kind, self.suite)
    }
}
