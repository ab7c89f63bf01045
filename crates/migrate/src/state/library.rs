/// Migrations that come with a library, for tables of its own: they have a history, a log and a lock of their own beside those of
/// the application, so that neither sees the other's files.
///
/// ```
/// use pgkeel_migrate::Library;
///
/// const SEALED: Library = Library::new("sealed");
/// # let _ = SEALED;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Library(&'static str);

/// So that the longest of its tables' names has 63 bytes at most.
const MOST_BYTES: usize = 40;

impl Library {
    /// A library of this name, which its tables begin with (`pgkeel.sealed_schema_history`): 1 to 40 lower case letters, digits
    /// and underscores, the first a letter.
    ///
    /// # Panics
    /// If it is another one; of a constant, the compiler says so.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        assert!(!bytes.is_empty() && bytes.len() <= MOST_BYTES, "a library's name has 1 to 40 bytes");
        assert!(bytes[0].is_ascii_lowercase(), "a library's name begins with a lower case letter");
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            let is_plain = byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            assert!(is_plain, "a library's name has lower case letters, digits and underscores");
            at += 1;
        }
        Self(name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}
