use zeroize::Zeroizing;

use super::{Ring, Vault};
use crate::envelope::{self, Aad};
use crate::error::Error;
use crate::place::Place;
use crate::plain::Plain;
use crate::suite::Refusal;
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
        self.ring.load().open(column, sealed, place)
    }
}

impl Ring {
    pub(super) fn open<T: Plain>(
        &self,
        column: &Column<T>,
        sealed: &Sealed<T>,
        place: Place<'_>,
    ) -> Result<Secret<T>, Error> {
        let misplaced = |mistake| Error::Misplaced { context: column.context(), mistake };
        column.check_place(place).map_err(misplaced)?;
        let (header, body) = sealed.parse()?;
        column.check_header(&header)?;
        let mut aad = Aad::new();
        let aad = aad.write(&header, column.context(), place).map_err(misplaced)?;
        let cipher = self.cipher(header.key, header.suite, column.context(), place.tenant)?;
        let opened = cipher.open(aad, body).map_err(|refusal| match refusal {
            Refusal::WrongKey => Error::WrongKey(header.key),
            Refusal::Tampered => Error::Tampered(header.key),
        });
        let mut text = Zeroizing::new(opened?);
        if header.is_padded {
            let len = envelope::unpadded(&text).ok_or(Error::Undecodable(header.kind))?;
            text.truncate(len);
        }
        T::from_bytes(std::mem::take(&mut *text)).map(Secret::new).ok_or(Error::Undecodable(header.kind))
    }
}
