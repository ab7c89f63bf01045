//! Values that the `FromSql` of some types makes something else of, without a word: found before they are read.

use std::any::type_name;
use std::error::Error as StdError;
use std::net::IpAddr;
use std::time::SystemTime;

use tokio_postgres::types::{FromSql, Type};

use crate::bind::{base, element_of};

/// Whether a value, in the form in which it was sent, has a place in the Rust type that it is read as.
pub(super) type Check = fn(&[u8]) -> bool;

/// What has to be looked at in values of a column before they are read as a `T`, and whether it is an array of such.
pub(super) fn check_of<T>(kind: &Type) -> Option<(Check, bool)> {
    let (single, is_array) = element_of(kind).map_or((base(kind), false), |element| (base(element), true));
    let check = match *single {
        Type::INET if names::<T, IpAddr>() => is_host as Check,
        Type::TIMESTAMP | Type::TIMESTAMPTZ if names::<T, SystemTime>() || is_of_chrono::<T>() => is_finite,
        Type::DATE if is_of_chrono::<T>() => is_finite_day,
        Type::TIME if is_of_chrono::<T>() => is_before_midnight,
        #[cfg(feature = "decimal")]
        Type::NUMERIC if names::<T, rust_decimal::Decimal>() => is_decimal,
        _ => return None,
    };
    Some((check, is_array))
}

/// Whether a type is this one, or an `Option`, a `Vec` or the like of it. Both names come from the same compiler, so they are
/// alike, whatever they look like; which is all that a `T` tells that may borrow.
fn names<T, Known>() -> bool {
    let is_in_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | ':');
    let (name, known) = (type_name::<T>(), type_name::<Known>());
    name.match_indices(known)
        .any(|(at, _)| !name[..at].ends_with(is_in_name) && !name[at + known.len()..].starts_with(is_in_name))
}

#[cfg(feature = "chrono")]
fn is_of_chrono<T>() -> bool {
    use chrono::{DateTime, FixedOffset, Local, NaiveDate, NaiveDateTime, NaiveTime, Utc};
    names::<T, NaiveTime>()
        || names::<T, NaiveDate>()
        || names::<T, NaiveDateTime>()
        || names::<T, DateTime<Utc>>()
        || names::<T, DateTime<Local>>()
        || names::<T, DateTime<FixedOffset>>()
}

#[cfg(not(feature = "chrono"))]
#[expect(clippy::extra_unused_type_parameters, reason = "as with the feature")]
fn is_of_chrono<T>() -> bool {
    false
}

/// Of the server's form: family, length of the mask, whether it is a network, length of the address, address.
fn is_host(raw: &[u8]) -> bool {
    !matches!(raw, [_, mask, _, length, ..] if usize::from(*mask) < 8 * usize::from(*length))
}

/// `infinity` and `-infinity` are the first and the last number (`DT_NOBEGIN` and `DT_NOEND` of `timestamp.h`).
fn is_finite(raw: &[u8]) -> bool {
    <[u8; 8]>::try_from(raw).is_ok_and(|raw| !matches!(i64::from_be_bytes(raw), i64::MIN | i64::MAX))
}

/// As of timestamps (`DATEVAL_NOBEGIN` and `DATEVAL_NOEND` of `date.h`).
fn is_finite_day(raw: &[u8]) -> bool {
    <[u8; 4]>::try_from(raw).is_ok_and(|raw| !matches!(i32::from_be_bytes(raw), i32::MIN | i32::MAX))
}

/// The server has a `24:00` besides `00:00`.
fn is_before_midnight(raw: &[u8]) -> bool {
    const DAY: i64 = 86_400_000_000;
    <[u8; 8]>::try_from(raw).is_ok_and(|raw| i64::from_be_bytes(raw) < DAY)
}

/// Whether it has at most 28 digits behind the point and, as a whole number without the point, 96 bits. The driver rounds
/// what has more, and panics at some. Of the server's form: the count of groups of four digits, the place of the first,
/// the sign, the digits shown behind the point, the groups.
#[cfg(feature = "decimal")]
fn is_decimal(raw: &[u8]) -> bool {
    const SPECIAL: i16 = 0x4000;
    let mut words = raw.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]]));
    let (Some(count), Some(weight), Some(sign)) = (words.next(), words.next(), words.next()) else {
        return true;
    };
    if !matches!(sign, 0 | SPECIAL) {
        return true; // NaN and infinity, which the driver refuses.
    }
    let groups = words.skip(1).map(|group| u128::from(group.unsigned_abs()));
    let digits =
        groups.into_iter().try_fold(0_u128, |digits, group| digits.checked_mul(10_000)?.checked_add(group));
    let Some(mut digits) = digits else { return false };
    let mut behind_point = 4 * (i32::from(count) - i32::from(weight) - 1);
    while behind_point > 0 && digits.is_multiple_of(10) && digits > 0 {
        (digits, behind_point) = (digits / 10, behind_point - 1);
    }
    if digits == 0 {
        return true;
    }
    let shifted =
        10_u128.checked_pow(behind_point.min(0).unsigned_abs()).and_then(|by| digits.checked_mul(by));
    behind_point <= 28 && shifted.is_some_and(|digits| digits < 1 << 96)
}

/// A value as it was sent.
pub(super) struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Raw<'_> {
    pub(super) fn passes(&self, (check, is_array): (Check, bool)) -> bool {
        if is_array { elements(self.0).all(check) } else { check(self.0) }
    }
}

/// Those of an array that are not NULL. Of the server's form: the count of dimensions, whether there are NULLs, the type, the
/// length and the first number of each dimension; then each element behind its length, -1 for NULL.
fn elements(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let dimensions = raw.first_chunk::<4>().map_or(0, |count| u32::from_be_bytes(*count) as usize);
    let mut rest = raw.get(dimensions.saturating_mul(8).saturating_add(12)..).unwrap_or_default();
    std::iter::from_fn(move || {
        loop {
            let (length, behind) = rest.split_first_chunk::<4>()?;
            let length = i32::from_be_bytes(*length);
            let Ok(length) = usize::try_from(length) else {
                rest = behind;
                continue;
            };
            let (element, behind) = behind.split_at_checked(length)?;
            rest = behind;
            return Some(element);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_in_whatever_it_stands_and_others_are_not() {
        struct Own<T>(std::marker::PhantomData<T>);
        assert!(names::<IpAddr, IpAddr>() && names::<Option<Vec<Option<IpAddr>>>, IpAddr>());
        assert!(names::<[SystemTime; 2], SystemTime>() && names::<Own<SystemTime>, SystemTime>());
        assert!(!names::<std::net::Ipv4Addr, IpAddr>() && !names::<String, IpAddr>());
        assert!(check_of::<Vec<IpAddr>>(&Type::INET_ARRAY).is_some_and(|(_, is_array)| is_array));
        assert!(check_of::<IpAddr>(&Type::CIDR).is_none() && check_of::<String>(&Type::TEXT).is_none());
    }

    #[test]
    fn what_is_no_array_has_no_elements() {
        for raw in [
            &[][..],
            &[0, 0],
            &[255; 30],
            &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0],
        ] {
            assert_eq!(elements(raw).count(), 0, "{raw:?}");
        }
    }
}
