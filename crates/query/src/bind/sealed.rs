use std::borrow::Cow;

use bytes::BytesMut;
use pgkeel_crypto::{Plain, Sealed};
use tokio_postgres::types::{IsNull, ToSql, Type};

use super::{BindType, MisfitReason, short_name};

impl<P: Plain> BindType for Sealed<P> {
    fn rust_type() -> Cow<'static, str> {
        short_name::<Self>().into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::BYTEA)
    }

    fn fits(kind: &Type) -> bool {
        <Self as ToSql>::accepts(kind)
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        self.to_sql(kind, out).map_err(|_| MisfitReason::Refused)
    }
}
