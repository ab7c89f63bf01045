use std::borrow::Cow;
use std::fmt;

use bytes::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};

use super::{BindType, MisfitReason, short_name};

/// A value of any type that the driver can write: `ViaToSql(&mood)`.
///
/// The type's `accepts` decides what it fits. An error or a panic in it is told without what it said, as that may quote the
/// value; and unlike with the driver alone, the connection goes on after either.
///
/// What its `ToSql` writes is sent, and not looked at: `ViaToSql(Json(f64::NAN))` is JSON's `null`.
///
/// It has no natural type: where parameters are sent with their types, say which.
///
/// ```
/// use pgkeel_query::{BindType, Type};
/// use pgkeel_query::bind::ViaToSql;
/// use std::time::SystemTime;
///
/// let now = ViaToSql(SystemTime::now());
/// # let _ = now;
/// assert!(<ViaToSql<SystemTime> as BindType>::fits(&Type::TIMESTAMPTZ));
/// ```
#[derive(Clone, Copy)]
pub struct ViaToSql<T>(pub T);

impl<T: ToSql + Send + Sync> BindType for ViaToSql<T> {
    fn rust_type() -> Cow<'static, str> {
        short_name::<T>().into()
    }

    fn natural_type() -> Option<Type> {
        None
    }

    fn fits(kind: &Type) -> bool {
        T::accepts(kind)
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        let is_binary = matches!(self.0.encode_format(kind), Format::Binary);
        let written = if is_binary { self.0.to_sql(kind, out).ok() } else { None };
        written.ok_or(MisfitReason::Refused)
    }
}

/// Without the value.
impl<T> fmt::Debug for ViaToSql<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViaToSql").finish_non_exhaustive()
    }
}
