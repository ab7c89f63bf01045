//! Work on envelopes by those who do not look at what is in them.

use zeroize::Zeroizing;

use super::{Ring, Vault};
use crate::envelope::Header;
use crate::error::Error;
use crate::keys::KeyList;
use crate::place::Place;
use crate::plain;
use crate::random::OperatingSystem;
use crate::spec::ColumnShape;
use crate::suite::Refusal;
use crate::{ColumnSpec, IndexSpec, IndexValue, KeyId};

impl Vault {
    /// Seals anew what was sealed otherwise than it would be now, for the same place. `None` if its header is the one that it would
    /// get: then it is not opened. Plaintext is overwritten before this returns.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`seal`](Self::seal).
    pub fn reseal(
        &self,
        column: &ColumnSpec,
        envelope: &[u8],
        place: Place<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let (ring, shape) = (self.ring.load(), column.shape());
        let (header, _) = Header::parse(envelope)?;
        if header == ring.header(&shape) {
            return Ok(None);
        }
        let value = ring.open_value(&shape, envelope, place)?;
        ring.seal_bytes(&OperatingSystem, &shape, &value, place).map(Some)
    }

    /// Seals the bytes of a value whose type is known at run time alone: as [`Kind`](crate::Kind) says of them. Those of a plaintext
    /// column that becomes a sealed one.
    ///
    /// # Errors
    /// As [`seal`](Self::seal); [`Error::NotOfKind`] if they are no value of the column's type.
    pub fn seal_bytes(&self, column: &ColumnSpec, value: &[u8], place: Place<'_>) -> Result<Vec<u8>, Error> {
        if !plain::is_of(column.kind(), value) {
            return Err(Error::NotOfKind(column.kind()));
        }
        self.ring.load().seal_bytes(&OperatingSystem, &column.shape(), value, place)
    }

    /// What an index has for the value in an envelope of its column, under the primary key of indexes. The place has row and tenant
    /// if column or index is bound to them.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`index`](Self::index); [`Error::IndexOfOther`].
    pub fn reindex(
        &self,
        column: &ColumnSpec,
        index: &IndexSpec,
        envelope: &[u8],
        place: Place<'_>,
    ) -> Result<IndexValue, Error> {
        let primary = self.ring.load().keyring.list(KeyList::Index).primary().ok_or(Error::NoIndexKey)?;
        self.reindex_under(primary, column, index, envelope, place)
    }

    /// As [`reindex`](Self::reindex), under this key of indexes.
    ///
    /// # Errors
    /// As [`open`](Self::open), for the key of indexes too; [`Error::IndexOfOther`].
    pub fn reindex_under(
        &self,
        key: KeyId,
        column: &ColumnSpec,
        index: &IndexSpec,
        envelope: &[u8],
        place: Place<'_>,
    ) -> Result<IndexValue, Error> {
        if !index.is_of(column) {
            let (index, column) = (index.name().to_owned(), column.context().to_owned());
            return Err(Error::IndexOfOther { index, column });
        }
        let ring = self.ring.load();
        let tenant = |is_bound: bool| if is_bound { place.tenant } else { None };
        let of_column = Place { tenant: tenant(column.is_tenant_bound()), ..place };
        let value = ring.open_value(&column.shape(), envelope, of_column)?;
        ring.index_bytes(key, &index.shape(), &value, tenant(index.is_tenant_bound()))
    }

    /// Whether an envelope opens, and is a value of the column's type. What is opened is overwritten.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn check(&self, column: &ColumnSpec, envelope: &[u8], place: Place<'_>) -> Result<(), Error> {
        self.ring.load().open_value(&column.shape(), envelope, place).map(drop)
    }

    /// Whether what an envelope opens to is the value of these bytes. It is overwritten.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn opens_to(
        &self,
        column: &ColumnSpec,
        envelope: &[u8],
        value: &[u8],
        place: Place<'_>,
    ) -> Result<bool, Error> {
        Ok(self.ring.load().open_value(&column.shape(), envelope, place)?.as_slice() == value)
    }

    /// Whether an envelope is one of this column's and tenant's, and was sealed under the key that it names, without opening it: by
    /// header and commitment. Of a suite without commitment it tells that the key is there, and no more. It takes the
    /// [`QUICK`](Self::QUICK) first bytes of an envelope as well as all of it.
    ///
    /// # Errors
    /// As [`open`](Self::open), but neither [`Error::Tampered`] nor [`Error::Undecodable`].
    pub fn check_key(&self, column: &ColumnSpec, envelope: &[u8], place: Place<'_>) -> Result<(), Error> {
        let (ring, shape) = (self.ring.load(), column.shape());
        shape.check_place(place).map_err(|mistake| shape.misplaced(mistake))?;
        let (header, body) = Header::parse(envelope)?;
        shape.check_header(&header)?;
        let committed = ring.cipher(header.key, header.suite, &shape, place.tenant)?.check_key(body);
        committed.map_err(|refusal| refusal.of(header.key))
    }

    /// So many bytes of an envelope are enough for [`check_key`](Self::check_key): those of an empty value of the longest suite.
    pub const QUICK: usize = 80;

    /// The first eight bytes of what is sealed in this column now, as [`prefix`](Self::prefix) of one whose type is known.
    #[must_use]
    pub fn prefix_of(&self, column: &ColumnSpec) -> [u8; 8] {
        self.ring.load().header(&column.shape()).to_bytes()
    }
}

impl Ring {
    /// The bytes of a value of the column's type.
    fn open_value(
        &self,
        column: &ColumnShape<'_>,
        envelope: &[u8],
        place: Place<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let value = self.open_bytes(column, envelope, place)?;
        if plain::is_of(column.kind, &value) { Ok(value) } else { Err(Error::Undecodable(column.kind)) }
    }
}

impl Refusal {
    pub(super) fn of(self, key: KeyId) -> Error {
        match self {
            Self::WrongKey => Error::WrongKey(key),
            Self::Tampered => Error::Tampered(key),
        }
    }
}
