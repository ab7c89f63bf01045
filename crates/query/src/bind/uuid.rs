use std::borrow::Cow;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, Type};
use uuid::Uuid;

use super::kind::base;
use super::{BindType, MisfitReason};

impl BindType for Uuid {
    fn rust_type() -> Cow<'static, str> {
        "Uuid".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::UUID)
    }

    fn fits(kind: &Type) -> bool {
        *base(kind) == Type::UUID
    }

    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        out.extend_from_slice(self.as_bytes());
        Ok(IsNull::No)
    }
}
