//! Lengths rounded up, so that they tell less: one byte 0x80 behind the value, then zeros (ISO/IEC 7816-4).

const MARK: u8 = 0x80;

/// The length of a value of `len` bytes with its padding: the next multiple of `bucket` that has room for the mark.
pub(crate) fn padded(len: usize, bucket: u16) -> usize {
    (len + 1).next_multiple_of(bucket.into())
}

/// Marks the end of a value of `len` bytes in a text that is zero behind it.
pub(crate) fn mark(text: &mut [u8], len: usize) {
    text[len] = MARK;
}

/// The length of the value in a text that is padded; `None` if there is no mark.
pub(crate) fn unpadded(text: &[u8]) -> Option<usize> {
    let end = text.iter().rposition(|&byte| byte != 0)?;
    (text[end] == MARK).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_padded_is_found_again() {
        for len in 0..100 {
            let mut text = vec![0; padded(len, 32)];
            text[..len].fill(0x80);
            mark(&mut text, len);
            assert_eq!(text.len() % 32, 0);
            assert!(text.len() - len <= 32);
            assert_eq!(unpadded(&text), Some(len));
        }
    }

    #[test]
    fn a_text_without_a_mark_is_not_padded() {
        assert_eq!(unpadded(b""), None);
        assert_eq!(unpadded(&[0; 32]), None);
        assert_eq!(unpadded(b"abc\0"), None);
    }
}
