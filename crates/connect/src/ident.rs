use std::borrow::Cow;
use std::fmt;

/// The longest name that PostgreSQL keeps, in bytes (`NAMEDATALEN` - 1). It cuts longer ones off without an error.
const MOST_BYTES: usize = 63;

/// A name of a database object, quoted wherever it is shown.
///
/// ```
/// use pgkeel_connect::Ident;
///
/// let table = Ident::new("od\"d")?;
/// assert_eq!(format!("select count(*) from {table}"), "select count(*) from \"od\"\"d\"");
/// # Ok::<(), pgkeel_connect::BadIdent>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(Cow<'static, str>);

impl Ident {
    /// A name of 1 to 63 bytes without a zero byte.
    ///
    /// # Errors
    /// [`BadIdent`], with what is wrong.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, BadIdent> {
        let name = name.into();
        match name.len() {
            0 => Err(BadIdent::Empty),
            length if length > MOST_BYTES => Err(BadIdent::TooLong { length }),
            _ if name.contains('\0') => Err(BadIdent::ZeroByte),
            _ => Ok(Self(name)),
        }
    }

    /// The name as it is, unquoted.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A text that cannot be the name of a database object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadIdent {
    /// It has no characters.
    #[error("a name needs at least one character")]
    Empty,
    /// PostgreSQL would cut it off without a word.
    #[error("a name has at most {MOST_BYTES} bytes, this one {length}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// It holds a byte that ends names.
    #[error("a name has no zero byte")]
    ZeroByte,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_postgresql_would_change_are_refused() {
        assert_eq!(Ident::new(""), Err(BadIdent::Empty));
        assert_eq!(Ident::new("ä".repeat(32)), Err(BadIdent::TooLong { length: 64 }));
        assert_eq!(Ident::new("a\0b"), Err(BadIdent::ZeroByte));
        assert!(Ident::new("a".repeat(63)).is_ok());
    }
}
