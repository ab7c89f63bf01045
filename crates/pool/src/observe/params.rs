//! Parameters without their values.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::BytesMut;
use pgkeel_connect::TypedParam;
use tokio_postgres::types::{IsNull, ToSql, Type};

/// Of more parameters than so many only the first are told of: a statement may have 65 535.
const MOST_TOLD: usize = 100;

/// What may be told of each parameter: its type, whether it is null, and of those whose size varies about how large it is.
/// Sizes are rounded up to a power of two, as that of a secret is not to be told either.
pub(super) fn redacted(params: &[&(dyn ToSql + Sync)], types: &[Type]) -> Vec<String> {
    let described = |(index, param): (usize, &&(dyn ToSql + Sync))| match types.get(index) {
        Some(ty) => describe(*param, ty),
        None => "?".to_owned(),
    };
    told(params.iter().enumerate().map(described))
}

/// The same of those whose types were declared.
pub(super) fn redacted_typed(params: &[TypedParam<'_>]) -> Vec<String> {
    told(params.iter().map(|(param, ty)| describe(*param, ty)))
}

fn told(mut described: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let mut told: Vec<_> = described.by_ref().take(MOST_TOLD).collect();
    if described.len() > 0 {
        told.push(format!("and {} more", described.len()));
    }
    told
}

fn describe(param: &(dyn ToSql + Sync), ty: &Type) -> String {
    let mut bytes = BytesMut::new();
    // The statement has ended: whatever the caller's code makes of a second call must not make that look otherwise.
    let written = catch_unwind(AssertUnwindSafe(|| param.to_sql_checked(ty, &mut bytes).ok()));
    match written.ok().flatten() {
        Some(IsNull::Yes) => format!("{} null", ty.name()),
        Some(IsNull::No) if has_fixed_size(ty) => ty.name().to_owned(),
        Some(IsNull::No) => format!("{} of at most {} B", ty.name(), bytes.len().next_power_of_two()),
        None => format!("{} of a value that does not fit", ty.name()),
    }
}

/// Types that say nothing by their size.
fn has_fixed_size(ty: &Type) -> bool {
    const FIXED: [Type; 15] = [
        Type::BOOL,
        Type::CHAR,
        Type::INT2,
        Type::INT4,
        Type::INT8,
        Type::OID,
        Type::FLOAT4,
        Type::FLOAT8,
        Type::DATE,
        Type::TIME,
        Type::TIMESTAMP,
        Type::TIMESTAMPTZ,
        Type::INTERVAL,
        Type::UUID,
        Type::MONEY,
    ];
    FIXED.contains(ty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_rough_sizes_are_told_and_values_are_not() {
        let (secret, absent) = ("correct horse battery", None::<i32>);
        let told = redacted(
            &[&7_i64, &secret, &absent, &1.5_f32, &true],
            &[Type::INT8, Type::TEXT, Type::INT4, Type::TEXT],
        );
        assert_eq!(
            told,
            ["int8", "text of at most 32 B", "int4 null", "text of a value that does not fit", "?"]
        );
    }

    #[test]
    fn of_many_parameters_the_first_are_told() {
        let seven: &(dyn ToSql + Sync) = &7;
        let params = vec![seven; 65_535];
        let told = redacted(&params, &vec![Type::INT4; params.len()]);
        assert_eq!((told.len(), told[0].as_str(), told[100].as_str()), (101, "int4", "and 65435 more"));
    }
}
