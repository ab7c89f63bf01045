use std::fmt;

use super::{BadSpec, ColumnSpec, IndexShape};
use crate::index::{Form, MOST_NAME};
use crate::plain::Plain;
use crate::{BlindIndex, Cost, Kind, Normalizer};

/// A blind index whose type of values is known at run time alone: what a [`BlindIndex`] says, to be kept and read again.
///
/// ```
/// use pgkeel_crypto::{BlindIndex, ColumnSpec, IndexSpec, Kind, Normalizer};
///
/// const BY_EMAIL: BlindIndex<String> = BlindIndex::text("app.users.email", "email_bidx", Normalizer::Email);
///
/// let column = ColumnSpec::new("app.users.email", Kind::Text)?;
/// let read = IndexSpec::new(&column, "email_bidx", Normalizer::Email)?;
/// assert_eq!(read, IndexSpec::from(&BY_EMAIL));
/// # Ok::<(), pgkeel_crypto::BadSpec>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct IndexSpec {
    context: String,
    name: String,
    form: Form,
    is_tenant_bound: bool,
}

impl IndexSpec {
    /// As [`BlindIndex::text`], over this column; of values that are no text the normaliser is `exact`.
    ///
    /// # Errors
    /// [`BadSpec::Name`] and [`BadSpec::NoText`].
    pub fn new(
        column: &ColumnSpec,
        name: impl Into<String>,
        normalizer: Normalizer,
    ) -> Result<Self, BadSpec> {
        let name = name.into();
        if name.is_empty() || name.len() > MOST_NAME {
            return Err(BadSpec::Name { bytes: name.len() });
        }
        if normalizer != Normalizer::Exact && column.kind() != Kind::Text {
            return Err(BadSpec::NoText);
        }
        let form = Form { normalizer, ..Form::whole(column.kind()) };
        let context = column.context().to_owned();
        Ok(Self { context, name, form, is_tenant_bound: false })
    }

    /// As [`BlindIndex::beacon`].
    ///
    /// # Errors
    /// [`BadSpec::Bits`].
    pub fn beacon(self, bits: u8) -> Result<Self, BadSpec> {
        if !(1..=64).contains(&bits) {
            return Err(BadSpec::Bits { bits });
        }
        Ok(Self { form: Form { bits, ..self.form }, ..self })
    }

    /// As `BlindIndex::slow`.
    #[cfg(feature = "passphrase")]
    #[must_use]
    pub fn slow(self, cost: Cost) -> Self {
        Self { form: Form { cost: Some(cost), ..self.form }, ..self }
    }

    /// As [`BlindIndex::per_tenant`].
    #[must_use]
    pub fn per_tenant(self) -> Self {
        Self { is_tenant_bound: true, ..self }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the column that it is beside.
    #[must_use]
    pub fn context(&self) -> &str {
        &self.context
    }

    /// What is equal to what.
    #[must_use]
    pub fn normalizer(&self) -> Normalizer {
        self.form.normalizer
    }

    /// How many bits it has, if it is a beacon.
    #[must_use]
    pub fn bits(&self) -> Option<u8> {
        (self.form.bits > 0).then_some(self.form.bits)
    }

    /// What a value costs, if it is slow.
    #[must_use]
    pub fn cost(&self) -> Option<Cost> {
        self.form.cost
    }

    /// Whether each tenant has keys of its own.
    #[must_use]
    pub fn is_tenant_bound(&self) -> bool {
        self.is_tenant_bound
    }

    /// Whether it is beside this column.
    pub(crate) fn is_of(&self, column: &ColumnSpec) -> bool {
        self.context == column.context() && self.form.kind == column.kind()
    }

    pub(crate) fn shape(&self) -> IndexShape<'_> {
        let Self { context, name, form, is_tenant_bound } = self;
        IndexShape { context, name, is_constant: false, form: *form, is_tenant_bound: *is_tenant_bound }
    }
}

impl<T: Plain> From<&BlindIndex<T>> for IndexSpec {
    fn from(index: &BlindIndex<T>) -> Self {
        let IndexShape { context, name, is_constant: _, form, is_tenant_bound } = index.shape();
        Self { context: context.to_owned(), name: name.to_owned(), form, is_tenant_bound }
    }
}

impl fmt::Debug for IndexSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IndexSpec({} of {}, {})", self.name, self.context, self.form.normalizer)
    }
}
