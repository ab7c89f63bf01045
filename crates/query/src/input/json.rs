use serde_json::Value;

use super::comparison::Comparison;
use super::reader::Reader;
use super::request::Given;
use super::set::Field;
use super::{Fault, Step};
use crate::Filter;
use crate::entity::Entity;

const REQUEST: &str = "an object with `filter`, `sort` or both";
const SORT: &str = "a list of names, or a text with commas between them";
const OBJECT: &str = "an object with fields, `and`, `or` or `not`";
const OBJECTS: &str = "a list of at least one object with fields, `and`, `or` or `not`";
const OPERATORS: &str = "an object with at least one operator, or a value";
const LIST: &str = "a list of values";
const VALUE: &str = "a value: neither a list, an object nor null";

type Found<E> = Option<Filter<'static, E>>;

impl<E: Entity> Reader<'_, E> {
    pub(super) fn json(&mut self, json: &Value) -> Found<E> {
        self.at(Step::name("body"), |reader| {
            let Value::Object(request) = json else {
                reader.fault(Fault::Malformed { expected: REQUEST });
                return None;
            };
            if let Some(sort) = request.get("sort") {
                reader.at(Step::name("sort"), |reader| reader.json_sort(sort));
            }
            let filter = request.get("filter")?;
            // An empty one says nothing, which is no fault where it could have said anything.
            if filter.as_object().is_some_and(serde_json::Map::is_empty) {
                return None;
            }
            reader.at(Step::name("filter"), |reader| reader.json_filter(filter, 0))
        })
    }

    fn json_sort(&mut self, sort: &Value) {
        let names = match sort {
            Value::String(names) => {
                if self.take(names.len()) {
                    self.sorts(names.split(','));
                }
                return;
            }
            Value::Array(names) => names,
            _ => return self.fault(Fault::Malformed { expected: SORT }),
        };
        for (place, name) in names.iter().enumerate() {
            self.at(Step::Index(place), |reader| match name {
                Value::String(name) if reader.take(name.len() + 1) => reader.sort(name),
                Value::String(_) => {}
                _ => reader.fault(Fault::Malformed { expected: "a name" }),
            });
            if self.has_stopped() {
                return;
            }
        }
    }

    /// All that the object has must hold. `depth` is how many `and`, `or` and `not` it is in.
    fn json_filter(&mut self, filter: &Value, depth: usize) -> Found<E> {
        let object = filter.as_object().filter(|object| !object.is_empty());
        let Some(object) = object else {
            self.fault(Fault::Malformed { expected: OBJECT });
            return None;
        };
        let mut all = None;
        for (name, value) in object {
            if !self.take(name.len() + 1) {
                return None;
            }
            let one = match name.as_str() {
                "and" => {
                    self.inside("and", depth, |reader| reader.each_of(value, depth + 1, |all, one| all & one))
                }
                "or" => {
                    self.inside("or", depth, |reader| reader.each_of(value, depth + 1, |any, one| any | one))
                }
                "not" => self.inside("not", depth, |reader| Some(!reader.json_filter(value, depth + 1)?)),
                name => self.json_field(name, value),
            };
            all = both(all, one, |all, one| all & one);
        }
        all
    }

    fn inside(&mut self, word: &str, depth: usize, then: impl FnOnce(&mut Self) -> Found<E>) -> Found<E> {
        let most = self.caps().depth;
        self.at(Step::name(word), |reader| {
            if depth >= most {
                reader.stop(Fault::TooDeep { most });
                return None;
            }
            then(reader)
        })
    }

    fn each_of(
        &mut self,
        filters: &Value,
        depth: usize,
        join: impl Fn(Filter<'static, E>, Filter<'static, E>) -> Filter<'static, E>,
    ) -> Found<E> {
        let Some(filters) = filters.as_array().filter(|filters| !filters.is_empty()) else {
            self.fault(Fault::Malformed { expected: OBJECTS });
            return None;
        };
        let mut joined = None;
        for (place, filter) in filters.iter().enumerate() {
            if !self.take(1) {
                return None;
            }
            let one = self.at(Step::Index(place), |reader| reader.json_filter(filter, depth));
            joined = both(joined, one, &join);
        }
        joined
    }

    fn json_field(&mut self, name: &str, value: &Value) -> Found<E> {
        let field = self.field(name, Field::is_compared)?;
        let Value::Object(operators) = value else {
            let by = self.at(Step::name(field.name()), |reader| reader.operator(field, "eq"))?;
            return self.at_operator_here(field, by, |reader| reader.json_term(field, by, value));
        };
        if operators.is_empty() {
            self.at(Step::name(field.name()), |reader| {
                reader.fault(Fault::Malformed { expected: OPERATORS });
            });
        }
        let mut all = None;
        for (operator, value) in operators {
            if !self.take(operator.len() + 1) {
                return None;
            }
            let by = self.at(Step::name(field.name()), |reader| reader.operator(field, operator));
            let one = by
                .and_then(|by| self.at_operator_here(field, by, |reader| reader.json_term(field, by, value)));
            all = both(all, one, |all, one| all & one);
        }
        all
    }

    fn json_term(&mut self, field: &'static Field<E>, by: Comparison, value: &Value) -> Found<E> {
        let one = std::slice::from_ref(value);
        let values = match value {
            Value::Array(values) if by.is_of_many() => values,
            _ if by.is_of_many() => {
                self.fault(Fault::Malformed { expected: LIST });
                return None;
            }
            _ => one,
        };
        let most = self.caps().listed;
        let counted = values.iter().take(most).map(|value| value.as_str().map_or(1, |text| text.len() + 1));
        if !self.take(counted.sum()) {
            return None;
        }
        let is_value = |value: &Value| !matches!(value, Value::Null | Value::Array(_) | Value::Object(_));
        if let Some(place) = values.iter().take(most).position(|value| !is_value(value)) {
            self.at_value(by, place, Fault::Malformed { expected: VALUE });
            return None;
        }
        let given: Vec<Given<'_>> = values.iter().take(most + 1).map(Given::Json).collect();
        self.term(field, by, &given)
    }
}

fn both<E>(
    one: Found<E>,
    other: Found<E>,
    join: impl Fn(Filter<'static, E>, Filter<'static, E>) -> Filter<'static, E>,
) -> Found<E> {
    match (one, other) {
        (Some(one), Some(other)) => Some(join(one, other)),
        (one, other) => one.or(other),
    }
}
