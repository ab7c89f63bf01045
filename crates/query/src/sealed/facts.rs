use std::any::Any;
use std::fmt;

use pgkeel_crypto::{
    BlindIndex, Column as Sealing, ColumnSpec, IndexSpec, Kind, Normalizer, Plain, Suite, Vault,
};
use tokio_postgres::types::Type;

use crate::entity::{ColumnFacts, Entity, EntityFacts, Role};

/// As [`BindType::natural_type`](crate::BindType::natural_type).
type NaturalType = fn() -> Option<Type>;

/// What a derive says of a sealed column: what a program that seals all of its cells anew has to know.
#[expect(clippy::exhaustive_structs, reason = "`#[derive(Entity)]` writes it out")]
pub struct SealedFacts {
    /// No public interface: use [`entity`](Self::entity).
    #[doc(hidden)]
    pub entity: &'static EntityFacts,
    /// No public interface: use [`column`](Self::column).
    #[doc(hidden)]
    pub column: &'static ColumnFacts,
    /// No public interface: use [`is_nullable`](Self::is_nullable).
    #[doc(hidden)]
    pub is_nullable: bool,
    /// No public interface: use [`ids`](Self::ids).
    #[doc(hidden)]
    pub ids: &'static [&'static ColumnFacts],
    /// No public interface: the server's type that is most like that of the id, if it is one column.
    #[doc(hidden)]
    pub id_type: Option<NaturalType>,
    /// No public interface: use [`tenant`](Self::tenant).
    #[doc(hidden)]
    pub tenant: Option<&'static ColumnFacts>,
    /// No public interface: use [`indexes`](Self::indexes).
    #[doc(hidden)]
    pub indexes: &'static [IndexFacts],
    /// No public interface: use [`sealing`](Self::sealing).
    #[doc(hidden)]
    pub values: &'static dyn Values,
}

/// What a derive says of a blind index.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "`#[derive(Entity)]` writes it out")]
pub struct IndexFacts {
    /// No public interface: use [`column`](Self::column).
    #[doc(hidden)]
    pub column: &'static ColumnFacts,
    /// No public interface: use [`normalizer`](Self::normalizer).
    #[doc(hidden)]
    pub normalizer: Normalizer,
    /// No public interface: use [`is_unique`](Self::is_unique).
    #[doc(hidden)]
    pub is_unique: bool,
    /// No public interface: use [`bits`](Self::bits).
    #[doc(hidden)]
    pub bits: u8,
}

/// Where the id of a row comes from before it is inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdSource {
    /// From the sequence of its column.
    Sequence,
    /// From here: a `UUIDv7`.
    #[cfg(feature = "uuid")]
    Uuid,
    /// From the program.
    Said,
}

impl SealedFacts {
    /// The entity that the column is one of.
    #[must_use]
    pub const fn entity(&self) -> &'static EntityFacts {
        self.entity
    }

    /// The column of the envelopes.
    #[must_use]
    pub const fn column(&self) -> &'static ColumnFacts {
        self.column
    }

    /// Whether it has a place for NULL.
    #[must_use]
    pub const fn is_nullable(&self) -> bool {
        self.is_nullable
    }

    /// The primary key, in the order of the fields: what values are bound to, if they are bound to their rows.
    #[must_use]
    pub const fn ids(&self) -> &'static [&'static ColumnFacts] {
        self.ids
    }

    /// Whose row it is, if values are bound to that.
    #[must_use]
    pub fn tenant(&self) -> Option<&'static ColumnFacts> {
        self.tenant.filter(|_| self.values.is_tenant_bound())
    }

    /// Its blind indexes.
    #[must_use]
    pub const fn indexes(&self) -> &'static [IndexFacts] {
        self.indexes
    }

    /// The logical name that its keys are made of.
    #[must_use]
    pub fn context(&self) -> &'static str {
        self.values.context()
    }

    /// The type of its values.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.values.kind()
    }

    /// Whether a value opens in its own row alone.
    #[must_use]
    pub fn is_row_bound(&self) -> bool {
        self.values.is_row_bound()
    }

    /// The bytes of its shortest envelope.
    #[must_use]
    pub fn least_len(&self) -> usize {
        self.values.least_len()
    }

    /// The first eight bytes of what is sealed now: what begins otherwise is to be sealed anew. As [`Vault::prefix`].
    #[must_use]
    pub fn prefix(&self, vault: &Vault) -> [u8; 8] {
        self.values.prefix(vault)
    }

    /// How its values are sealed, if they are of this type.
    #[must_use]
    pub fn sealing<P: Plain + 'static>(&self) -> Option<&'static Sealing<P>> {
        self.values_of::<P>().map(|values| &values.column)
    }

    /// The index in which equal values meet: a unique one, or the first of whole values, which may be in a unique index with other
    /// columns. `None` if there is none, or if the envelopes of a deterministic column are as good.
    pub(crate) fn conflict_index(&self) -> Option<&IndexFacts> {
        let is_constant = || self.values.column_spec().suite() == Suite::Aes256Siv;
        let whole = || self.indexes.iter().find(|index| index.bits().is_none()).filter(|_| !is_constant());
        self.indexes.iter().find(|index| index.is_unique()).or_else(whole)
    }

    /// Table and column, as errors name them.
    pub(crate) fn path(&self) -> String {
        format!("{}.{}", self.entity.table(), self.column.name())
    }

    pub(crate) fn values_of<P: Plain + 'static>(&self) -> Option<&'static SealedValues<P>> {
        self.values.as_any().downcast_ref()
    }

    pub(crate) fn id_source(&self) -> IdSource {
        let [id] = self.ids else { return IdSource::Said };
        match self.id_type.and_then(|kind| kind()) {
            Some(Type::INT2 | Type::INT4 | Type::INT8) if id.is(Role::Generated) => IdSource::Sequence,
            #[cfg(feature = "uuid")]
            Some(Type::UUID) => IdSource::Uuid,
            _ => IdSource::Said,
        }
    }
}

