use std::fmt;

/// What a user asks for, as it came in. A [`FieldSet`](crate::FieldSet) says what of it is allowed.
///
/// # In a query string
/// `?sort=-created,name&filter[name][contains]=ann&filter[state]=open&filter[id][any_of]=3&filter[id][any_of]=5`
///
/// - `sort` names fields, with commas between; `-` in front is downwards.
/// - `filter[FIELD][OPERATOR]` has one value; `filter[FIELD]` is `eq`. All filters have to hold.
/// - A list is a pair each value, as a value may have a comma in it.
/// - `is_null` takes `true` or `false`.
/// - Other keys are left to others: `page`, `size`, `cursor`.
///
/// # In JSON
/// `{"sort": ["-created", "name"], "filter": {"or": [{"name": {"contains": "ann"}}, {"not": {"id": {"any_of": [3, 5]}}}]}}`
///
/// - An object of a filter has fields, each with its operators or, for `eq`, its value; and `and` or `or` with a list of such
///   objects, and `not` with one. All that it has must hold.
/// - `sort` is a list of names, or a string as above.
/// - Other keys beside `filter` and `sort` are left to others.
///
/// Operators are called as the methods of a [`Column`](crate::Column): `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `any_of`, `none_of`,
/// `is_null`, `contains`, `starts_with`, `ends_with`, `contains_ignore_case`, `starts_with_ignore_case`, `ends_with_ignore_case`,
/// `eq_ignore_case`. How values are written says [`InputValue`](crate::input::InputValue).
#[derive(Clone)]
pub struct Request<'r>(pub(super) From<'r>);

#[derive(Clone)]
pub(super) enum From<'r> {
    Pairs(Vec<(&'r str, &'r str)>),
    #[cfg(feature = "json")]
    Json(&'r serde_json::Value),
}

/// A value as it came in.
#[derive(Clone, Copy)]
pub(super) enum Given<'r> {
    Text(&'r str),
    #[cfg(feature = "json")]
    Json(&'r serde_json::Value),
}

impl<'r> Request<'r> {
    /// The pairs of a query string, decoded, in their order: in axum what `Query<Vec<(String, String)>>` has.
    pub fn pairs<K: AsRef<str> + 'r, V: AsRef<str> + 'r>(pairs: &'r [(K, V)]) -> Self {
        Self(From::Pairs(pairs.iter().map(|(key, value)| (key.as_ref(), value.as_ref())).collect()))
    }

    /// An object of JSON with `filter`, `sort`, or both.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn json(json: &'r serde_json::Value) -> Self {
        Self(From::Json(json))
    }
}

/// Without what the user has sent.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").finish_non_exhaustive()
    }
}
