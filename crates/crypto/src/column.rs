use std::fmt;
use std::marker::PhantomData;

use crate::envelope::Header;
use crate::plain::Plain;
use crate::spec::ColumnShape;
use crate::suite::Suite;

pub(crate) const MOST_CONTEXT: usize = 128;

/// A column whose values are sealed: what they are, how, and what they are bound to.
///
/// By default a value opens only in its own row, so its key is needed to open it, and copying a row means opening and
/// sealing. `T` is the type of the values.
///
/// ```
/// use pgkeel_crypto::{Column, Date, Padding};
///
/// const EMAIL: Column<String> = Column::new("app.users.email");
/// const BIRTHDAY: Column<Date> = Column::new("app.users.birthday").per_tenant();
/// const NOTE: Column<String> = Column::new("app.users.note").any_row().padded(Padding::to(64));
/// # let _ = (EMAIL, BIRTHDAY, NOTE);
/// ```
pub struct Column<T> {
    context: &'static str,
    suite: Suite,
    also_opens: Option<Suite>,
    is_row_bound: bool,
    is_tenant_bound: bool,
    padding: Option<Padding>,
    values: PhantomData<fn() -> T>,
}

/// Values are made longer, so that their lengths tell less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Padding(u16);

impl Padding {
    /// To the next multiple of so many bytes, at least one byte more: 1 to 65,535.
    ///
    /// # Panics
    /// If it is 0; of a constant, the compiler says so.
    #[must_use]
    pub const fn to(bytes: u16) -> Self {
        assert!(bytes > 0, "a multiple of 0 bytes");
        Self(bytes)
    }

    /// The multiple.
    #[must_use]
    pub const fn bytes(self) -> u16 {
        self.0
    }
}

impl<T: Plain> Column<T> {
    /// A column of this name, which is part of its keys: 1 to 128 bytes. It is declared, not looked up, so that it stays when
    /// table or column are renamed; whatever it is, no other column may have it.
    ///
    /// # Panics
    /// If it is empty or longer; of a constant, the compiler says so.
    #[must_use]
    pub const fn new(context: &'static str) -> Self {
        assert!(!context.is_empty() && context.len() <= MOST_CONTEXT, "a context has 1 to 128 bytes");
        Self {
            context,
            suite: Suite::KcXaes256Gcm,
            also_opens: None,
            is_row_bound: true,
            is_tenant_bound: false,
            padding: None,
            values: PhantomData,
        }
    }

    /// Values are not bound to their rows: whoever can write to the table can move them from one to another.
    #[must_use]
    pub const fn any_row(self) -> Self {
        Self { is_row_bound: false, ..self }
    }

    /// Values are bound to a tenant, and each tenant has keys of its own.
    #[must_use]
    pub const fn per_tenant(self) -> Self {
        Self { is_tenant_bound: true, ..self }
    }

    /// Values are made longer before they are encrypted.
    #[must_use]
    pub const fn padded(self, padding: Padding) -> Self {
        Self { padding: Some(padding), ..self }
    }

    /// Equal values are equal envelopes, in whichever rows; so who sees the table sees which are equal, and how often. A
    /// [`BlindIndex`](crate::BlindIndex) beside a column that is not deterministic tells no more, and less with beacons.
    #[cfg(feature = "siv")]
    #[must_use]
    pub const fn deterministic(self) -> Self {
        Self { suite: Suite::Aes256Siv, is_row_bound: false, ..self }
    }

    /// Values are sealed without a commitment to the key, by [`Suite::Xaes256Gcm`]: 32 bytes less each. Whoever knows two keys
    /// can make an envelope that opens under both.
    #[must_use]
    pub const fn uncommitted(self) -> Self {
        Self { suite: Suite::Xaes256Gcm, ..self }
    }

    /// Opens envelopes of another suite besides, while a column goes over from one to the other.
    #[must_use]
    pub const fn also_opens(self, suite: Suite) -> Self {
        Self { also_opens: Some(suite), ..self }
    }

    /// Its name.
    #[must_use]
    pub const fn context(&self) -> &'static str {
        self.context
    }

    /// What its values are sealed with.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The bytes of its shortest envelope: what is shorter is none, which a check of the table can tell.
    #[must_use]
    pub fn least_len(&self) -> usize {
        let value = match self.padding {
            Some(padding) => crate::envelope::padded(T::KIND.least_len(), padding.bytes()),
            None => T::KIND.least_len(),
        };
        Header::LEN + self.suite.overhead() + value
    }

    /// Whether its values are bound to their rows.
    #[must_use]
    pub const fn is_row_bound(&self) -> bool {
        self.is_row_bound
    }

    /// Whether its values are bound to tenants.
    #[must_use]
    pub const fn is_tenant_bound(&self) -> bool {
        self.is_tenant_bound
    }

    pub(crate) const fn shape(&self) -> ColumnShape<'static> {
        let Self { context, suite, also_opens, is_row_bound, is_tenant_bound, padding, values: _ } = *self;
        let (is_constant, kind) = (true, T::KIND);
        ColumnShape { context, is_constant, kind, suite, also_opens, is_row_bound, is_tenant_bound, padding }
    }
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Column<T> {}

impl<T: Plain> fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({}, {}, {})", self.context, T::KIND, self.suite)
    }
}
