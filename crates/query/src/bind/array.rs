use std::borrow::Cow;

use bytes::{BufMut as _, Bytes, BytesMut};
use tokio_postgres::types::{IsNull, Type};

use super::kind::element_of;
use super::{BindType, MisfitReason};

/// Writes an array of one dimension, counted from 1; of none without elements, as the server has it.
pub(super) fn write<T: BindType>(
    items: &[T],
    kind: &Type,
    out: &mut BytesMut,
) -> Result<IsNull, MisfitReason> {
    let element = element_of(kind).ok_or(MisfitReason::OtherType)?;
    let length = count(items.len())?;
    out.put_i32(i32::from(length > 0));
    let has_nulls = out.len();
    out.put_i32(0);
    out.put_u32(element.oid());
    if length > 0 {
        out.put_i32(length);
        out.put_i32(1);
    }
    for item in items {
        if write_element(item, element, out)? {
            out[has_nulls..has_nulls + 4].copy_from_slice(&1_i32.to_be_bytes());
        }
    }
    Ok(IsNull::No)
}

/// Says whether it is NULL.
fn write_element<T: BindType>(item: &T, kind: &Type, out: &mut BytesMut) -> Result<bool, MisfitReason> {
    let begin = out.len();
    out.put_i32(0);
    let is_null = matches!(item.write(kind, out)?, IsNull::Yes);
    if is_null {
        out.truncate(begin + 4);
    }
    let length = if is_null { -1 } else { count(out.len() - begin - 4)? };
    out[begin..begin + 4].copy_from_slice(&length.to_be_bytes());
    Ok(is_null)
}

/// A length as messages have it.
pub(crate) fn count(length: usize) -> Result<i32, MisfitReason> {
    i32::try_from(length).map_err(|_| MisfitReason::TooLong)
}

macro_rules! slices {
    ($(($($generics:tt)*) $slice:ty => $name:expr;)+) => {$(
        impl<$($generics)*> BindType for $slice {
            fn rust_type() -> Cow<'static, str> {
                $name.into()
            }

            fn natural_type() -> Option<Type> {
                T::natural_type_of_slice()
            }

            fn fits(kind: &Type) -> bool {
                T::slice_fits(kind)
            }

            fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
                T::write_slice(self, kind, out)
            }
        }
    )+};
}

slices! {
    (T: BindType) [T] => format!("[{}]", T::rust_type());
    (T: BindType) Vec<T> => format!("Vec<{}>", T::rust_type());
    (T: BindType, const N: usize) [T; N] => format!("[{}; {N}]", T::rust_type());
}

impl BindType for Bytes {
    fn rust_type() -> Cow<'static, str> {
        "Bytes".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::BYTEA)
    }

    fn fits(kind: &Type) -> bool {
        u8::slice_fits(kind)
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        u8::write_slice(self, kind, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_message_can_count_is_too_long() {
        assert_eq!(count(2_147_483_647), Ok(i32::MAX));
        assert_eq!(count(2_147_483_648), Err(MisfitReason::TooLong));
    }
}
