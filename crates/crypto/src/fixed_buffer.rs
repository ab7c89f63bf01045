//! Bytes that are put together on the stack.

/// What was to be appended does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// At most `N` bytes, without an allocation.
pub(crate) struct FixedBuffer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> FixedBuffer<N> {
    pub(crate) fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.len + bytes.len();
        self.bytes.get_mut(self.len..end).ok_or(Full)?.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    /// Appends the length, as two bytes big-endian, then the bytes: so what follows cannot be taken for a part of them.
    pub(crate) fn push_prefixed(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let len = u16::try_from(bytes.len()).map_err(|_| Full)?;
        self.push(&len.to_be_bytes())?;
        self.push(bytes)
    }

    /// Appends what `write` appends, with its length in front.
    pub(crate) fn prefix(&mut self, write: impl FnOnce(&mut Self) -> Result<(), Full>) -> Result<(), Full> {
        let start = self.len;
        self.push(&[0; 2])?;
        write(self)?;
        let len = u16::try_from(self.len - start - 2).map_err(|_| Full)?;
        self.bytes[start..start + 2].copy_from_slice(&len.to_be_bytes());
        Ok(())
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_stands_in_front_of_what_was_written() {
        let mut buffer = FixedBuffer::<16>::new();
        buffer.push(b"a").unwrap();
        buffer.prefix(|inner| inner.push_prefixed(b"bc")).unwrap();
        assert_eq!(buffer.as_slice(), b"a\0\x04\0\x02bc");
    }

    #[test]
    fn what_does_not_fit_is_refused_whole() {
        let mut buffer = FixedBuffer::<4>::new();
        assert_eq!(buffer.push(b"12345"), Err(Full));
        assert_eq!(buffer.as_slice(), b"");
        assert_eq!(buffer.push_prefixed(b"12"), Ok(()));
        assert_eq!(buffer.push(b"3"), Err(Full));
    }
}
