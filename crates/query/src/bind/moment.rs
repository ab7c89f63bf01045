use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{IsNull, Type};

use super::kind::base;
use super::{BindType, MisfitReason};

/// From 1970 to 2000, where the server's time begins, in microseconds.
const EPOCH: i128 = 946_684_800_000_000;
/// The first moment of the server's calendar and the first behind its end, in microseconds from 2000 on (`MIN_TIMESTAMP`
/// and `END_TIMESTAMP` of `timestamp.h`). Numbers beyond mean infinity to it.
const FIRST: i128 = -211_813_488_000_000_000;
const END: i128 = 9_223_371_331_200_000_000;

/// Writes a moment, given in microseconds from 1970 on.
pub(super) fn write_micros(since_1970: i128, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
    let since_2000 = since_1970 - EPOCH;
    if !(FIRST..END).contains(&since_2000) {
        return Err(MisfitReason::OutOfRange);
    }
    out.put_i64(i64::try_from(since_2000).map_err(|_| MisfitReason::OutOfRange)?);
    Ok(IsNull::No)
}

impl BindType for SystemTime {
    fn rust_type() -> Cow<'static, str> {
        "SystemTime".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::TIMESTAMPTZ)
    }

    fn fits(kind: &Type) -> bool {
        *base(kind) == Type::TIMESTAMPTZ
    }

    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        let nanos = match self.duration_since(UNIX_EPOCH) {
            Ok(after) => i128::try_from(after.as_nanos()),
            Err(before) => i128::try_from(before.duration().as_nanos()).map(|nanos| -nanos),
        };
        write_micros(nanos.map_err(|_| MisfitReason::OutOfRange)?.div_euclid(1000), out)
    }
}
