/// Of a row: NULL as its type says, and where the row of its table is missing.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Plain;

/// Of a row or group: NULL as its type says, whatever is missing.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Exact;

/// Of a group: NULL as its type says. It takes a [`filter`](crate::Expr::filter) and a [window](crate::Expr::over).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Aggregate;

/// How NULL gets into an expression: [`Plain`], [`Exact`] or [`Aggregate`].
pub trait Kind {
    /// What is computed of one such.
    type Inside: Kind;
    /// What is computed of two.
    type With<K: Kind>: Kind;
}

impl Kind for Plain {
    type Inside = Self;
    type With<K: Kind> = Self;
}

impl Kind for Exact {
    type Inside = Self;
    type With<K: Kind> = K::Inside;
}

impl Kind for Aggregate {
    type Inside = Exact;
    type With<K: Kind> = K::Inside;
}
