use std::collections::VecDeque;

use super::Name;
use super::writer::Writer;
use crate::bind::Held;
use crate::entity::ColumnFacts;
use crate::param::ParamName;
use crate::relation::Pieces;

/// What holds for a row, or does not. Each is written in parentheses of its own.
#[derive(Clone)]
pub(crate) enum Condition<'a> {
    Compare(Term<'a>, Operator, Term<'a>),
    Between(Term<'a>, Term<'a>, Term<'a>),
    IsNull(Term<'a>),
    All(VecDeque<Self>),
    Any(VecDeque<Self>),
    Not(Box<Self>),
    /// An expression that is true or not.
    Holds(Pieces<'a>),
}

/// What is compared.
#[derive(Clone)]
pub(crate) enum Term<'a> {
    Column(&'static ColumnFacts),
    /// With the column that it is for.
    Value(Held<'a>, &'static ColumnFacts),
    /// For no column.
    Param(Held<'a>),
    Expr(Pieces<'a>),
    /// A column that is known by its name alone.
    Named(Name),
    /// With the column that it is for.
    NamedValue(Held<'a>, Name),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// To one of an array.
    EqualAny,
    /// To none of an array.
    NotEqualAll,
    DistinctFrom,
    Like,
    LikeIgnoringCase,
}

impl Operator {
    /// What stands in front of the right side and behind it.
    fn sql(self) -> (&'static str, &'static str) {
        match self {
            Self::Equal => (" = ", ")"),
            Self::NotEqual => (" <> ", ")"),
            Self::Less => (" < ", ")"),
            Self::LessOrEqual => (" <= ", ")"),
            Self::Greater => (" > ", ")"),
            Self::GreaterOrEqual => (" >= ", ")"),
            Self::EqualAny => (" = any(", "))"),
            Self::NotEqualAll => (" <> all(", "))"),
            Self::DistinctFrom => (" is distinct from ", ")"),
            Self::Like => (" like ", ")"),
            Self::LikeIgnoringCase => (" ilike ", ")"),
        }
    }
}

impl Term<'_> {
    fn is_of_many(&self) -> bool {
        matches!(self, Self::Expr(pieces) if pieces.is_of_many())
    }

    #[inline]
    pub(crate) fn write<'t>(&'t self, out: &mut Writer<'t>) {
        match self {
            Self::Column(column) => out.push(column.sql),
            Self::Value(value, column) => out.value_of(column, value.bind()),
            Self::Param(value) => out.value(ParamName::None, value.bind()),
            Self::Expr(pieces) => pieces.write(out),
            Self::Named(name) => name.write(out),
            Self::NamedValue(value, name) => out.value(ParamName::Column(name.as_str()), value.bind()),
        }
    }
}

// What is put together one by one, from either side, stays flat: neither we nor the server go down as deep as it is long.
impl Condition<'_> {
    pub(super) fn and(self, other: Self) -> Self {
        Self::All(match (self, other) {
            (Self::All(all), Self::All(others)) => joined(all, others),
            (Self::All(all), other) => joined(all, [other].into()),
            (one, Self::All(others)) => joined([one].into(), others),
            (one, other) => [one, other].into(),
        })
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self::Any(match (self, other) {
            (Self::Any(any), Self::Any(others)) => joined(any, others),
            (Self::Any(any), other) => joined(any, [other].into()),
            (one, Self::Any(others)) => joined([one].into(), others),
            (one, other) => [one, other].into(),
        })
    }

    /// Whether other rows matter to it than the one that it is asked of.
    pub(crate) fn is_of_many(&self) -> bool {
        match self {
            Self::Compare(left, _, right) => left.is_of_many() || right.is_of_many(),
            Self::Between(term, low, high) => [term, low, high].into_iter().any(Term::is_of_many),
            Self::IsNull(term) => term.is_of_many(),
            Self::All(conditions) | Self::Any(conditions) => conditions.iter().any(Self::is_of_many),
            Self::Not(condition) => condition.is_of_many(),
            Self::Holds(pieces) => pieces.is_of_many(),
        }
    }

    pub(crate) fn write<'t>(&'t self, out: &mut Writer<'t>) {
        out.push("(");
        match self {
            Self::Compare(left, operator, right) => {
                let (before, behind) = operator.sql();
                left.write(out);
                out.push(before);
                right.write(out);
                return out.push(behind);
            }
            Self::Between(term, low, high) => {
                term.write(out);
                out.push(" between ");
                low.write(out);
                out.push(" and ");
                high.write(out);
            }
            Self::IsNull(term) => {
                term.write(out);
                out.push(" is null");
            }
            Self::All(conditions) => out.list(" and ", conditions, |out, condition| condition.write(out)),
            Self::Any(conditions) => out.list(" or ", conditions, |out, condition| condition.write(out)),
            Self::Not(condition) => {
                out.push("not ");
                condition.write(out);
            }
            Self::Holds(pieces) => pieces.write(out),
        }
        out.push(")");
    }
}

/// `where` with all of them, if there are any.
pub(crate) fn write_where<'t>(conditions: &'t [Condition<'_>], out: &mut Writer<'t>) {
    if !conditions.is_empty() {
        out.push(" where ");
        out.list(" and ", conditions, |out, condition| condition.write(out));
    }
}

/// One behind the other; only the shorter one is moved.
fn joined<T>(mut front: VecDeque<T>, mut back: VecDeque<T>) -> VecDeque<T> {
    if front.len() >= back.len() {
        front.append(&mut back);
        return front;
    }
    while let Some(last) = front.pop_back() {
        back.push_front(last);
    }
    back
}
