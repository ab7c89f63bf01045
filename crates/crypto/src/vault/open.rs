use zeroize::Zeroizing;

use super::{Ring, Vault};
use crate::envelope::{self, Aad, Header};
use crate::error::Error;
use crate::place::Place;
use crate::plain::Plain;
use crate::spec::ColumnShape;
use crate::{Column, Sealed, Secret};

impl Vault {
    /// Opens a value that was sealed for this column and place, under the key that it names. At most one allocation, of the value.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] and [`Error::DisabledKey`] if the keyring has to be mended; [`Error::WrongKey`] and [`Error::Tampered`] if
    /// it is not what was stored here; [`Error::WrongContext`] if its header says that it is another column's;
    /// [`Error::Misplaced`] if the place does not go with the column; [`Error::Undecodable`].
    pub fn open<T: Plain>(
        &self,
        column: &Column<T>,
        sealed: &Sealed<T>,
        place: Place<'_>,
    ) -> Result<Secret<T>, Error> {
        let mut value = self.ring.load().open_bytes(&column.shape(), sealed.as_bytes(), place)?;
        T::from_bytes(std::mem::take(&mut *value)).map(Secret::new).ok_or(Error::Undecodable(T::KIND))
    }
}

impl Ring {
    /// What was sealed, as bytes; whether they are a value of its kind is for the caller to find out.
    pub(super) fn open_bytes(
        &self,
        column: &ColumnShape<'_>,
        envelope: &[u8],
        place: Place<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let misplaced = |mistake| column.misplaced(mistake);
        column.check_place(place).map_err(misplaced)?;
        let (header, body) = Header::parse(envelope)?;
        column.check_header(&header)?;
        let mut aad = Aad::new();
        let aad = aad.write(&header, column.context, place).map_err(misplaced)?;
        let cipher = self.cipher(header.key, header.suite, column, place.tenant)?;
        let opened = cipher.open(aad, body).map_err(|refusal| refusal.of(header.key));
        let mut value = Zeroizing::new(opened?);
        if header.is_padded {
            let len = envelope::unpadded(&value).ok_or(Error::Undecodable(header.kind))?;
            value.truncate(len);
        }
        Ok(value)
    }
}
