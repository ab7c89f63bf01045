//! Parsers of setting values. An error completes the sentence that begins with the value.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A whole number of 0 or more.
///
/// # Errors
/// What a value must look like.
pub fn whole_number(text: &str) -> Result<u32, String> {
    text.trim().parse().map_err(|_| format!("is not a whole number from 0 to {}", u32::MAX))
}

/// A span of time: a number with a unit (`250ms`, `30s`, `5m`, `1h`), or a bare number of seconds.
///
/// # Errors
/// What a value must look like.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let seconds_a_unit = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(DURATION.into()),
    };
    let number = f64::from_str(number.trim()).map_err(|_| DURATION.to_owned())?;
    Duration::try_from_secs_f64(number * seconds_a_unit).map_err(|_| DURATION.into())
}

const DURATION: &str = "is not a span of time such as 250ms, 30s, 5m, 1h, or a bare number of seconds";

/// A span of time longer than zero.
///
/// # Errors
/// What a value must look like.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be longer than zero".into()),
        longer => Ok(longer),
    }
}

/// A span of time, or `off` (also `-1`, as SQLAlchemy has it) for none.
///
/// # Errors
/// What a value must look like.
pub fn duration_or_off(text: &str) -> Result<Option<Duration>, String> {
    match text.trim() {
        "off" | "-1" => Ok(None),
        text => positive_duration(text).map(Some).map_err(|reason| format!("{reason}, or off")),
    }
}

/// Yes or no: `true`, `yes`, `on`, `1` or `false`, `no`, `off`, `0`, in any case.
///
/// # Errors
/// What a value must look like.
pub fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("is neither true nor false".into()),
    }
}

/// Any text that is not empty.
///
/// # Errors
/// Never; the signature is that of a parser.
pub fn text(text: &str) -> Result<Option<String>, String> {
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// A path.
///
/// # Errors
/// Never; the signature is that of a parser.
pub fn path(text: &str) -> Result<Option<PathBuf>, String> {
    Ok(Some(text).filter(|text| !text.is_empty()).map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_units_and_bare_seconds() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2 m"), Ok(Duration::from_mins(2)));
        for wrong in ["", "-1", "1d", "s", "1s2", "NaN", "inf", "1e300h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn off_is_no_duration_and_zero_is_refused() {
        assert_eq!(duration_or_off("-1"), Ok(None));
        assert_eq!(duration_or_off("3600"), Ok(Some(Duration::from_hours(1))));
        assert!(duration_or_off("0").is_err());
    }

    #[test]
    fn whole_numbers_refuse_signs_and_fractions() {
        assert_eq!(whole_number(" 20 "), Ok(20));
        for wrong in ["-1", "1.5", "", "twenty", "99999999999"] {
            assert!(whole_number(wrong).is_err(), "{wrong}");
        }
    }
}
