//! The server's types.

use std::any::type_name;

use tokio_postgres::types::{Kind, Type};

/// What a domain is a domain of; any other type itself.
pub(crate) fn base(kind: &Type) -> &Type {
    match kind.kind() {
        Kind::Domain(of) => base(of),
        _ => kind,
    }
}

/// The type of an array's elements. The old vectors look like arrays and are none: they count from 0.
pub(crate) fn element_of(kind: &Type) -> Option<&Type> {
    let kind = base(kind);
    match kind.kind() {
        Kind::Array(of) if !matches!(*kind, Type::INT2_VECTOR | Type::OID_VECTOR) => Some(of),
        _ => None,
    }
}

/// The array of a natural type.
pub(crate) fn array_of(element: &Type) -> Option<Type> {
    Some(match *element {
        Type::BOOL => Type::BOOL_ARRAY,
        Type::INT2 => Type::INT2_ARRAY,
        Type::INT4 => Type::INT4_ARRAY,
        Type::INT8 => Type::INT8_ARRAY,
        Type::FLOAT4 => Type::FLOAT4_ARRAY,
        Type::FLOAT8 => Type::FLOAT8_ARRAY,
        Type::NUMERIC => Type::NUMERIC_ARRAY,
        Type::TEXT => Type::TEXT_ARRAY,
        Type::BYTEA => Type::BYTEA_ARRAY,
        Type::INET => Type::INET_ARRAY,
        Type::UUID => Type::UUID_ARRAY,
        Type::DATE => Type::DATE_ARRAY,
        Type::TIME => Type::TIME_ARRAY,
        Type::TIMESTAMP => Type::TIMESTAMP_ARRAY,
        Type::TIMESTAMPTZ => Type::TIMESTAMPTZ_ARRAY,
        Type::JSON => Type::JSON_ARRAY,
        Type::JSONB => Type::JSONB_ARRAY,
        _ => return None,
    })
}

/// As it is written in a statement: `int4`, `text[]`, `"app"."mood"`.
pub(crate) fn written(kind: &Type) -> String {
    match kind.kind() {
        Kind::Array(of) if element_of(kind).is_some() => format!("{}[]", written(of)),
        _ if kind.schema() == "pg_catalog" => kind.name().to_owned(),
        _ => format!("{}.{}", quoted(kind.schema()), quoted(kind.name())),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The Rust types that fit, in words.
pub(crate) fn takers(kind: &Type) -> Option<&'static str> {
    Some(match *base(kind) {
        Type::BOOL => "a `bool`",
        Type::INT2 => "an `i8`, `i16` or `u8`",
        Type::INT4 => "an `i32` or a smaller integer",
        Type::INT8 => "an `i64` or a smaller integer",
        Type::FLOAT4 => "an `f32` or an integer of 16 bits",
        Type::FLOAT8 => "an `f64`, an `f32` or an integer of 32 bits",
        Type::NUMERIC => "any integer or a `rust_decimal::Decimal` (feature `decimal`)",
        Type::OID => "a `u32`",
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => "a `String` or `&str`",
        Type::BYTEA => "bytes: a `Vec<u8>` or `&[u8]`",
        Type::INET => "an `IpAddr`",
        Type::UUID => "a `uuid::Uuid` (feature `uuid`)",
        Type::DATE => "a `chrono::NaiveDate` (feature `chrono`)",
        Type::TIME => "a `chrono::NaiveTime` (feature `chrono`)",
        Type::TIMESTAMP => "a `chrono::NaiveDateTime` (feature `chrono`)",
        Type::TIMESTAMPTZ => "a `SystemTime` or a `chrono::DateTime` (feature `chrono`)",
        Type::JSON | Type::JSONB => "a `serde_json::Value` or `Json` of what serde writes (feature `json`)",
        _ if element_of(kind).is_some() => "a `Vec` or slice of what its elements take",
        _ => return None,
    })
}

/// A Rust type's name without the paths in it.
pub(crate) fn short_name<T: ?Sized>() -> String {
    short(type_name::<T>())
}

/// The name of a type, or of several, without the paths in it.
pub(crate) fn short(full: &str) -> String {
    let is_path = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | ':');
    let mut short = String::with_capacity(full.len());
    let mut rest = full;
    while !rest.is_empty() {
        let end = rest.find(|letter| !is_path(letter)).unwrap_or(rest.len());
        let (path, behind) = rest.split_at(end);
        short.push_str(path.rsplit("::").next().unwrap_or(path));
        let next = behind.find(is_path).unwrap_or(behind.len());
        short.push_str(&behind[..next]);
        rest = &behind[next..];
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_one_writes_them() {
        assert_eq!(written(&Type::INT4_ARRAY), "int4[]");
        assert_eq!(written(&Type::INT2_VECTOR), "int2vector");
        let mood = Type::new("mo\"od".to_owned(), 90_000, Kind::Enum(Vec::new()), "app".to_owned());
        assert_eq!(written(&mood), "\"app\".\"mo\"\"od\"");
        assert_eq!(
            short_name::<Option<std::collections::BTreeMap<String, &[u8]>>>(),
            "Option<BTreeMap<String, &[u8]>>"
        );
    }

    #[test]
    fn every_natural_type_has_an_array() {
        for kind in [Type::BOOL, Type::NUMERIC, Type::BYTEA, Type::TIMESTAMPTZ, Type::JSONB] {
            assert_eq!(array_of(&kind).as_ref().and_then(element_of), Some(&kind));
        }
        assert_eq!(array_of(&Type::INT4_ARRAY), None);
    }
}
