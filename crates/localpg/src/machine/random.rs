//! Names and passwords nobody can guess.

use std::{fmt::Write as _, io, path::PathBuf};

use crate::Error;

/// `N` random bytes of the operating system as hexadecimal digits.
pub(crate) fn hex<const N: usize>() -> Result<String, Error> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Io {
        step: "get random bytes from",
        path: PathBuf::from("the operating system"),
        source: io::Error::other(error),
    })?;
    Ok(digits(&bytes))
}

/// Bytes as hexadecimal digits.
pub(crate) fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
