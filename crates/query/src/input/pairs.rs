use super::comparison::Comparison;
use super::reader::Reader;
use super::request::Given;
use super::set::Field;
use super::{Fault, Step};
use crate::Filter;
use crate::entity::Entity;

const SORT: &str = "sort";
const FILTER: &str = "filter";
const KEY: &str = "a filter as `filter[FIELD][OPERATOR]` or `filter[FIELD]`";

/// The values of a list, which come one by one.
struct Listed<'r, E: 'static> {
    field: &'static Field<E>,
    by: Comparison,
    values: Vec<Given<'r>>,
}

impl<E: Entity> Reader<'_, E> {
    /// The pairs of a query string. All filters have to hold.
    pub(super) fn pairs<'r>(&mut self, pairs: &[(&'r str, &'r str)]) -> Option<Filter<'static, E>> {
        let (mut filters, mut lists) = (Vec::new(), Vec::new());
        self.at(Step::name("query"), |reader| {
            for (key, value) in pairs {
                reader.pair(key, value, &mut filters, &mut lists);
                if reader.has_stopped() {
                    return;
                }
            }
            for list in lists {
                let filter = reader.at_operator(list.field, list.by, |reader| {
                    reader.term(list.field, list.by, &list.values)
                });
                filters.extend(filter);
            }
        });
        filters.into_iter().reduce(|all, one| all & one)
    }

    fn pair<'r>(
        &mut self,
        key: &str,
        value: &'r str,
        filters: &mut Vec<Filter<'static, E>>,
        lists: &mut Vec<Listed<'r, E>>,
    ) {
        let behind = key.strip_prefix(FILTER);
        let is_filter = behind.is_some_and(|behind| behind.is_empty() || behind.starts_with('['));
        if (key != SORT && !is_filter) || !self.take(key.len() + value.len()) {
            return;
        }
        let Some(behind) = behind else {
            return self.at(Step::name(SORT), |reader| reader.sorts(value.split(',')));
        };
        self.at(Step::name(FILTER), |reader| {
            let Some((name, operator)) = parts(behind) else {
                return reader.fault(Fault::Malformed { expected: KEY });
            };
            let Some(field) = reader.field(name, Field::is_compared) else { return };
            let by = reader.at(Step::name(field.name()), |reader| reader.operator(field, operator));
            match by {
                Some(by) if by.is_of_many() => reader.listed(field, by, value, lists),
                Some(by) => {
                    let given = [Given::Text(value)];
                    filters
                        .extend(reader.at_operator_here(field, by, |reader| reader.term(field, by, &given)));
                }
                None => {}
            }
        });
    }

    /// Fields to sort by, one behind the other.
    pub(super) fn sorts<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        for (place, name) in names.enumerate() {
            if self.has_stopped() {
                return;
            }
            self.at(Step::Index(place), |reader| reader.sort(name));
        }
    }

    fn listed<'r>(
        &mut self,
        field: &'static Field<E>,
        by: Comparison,
        value: &'r str,
        lists: &mut Vec<Listed<'r, E>>,
    ) {
        let (most, has_room) = (self.caps().terms, lists.len() < self.caps().terms);
        let known = lists.iter_mut().find(|list| list.field.name() == field.name() && list.by == by);
        match known {
            Some(list) => list.values.push(Given::Text(value)),
            None if has_room => lists.push(Listed { field, by, values: vec![Given::Text(value)] }),
            None => self.stop(Fault::TooMany { what: "comparisons", most }),
        }
    }

    fn at_operator<T>(&mut self, field: &Field<E>, by: Comparison, then: impl FnOnce(&mut Self) -> T) -> T {
        self.at(Step::name(FILTER), |reader| reader.at_operator_here(field, by, then))
    }

    pub(super) fn at_operator_here<T>(
        &mut self,
        field: &Field<E>,
        by: Comparison,
        then: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.at(Step::name(field.name()), |reader| reader.at(Step::name(by.name()), then))
    }
}

/// `[field][operator]` or `[field]` taken apart.
fn parts(key: &str) -> Option<(&str, &str)> {
    let (name, behind) = key.strip_prefix('[')?.split_once(']')?;
    if behind.is_empty() {
        return Some((name, "eq"));
    }
    Some((name, behind.strip_prefix('[')?.strip_suffix(']')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_apart() {
        assert_eq!(parts("[name][ge]"), Some(("name", "ge")));
        assert_eq!(parts("[name]"), Some(("name", "eq")));
        assert_eq!(parts("[][]"), Some(("", "")));
        assert_eq!(parts("[a[b]][c]"), None);
        for broken in ["", "[", "]", "[name", "name]", "[name]x", "[name][ge", "[name]ge]"] {
            assert_eq!(parts(broken), None, "{broken}");
        }
    }
}
