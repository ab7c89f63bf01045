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
            _ => matches!(kind.kind(), Kind::Enum(_)) || kind.name() == CITEXT,
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