impl IndexFacts {
    /// The column of the index.
    #[must_use]
    pub const fn column(&self) -> &'static ColumnFacts {
        self.column
    }

    /// What is equal to what.
    #[must_use]
    pub const fn normalizer(&self) -> Normalizer {
        self.normalizer
    }

    /// Whether no two rows have the same value.
    #[must_use]
    pub const fn is_unique(&self) -> bool {
        self.is_unique
    }

    /// Of a beacon, its bits: 1 to 64.
    #[must_use]
    pub const fn bits(&self) -> Option<u8> {
        if self.bits == 0 { None } else { Some(self.bits) }
    }

    /// The bytes of what is in the column.
    pub(super) const fn len(&self) -> u8 {
        match self.bits() {
            Some(bits) => bits.div_ceil(8),
            None => 16,
        }
    }
}

impl fmt::Debug for SealedFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedFacts")
            .field("column", &self.path())
            .field("context", &self.context())
            .field("kind", &self.kind())
            .field("indexes", &self.indexes)
            .finish_non_exhaustive()
    }
}

/// What is said of a sealed column in the types of its values. No public interface.
#[doc(hidden)]
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "`#[derive(Entity)]` writes it out")]
pub struct SealedValues<P: Plain + 'static> {
    pub column: Sealing<P>,
    /// In the order of the facts, of whole values.
    pub indexes: &'static [BlindIndex<P>],
}

impl<P: Plain + 'static> SealedValues<P> {
    pub(super) fn indexed(&self, facts: &SealedFacts, number: usize) -> BlindIndex<P> {
        let whole = self.indexes[number];
        facts.indexes[number].bits().map_or(whole, |bits| whole.beacon(bits))
    }
}

/// The same without the types. No public interface.
#[doc(hidden)]
pub trait Values: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn context(&self) -> &'static str;
    fn kind(&self) -> Kind;
    fn is_row_bound(&self) -> bool;
    fn is_tenant_bound(&self) -> bool;
    fn least_len(&self) -> usize;
    fn prefix(&self, vault: &Vault) -> [u8; 8];
    fn column_spec(&self) -> ColumnSpec;
    fn index_spec(&self, facts: &SealedFacts, number: usize) -> IndexSpec;
}

impl<P: Plain + 'static> Values for SealedValues<P> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn context(&self) -> &'static str {
        self.column.context()
    }

    fn kind(&self) -> Kind {
        P::KIND
    }

    fn is_row_bound(&self) -> bool {
        self.column.is_row_bound()
    }

    fn is_tenant_bound(&self) -> bool {
        self.column.is_tenant_bound()
    }

    fn least_len(&self) -> usize {
        self.column.least_len()
    }

    fn prefix(&self, vault: &Vault) -> [u8; 8] {
        vault.prefix(&self.column)
    }

    fn column_spec(&self) -> ColumnSpec {
        ColumnSpec::from(&self.column)
    }

    fn index_spec(&self, facts: &SealedFacts, number: usize) -> IndexSpec {
        IndexSpec::from(&self.indexed(facts, number))
    }
}

/// All sealed columns of an entity. No public interface.
#[doc(hidden)]
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "`#[derive(Entity)]` writes it out")]
pub struct Registered(pub &'static [&'static SealedFacts]);

inventory::collect!(Registered);

/// All sealed columns of the program: of each entity that was linked into it, whichever crate it is of. In no certain order.
pub fn registered() -> impl Iterator<Item = &'static SealedFacts> {
    inventory::iter::<Registered>().flat_map(|registered| registered.0.iter().copied())
}

/// What is said of this column, if it is sealed.
pub(crate) fn of_column<E: Entity>(column: &ColumnFacts) -> Option<&'static SealedFacts> {
    E::SEALED.iter().copied().find(|facts| facts.column.name() == column.name())
}
