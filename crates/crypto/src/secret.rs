use std::fmt;

use zeroize::Zeroize;

/// A value that must not be seen: plaintext, once it is opened.
///
/// It cannot be printed, serialised, compared or cloned, and its memory is overwritten when it is dropped. What is done with
/// the value inside, [exposed](Self::expose), is up to the caller.
///
/// ```
/// use pgkeel_crypto::Secret;
///
/// let secret = Secret::new(String::from("ada@example.org"));
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret.expose(), "ada@example.org");
/// ```
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value in. Copies that were made of it before stay where they are.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. Search a program for this word to see where plaintext is used.
    #[must_use]
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
