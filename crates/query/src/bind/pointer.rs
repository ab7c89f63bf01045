//! What holds a value, or perhaps none.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, Type};

use super::{Bind, BindType, Misfit, MisfitReason};

impl<T: BindType> BindType for Option<T> {
    fn rust_type() -> Cow<'static, str> {
        format!("Option<{}>", T::rust_type()).into()
    }

    fn natural_type() -> Option<Type> {
        T::natural_type()
    }

    fn fits(kind: &Type) -> bool {
        T::fits(kind)
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        self.as_ref().map_or(Ok(IsNull::Yes), |value| value.write(kind, out))
    }
}

macro_rules! as_what_it_points_to {
    ($(($($generics:tt)*) $pointer:ty;)+) => {$(
        impl<$($generics)*> BindType for $pointer {
            fn rust_type() -> Cow<'static, str> {
                T::rust_type()
            }

            fn natural_type() -> Option<Type> {
                T::natural_type()
            }

            fn fits(kind: &Type) -> bool {
                T::fits(kind)
            }

            fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
                <T as BindType>::write(self, kind, out)
            }

            fn as_i64(&self) -> Option<i64> {
                <T as BindType>::as_i64(self)
            }

            fn as_i32(&self) -> Option<i32> {
                <T as BindType>::as_i32(self)
            }
        }
    )+};
}

as_what_it_points_to! {
    (T: BindType + ?Sized) &T;
    (T: BindType + ?Sized) Box<T>;
    (T: BindType + ?Sized) Arc<T>;
    (T: BindType + ToOwned<Owned: Send + Sync> + ?Sized) Cow<'_, T>;
}

macro_rules! any_behind {
    ($($pointer:ty),+) => {$(
        impl Bind for $pointer {
            fn type_name(&self) -> Cow<'static, str> {
                (**self).type_name()
            }

            fn sent_as(&self) -> Option<Type> {
                (**self).sent_as()
            }

            fn write_checked(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Misfit> {
                (**self).write_checked(kind, out)
            }

            fn tell(&self, out: &mut BytesMut) -> Option<IsNull> {
                (**self).tell(out)
            }
        }
    )+};
}

any_behind!(&(dyn Bind + '_), Box<dyn Bind + '_>, Arc<dyn Bind + '_>);
