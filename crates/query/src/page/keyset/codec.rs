//! Bytes with their length in front, as positions and cursors are written.

/// The length and the bytes; of NULL a length that nothing has.
pub(crate) fn put(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    // What a message of the protocol has brought is shorter than `u32::MAX`.
    let length = bytes.map_or(u32::MAX, |bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX - 1));
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes.unwrap_or_default());
}

/// There are fewer bytes than were said.
#[derive(Debug)]
pub(crate) struct Cut;

/// Reads what was written, and never further than that.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// `None` for NULL.
    pub(crate) fn bytes(&mut self) -> Result<Option<&'a [u8]>, Cut> {
        let length = u32::from_be_bytes(self.take().ok_or(Cut)?);
        if length == u32::MAX {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| Cut)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Cut)?;
        self.0 = rest;
        Ok(Some(taken))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}
