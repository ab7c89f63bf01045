use std::borrow::Cow;

use bytes::{BufMut as _, BytesMut};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike as _};
use tokio_postgres::types::{IsNull, Type};

use super::kind::base;
use super::moment::write_micros;
use super::{BindType, MisfitReason};

/// The day 2000-01-01, counted from the first day of year 1 on.
const EPOCH: i32 = 730_120;
/// The first day that the server knows, 4714-11-24 BC, in days from 2000 on (`POSTGRES_EPOCH_JDATE` of `timestamp.h`).
const FIRST: i32 = -2_451_545;
/// chrono has a leap second as the second before it with this many nanoseconds more.
const LEAP: u32 = 1_000_000_000;

macro_rules! is_exactly {
    ($name:literal, $kind:ident) => {
        fn rust_type() -> Cow<'static, str> {
            $name.into()
        }

        fn natural_type() -> Option<Type> {
            Some(Type::$kind)
        }

        fn fits(kind: &Type) -> bool {
            *base(kind) == Type::$kind
        }
    };
}

impl BindType for NaiveDate {
    is_exactly!("NaiveDate", DATE);

    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        let days = self.num_days_from_ce() - EPOCH;
        if days < FIRST {
            return Err(MisfitReason::OutOfRange);
        }
        out.put_i32(days);
        Ok(IsNull::No)
    }
}

impl BindType for NaiveTime {
    is_exactly!("NaiveTime", TIME);

    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        refuse_leap(self.nanosecond())?;
        out.put_i64(
            i64::from(self.num_seconds_from_midnight()) * 1_000_000 + i64::from(self.nanosecond() / 1000),
        );
        Ok(IsNull::No)
    }
}

impl BindType for NaiveDateTime {
    is_exactly!("NaiveDateTime", TIMESTAMP);

    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        refuse_leap(self.nanosecond())?;
        write_micros(self.and_utc().timestamp_micros().into(), out)
    }
}

impl<Tz: TimeZone> BindType for DateTime<Tz>
where
    Tz: Send + Sync,
    Tz::Offset: Send + Sync,
{
    is_exactly!("DateTime", TIMESTAMPTZ);

    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        refuse_leap(self.nanosecond())?;
        write_micros(self.timestamp_micros().into(), out)
    }
}

/// The server would take it for the second behind it.
fn refuse_leap(nanosecond: u32) -> Result<(), MisfitReason> {
    if nanosecond < LEAP { Ok(()) } else { Err(MisfitReason::LeapSecond) }
}
