use crate::Filter;
use crate::entity::{Column, ColumnFacts};

/// What may be asked of a field. Its name is that of the method of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    AnyOf,
    NoneOf,
    IsNull,
    Contains,
    StartsWith,
    EndsWith,
    ContainsIgnoreCase,
    StartsWithIgnoreCase,
    EndsWithIgnoreCase,
    EqIgnoreCase,
}

const ALL: [Comparison; 16] = [
    Comparison::Eq,
    Comparison::Ne,
    Comparison::Lt,
    Comparison::Le,
    Comparison::Gt,
    Comparison::Ge,
    Comparison::AnyOf,
    Comparison::NoneOf,
    Comparison::IsNull,
    Comparison::Contains,
    Comparison::StartsWith,
    Comparison::EndsWith,
    Comparison::ContainsIgnoreCase,
    Comparison::StartsWithIgnoreCase,
    Comparison::EndsWithIgnoreCase,
    Comparison::EqIgnoreCase,
];

impl Comparison {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::AnyOf => "any_of",
            Self::NoneOf => "none_of",
            Self::IsNull => "is_null",
            Self::Contains => "contains",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::ContainsIgnoreCase => "contains_ignore_case",
            Self::StartsWithIgnoreCase => "starts_with_ignore_case",
            Self::EndsWithIgnoreCase => "ends_with_ignore_case",
            Self::EqIgnoreCase => "eq_ignore_case",
        }
    }

    /// Whether it takes several values.
    pub(super) fn is_of_many(self) -> bool {
        matches!(self, Self::AnyOf | Self::NoneOf)
    }

    /// Whether it is about a part of a text.
    pub(super) fn is_of_part(self) -> bool {
        matches!(
            self,
            Self::Contains
                | Self::StartsWith
                | Self::EndsWith
                | Self::ContainsIgnoreCase
                | Self::StartsWithIgnoreCase
                | Self::EndsWithIgnoreCase
                | Self::EqIgnoreCase
        )
    }

    /// The filter for a part of a text.
    pub(super) fn of_part<E>(self, column: &'static ColumnFacts, part: &str) -> Filter<'static, E> {
        let column = Column::<E, String>::of(column);
        match self {
            Self::StartsWith => column.starts_with(part),
            Self::EndsWith => column.ends_with(part),
            Self::ContainsIgnoreCase => column.contains_ignore_case(part),
            Self::StartsWithIgnoreCase => column.starts_with_ignore_case(part),
            Self::EndsWithIgnoreCase => column.ends_with_ignore_case(part),
            Self::EqIgnoreCase => column.eq_ignore_case(part),
            _ => column.contains(part),
        }
    }
}

/// Several of them, known when the program is compiled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comparisons(u16);

impl Comparisons {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn with(self, other: Comparison) -> Self {
        Self(self.0 | 1 << other as u16)
    }

    pub(super) fn each(self) -> impl Iterator<Item = Comparison> {
        ALL.into_iter().filter(move |one| self.0 & (1 << *one as u16) != 0)
    }

    pub(super) fn find(self, name: &str) -> Option<Comparison> {
        self.each().find(|one| one.name() == name)
    }

    pub(super) fn names(self) -> Vec<&'static str> {
        self.each().map(Comparison::name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name_where_it_is_let_in() {
        for one in ALL {
            let only = Comparisons::NONE.with(one);
            assert_eq!((only.find(one.name()), only.names()), (Some(one), vec![one.name()]));
            assert_eq!(Comparisons::NONE.find(one.name()), None);
        }
    }
}
