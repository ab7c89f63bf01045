use std::borrow::Cow;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{IsNull, Type};

use super::kind::base;
use super::numeric::write_numeric;
use super::{BindType, MisfitReason};

/// Each with its natural type, and all that hold every value of it.
macro_rules! integers {
    ($($rust:ident, $natural:ident: $($kind:ident)+ $({ $($more:item)+ })?;)+) => {$(
        impl BindType for $rust {
            fn rust_type() -> Cow<'static, str> {
                stringify!($rust).into()
            }

            fn natural_type() -> Option<Type> {
                Some(Type::$natural)
            }

            fn fits(kind: &Type) -> bool {
                matches!(*base(kind), $(Type::$kind)|+)
            }

            fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
                write_integer(i128::from(*self), base(kind), out)
            }

            $($($more)+)?
        }
    )+};
}

integers! {
    i8, INT2: INT2 INT4 INT8 FLOAT4 FLOAT8 NUMERIC;
    i16, INT2: INT2 INT4 INT8 FLOAT4 FLOAT8 NUMERIC;
    i32, INT4: INT4 INT8 FLOAT8 NUMERIC {
        fn as_i32(&self) -> Option<i32> {
            Some(*self)
        }
    };
    i64, INT8: INT8 NUMERIC {
        fn as_i64(&self) -> Option<i64> {
            Some(*self)
        }
    };
    u16, INT4: INT4 INT8 FLOAT4 FLOAT8 NUMERIC;
    u32, INT8: INT8 FLOAT8 NUMERIC OID;
    u64, NUMERIC: NUMERIC;
    u8, INT2: INT2 INT4 INT8 FLOAT4 FLOAT8 NUMERIC {
        fn natural_type_of_slice() -> Option<Type> {
            Some(Type::BYTEA)
        }

        fn slice_fits(kind: &Type) -> bool {
            *base(kind) == Type::BYTEA
        }

        fn write_slice(items: &[Self], _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
            out.extend_from_slice(items);
            Ok(IsNull::No)
        }
    };
}

/// For types that [`BindType::fits`] lets through, every value goes in: the rest is a bound against mistakes in the table.
#[expect(
    clippy::cast_precision_loss,
    reason = "only integers of fewer bits than the float has digits come here"
)]
fn write_integer(value: i128, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
    fn into<T: TryFrom<i128>>(value: i128) -> Result<T, MisfitReason> {
        T::try_from(value).map_err(|_| MisfitReason::OtherType)
    }
    match *kind {
        Type::INT2 => out.put_i16(into(value)?),
        Type::INT4 => out.put_i32(into(value)?),
        Type::INT8 => out.put_i64(into(value)?),
        Type::OID => out.put_u32(into(value)?),
        Type::FLOAT4 => out.put_f32(value as f32),
        Type::FLOAT8 => out.put_f64(value as f64),
        Type::NUMERIC => write_numeric(value < 0, value.unsigned_abs(), 0, out)?,
        _ => return Err(MisfitReason::OtherType),
    }
    Ok(IsNull::No)
}

impl BindType for bool {
    fn rust_type() -> Cow<'static, str> {
        "bool".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::BOOL)
    }

    fn fits(kind: &Type) -> bool {
        *base(kind) == Type::BOOL
    }

    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        out.put_u8(u8::from(*self));
        Ok(IsNull::No)
    }
}

impl BindType for f32 {
    fn rust_type() -> Cow<'static, str> {
        "f32".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::FLOAT4)
    }

    fn fits(kind: &Type) -> bool {
        matches!(*base(kind), Type::FLOAT4 | Type::FLOAT8)
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        match *base(kind) {
            Type::FLOAT4 => out.put_f32(*self),
            _ => out.put_f64(f64::from(*self)),
        }
        Ok(IsNull::No)
    }
}

impl BindType for f64 {
    fn rust_type() -> Cow<'static, str> {
        "f64".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::FLOAT8)
    }

    fn fits(kind: &Type) -> bool {
        *base(kind) == Type::FLOAT8
    }

    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        out.put_f64(*self);
        Ok(IsNull::No)
    }
}
