use std::borrow::Cow;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, Kind, Type};

use super::kind::base;
use super::{BindType, MisfitReason};

/// The extension's type has no number of its own that could be known.
const CITEXT: &str = "citext";

impl BindType for str {
    fn rust_type() -> Cow<'static, str> {
        "str".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::TEXT)
    }

    /// Of an enum the server checks the label.
    fn fits(kind: &Type) -> bool {
        let kind = base(kind);
        match *kind {
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => true,
            _ => match kind.kind() {
                Kind::Enum(_) => true,
                Kind::Simple => kind.name() == CITEXT,
                _ => false,
            },
        }
    }

    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        if self.as_bytes().contains(&0) {
            return Err(MisfitReason::ZeroByte);
        }
        out.extend_from_slice(self.as_bytes());
        Ok(IsNull::No)
    }
}

impl BindType for String {
    fn rust_type() -> Cow<'static, str> {
        "String".into()
    }

    fn natural_type() -> Option<Type> {
        str::natural_type()
    }

    fn fits(kind: &Type) -> bool {
        str::fits(kind)
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        self.as_str().write(kind, out)
    }
}

impl BindType for char {
    fn rust_type() -> Cow<'static, str> {
        "char".into()
    }

    fn natural_type() -> Option<Type> {
        str::natural_type()
    }

    fn fits(kind: &Type) -> bool {
        str::fits(kind)
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        self.encode_utf8(&mut [0; 4]).write(kind, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composite_type_called_citext_is_no_text() {
        let citext = |kind| Type::new(CITEXT.to_owned(), 90_000, kind, "public".to_owned());
        assert!(str::fits(&citext(Kind::Simple)));
        assert!(!str::fits(&citext(Kind::Composite(Vec::new()))));
    }
}
