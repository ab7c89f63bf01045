use bytes::{BufMut as _, BytesMut};

use super::MisfitReason;

/// Digits go four by four (`NBASE` of the server's `numeric.c`).
const BASE: u128 = 10_000;
const NEGATIVE: u16 = 0x4000;

/// Writes `magnitude / 10^scale` as the server receives numerics: the count of groups of four digits, the place of the
/// first, the sign, the digits shown behind the point, the groups.
pub(super) fn write_numeric(
    is_negative: bool,
    magnitude: u128,
    scale: u16,
    out: &mut BytesMut,
) -> Result<(), MisfitReason> {
    let short = (4 - scale % 4) % 4; // the point lies between two groups
    let mut rest = magnitude.checked_mul(10_u128.pow(short.into())).ok_or(MisfitReason::OutOfRange)?;
    let mut groups = Vec::with_capacity(10); // from the last to the first
    while rest > 0 {
        groups.push(i16::try_from(rest % BASE).map_err(|_| MisfitReason::OutOfRange)?);
        rest /= BASE;
    }
    let behind_point = (scale + short) / 4;
    let count = |groups: usize| i16::try_from(groups).map_err(|_| MisfitReason::TooLong);
    let weight = count(groups.len())? - count(behind_point.into())? - 1;
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    let groups = &groups[zeros..];
    out.put_i16(count(groups.len())?);
    out.put_i16(if groups.is_empty() { 0 } else { weight });
    out.put_u16(if is_negative && magnitude != 0 { NEGATIVE } else { 0 });
    out.put_u16(scale);
    groups.iter().rev().for_each(|group| out.put_i16(*group));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(is_negative: bool, magnitude: u128, scale: u16) -> Vec<i16> {
        let mut out = BytesMut::new();
        write_numeric(is_negative, magnitude, scale, &mut out).unwrap();
        out.chunks(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect()
    }

    #[test]
    fn groups_lie_on_both_sides_of_the_point() {
        assert_eq!(words(false, 0, 2), [0, 0, 0, 2]);
        assert_eq!(words(true, 12_345, 2), [2, 0, 0x4000, 2, 123, 4500]);
        assert_eq!(words(false, 1, 4), [1, -1, 0, 4, 1]);
        assert_eq!(words(false, 1, 5), [1, -2, 0, 5, 1000]);
        assert_eq!(words(false, 100_000_000, 0), [1, 2, 0, 0, 1]);
        assert!(write_numeric(false, u128::MAX, 1, &mut BytesMut::new()).is_err());
    }
}
