use zeroize::Zeroizing;

use super::{Ring, Vault};
use crate::envelope::{self, Aad, Header};
use crate::error::{Error, NoRandomness};
use crate::place::Place;
use crate::plain::Plain;
use crate::random::{OperatingSystem, Random};
use crate::spec::ColumnShape;
use crate::suite::NONCE;
use crate::{Column, Sealed};

/// How many nonces are drawn in one go: 12 KiB.
const DRAWN: usize = 512;

impl Vault {
    /// Seals a value for its place, under the primary key. One allocation, of the envelope.
    ///
    /// # Errors
    /// [`Error::Misplaced`] if the place does not go with the column; [`Error::TooLong`]; [`Error::NoRandomness`].
    pub fn seal<T: Plain>(
        &self,
        column: &Column<T>,
        value: &T::Borrowed,
        place: Place<'_>,
    ) -> Result<Sealed<T>, Error> {
        self.ring.load().seal(&OperatingSystem, column, value, place)
    }

    /// Seals many values for their places, in their order, all under the same key; the nonces are drawn together, which takes less
    /// than half as long for short values. All are sealed, or none.
    ///
    /// # Errors
    /// [`Error::InBatch`] with the position of the first value that cannot be sealed, and why; [`Error::NoRandomness`].
    pub fn seal_batch<T: Plain>(
        &self,
        column: &Column<T>,
        values: &[(&T::Borrowed, Place<'_>)],
    ) -> Result<Vec<Sealed<T>>, Error> {
        self.ring.load().seal_batch(&OperatingSystem, column, values)
    }
}

impl Ring {
    pub(super) fn seal<T: Plain>(
        &self,
        random: &impl Random,
        column: &Column<T>,
        value: &T::Borrowed,
        place: Place<'_>,
    ) -> Result<Sealed<T>, Error> {
        let sealed = T::with_bytes(value, |bytes| self.seal_bytes(random, &column.shape(), bytes, place));
        sealed.map(Sealed::new)
    }

    pub(super) fn seal_bytes(
        &self,
        random: &impl Random,
        column: &ColumnShape<'_>,
        value: &[u8],
        place: Place<'_>,
    ) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE];
        if column.suite.is_randomized() {
            random.fill(&mut nonce).map_err(|error| Error::NoRandomness(NoRandomness(error)))?;
        }
        self.seal_with(&nonce, column, value, place)
    }

    pub(super) fn seal_batch<T: Plain>(
        &self,
        random: &impl Random,
        column: &Column<T>,
        values: &[(&T::Borrowed, Place<'_>)],
    ) -> Result<Vec<Sealed<T>>, Error> {
        let shape = column.shape();
        let mut sealed = Vec::with_capacity(values.len());
        let mut nonces = vec![[0; NONCE]; values.len().min(DRAWN)];
        for values in values.chunks(DRAWN) {
            let nonces = &mut nonces[..values.len()];
            if column.suite().is_randomized() {
                let drawn = random.fill(nonces.as_flattened_mut());
                drawn.map_err(|error| Error::NoRandomness(NoRandomness(error)))?;
            }
            for ((value, place), nonce) in values.iter().zip(nonces) {
                let one = T::with_bytes(value, |bytes| self.seal_with(nonce, &shape, bytes, *place));
                let position = sealed.len();
                let one = one.map_err(|source| Error::InBatch { position, source: Box::new(source) })?;
                sealed.push(Sealed::new(one));
            }
        }
        Ok(sealed)
    }

    /// Each nonce is for one envelope; what does not take one is given zeros.
    fn seal_with(
        &self,
        nonce: &[u8; NONCE],
        column: &ColumnShape<'_>,
        value: &[u8],
        place: Place<'_>,
    ) -> Result<Vec<u8>, Error> {
        let misplaced = |mistake| column.misplaced(mistake);
        column.check_place(place).map_err(misplaced)?;
        let header = self.header(column);
        let mut aad = Aad::new();
        let aad = aad.write(&header, column.context, place).map_err(misplaced)?;
        let cipher = self.cipher(header.key, header.suite, column, place.tenant)?;
        let mut sealed = written(&header, column, value)?;
        let bytes = sealed.len();
        let refused = cipher.seal(nonce, aad, &mut sealed[Header::LEN..]);
        refused.map_err(|_| Error::TooLong { bytes })?;
        Ok(std::mem::take(&mut *sealed))
    }
}

/// An envelope whose value is not encrypted yet, padded if its column is.
fn written(header: &Header, column: &ColumnShape<'_>, value: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let suite = header.suite;
    let text = column.padding.map_or(value.len(), |padding| envelope::padded(value.len(), padding.bytes()));
    let len = Header::LEN + suite.overhead() + text;
    if len > envelope::MOST {
        return Err(Error::TooLong { bytes: value.len() });
    }
    let mut envelope = Zeroizing::new(vec![0; len]);
    let start = Header::LEN + suite.prefix();
    envelope[..Header::LEN].copy_from_slice(&header.to_bytes());
    envelope[start..start + value.len()].copy_from_slice(value);
    if header.is_padded {
        envelope::mark(&mut envelope[start..start + text], value.len());
    }
    Ok(envelope)
}
