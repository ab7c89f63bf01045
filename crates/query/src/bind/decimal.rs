use std::borrow::Cow;

use bytes::BytesMut;
use rust_decimal::Decimal;
use tokio_postgres::types::{IsNull, Type};

use super::kind::base;
use super::numeric::write_numeric;
use super::{BindType, MisfitReason};

impl BindType for Decimal {
    fn rust_type() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::NUMERIC)
    }

    fn fits(kind: &Type) -> bool {
        *base(kind) == Type::NUMERIC
    }

    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        let scale = u16::try_from(self.scale()).map_err(|_| MisfitReason::OutOfRange)?;
        write_numeric(self.is_sign_negative(), self.mantissa().unsigned_abs(), scale, out)?;
        Ok(IsNull::No)
    }
}
