use std::fmt;
use std::marker::PhantomData;

use super::comparison::{Comparison, Comparisons};
use super::field::{Compare, Sort};
use super::reader::Reader;
use super::{Asked, FieldErrors, Request};
use crate::Order;
use crate::entity::{ColumnFacts, Entity};

/// Words of the grammar of JSON, which no field can be called.
const WORDS: [&str; 3] = ["and", "or", "not"];

/// The fields of the entity `E` that users may filter and sort by, by [`fields!`](crate::fields): what is not listed cannot be
/// asked for.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, FieldSet, Rejected, fields};
/// use pgkeel_query::input::Request;
///
/// #[derive(Entity)]
/// #[pgkeel(table = "app.users", columns = u)]
/// struct User {
///     #[pgkeel(id, generated)]
///     id: i64,
///     name: Option<String>,
///     visits: i32,
///     password_hash: String,
/// }
///
/// static LIST: FieldSet<User> = fields! {
///     "name" => u::name [eq, contains, is_null, sort],
///     "visits" => u::visits [range, sort],
/// }
/// .sorted_by(|| vec![u::id.desc()]);
///
/// async fn list(database: &impl Executor, pairs: Vec<(String, String)>) -> Result<Vec<User>, Rejected> {
///     let request = Request::pairs(&pairs);
///     Ok(User::query().apply(&LIST, &request)?.limit(50).fetch_all(database).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Rejected> {
/// let asked = [("sort", "-visits,name"), ("filter[name][contains]", "ann"), ("filter[visits][ge]", "3")];
/// let statement = User::query().apply(&LIST, &Request::pairs(&asked))?;
/// assert!(statement.text()?.ends_with(
///     r#"where (("users"."name" like $1) and ("users"."visits" >= $2)) order by "users"."visits" desc, "users"."name" asc"#
/// ));
///
/// let asked = [("sort", "password_hash"), ("filter[visits][ge]", "many"), ("filter[nmae]", "ann")];
/// let errors = User::query().apply(&LIST, &Request::pairs(&asked)).unwrap_err();
/// let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
/// assert_eq!(told, [
///     "query.sort[0].password_hash: unknown field; allowed: name, visits",
///     "query.filter.visits.ge: not a whole number from -2147483648 to 2147483647",
///     "query.filter.nmae: unknown field, is it `name`? allowed: name, visits",
/// ]);
/// # let database = pgkeel_testkit::TestDatabase::empty().await;
/// # let db = database.connection().await;
/// # let table = "create schema app; create table app.users(id int8, name text, visits int4, password_hash text);
/// #     insert into app.users values (1, 'Ann', 3, ''), (2, 'Bob', 4, ''), (3, 'Joanna', 5, '')";
/// # db.batch_execute(table).await.unwrap();
/// # let pairs = [("filter[name][contains]", "nn"), ("sort", "-visits")].map(|(key, value)| (key.to_owned(), value.to_owned()));
/// # let users = list(&db, pairs.to_vec()).await?;
/// # assert_eq!(users.iter().map(|user| (user.id, user.visits)).collect::<Vec<_>>(), [(3, 5), (1, 3)]);
/// # let _ = |user: User| (user.name, user.password_hash);
/// # Ok(())
/// # }
/// ```
///
/// Operators are texts of the program, names of columns those that the derive has quoted, and values parameters: nothing that a
/// user sends is ever a part of a statement's text. Each [`Request`] says how it is written.
///
/// A sort that leaves rows in no order among themselves gets nothing besides: what makes pages adds the id.
pub struct FieldSet<E: 'static> {
    fields: &'static [Field<E>],
    default: fn() -> Vec<Order<E>>,
    caps: Caps,
}

/// A field that users may name, by [`fields!`](crate::fields).
pub struct Field<E> {
    name: &'static str,
    pub(super) column: &'static ColumnFacts,
    pub(super) comparisons: Comparisons,
    pub(super) compare: Option<Compare<E>>,
    /// Upwards or downwards, by a column of its type: that says whether there may be NULL.
    sort: Option<Sort<E>>,
    of: PhantomData<fn() -> E>,
}

/// How much users may ask for at once. Beyond that is a fault, and nothing is read any further.
///
/// ```
/// use pgkeel_query::input::Caps;
///
/// const FEW: Caps = Caps::new().most_terms(8).most_listed(20);
/// # assert_eq!(FEW, Caps::new().most_terms(8).most_listed(20));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    pub(super) terms: usize,
    pub(super) sorts: usize,
    pub(super) depth: usize,
    pub(super) listed: usize,
    pub(super) value_bytes: usize,
    pub(super) bytes: usize,
}

/// Deeper than anyone means it, and far from the end of any stack.
const DEEPEST: usize = 32;

impl Caps {
    /// 32 comparisons, 4 fields to sort by, 4 levels of `and`, `or` and `not`, 100 values in a list, 256 bytes a value, and 16 KiB
    /// in all.
    #[must_use]
    pub const fn new() -> Self {
        Self { terms: 32, sorts: 4, depth: 4, listed: 100, value_bytes: 256, bytes: 16 * 1024 }
    }

    /// So many comparisons.
    #[must_use]
    pub const fn most_terms(self, terms: usize) -> Self {
        Self { terms, ..self }
    }

    /// So many fields to sort by.
    #[must_use]
    pub const fn most_sorts(self, sorts: usize) -> Self {
        Self { sorts, ..self }
    }

    /// So many levels of `and`, `or` and `not` inside of each other, in JSON: up to 32.
    ///
    /// # Panics
    /// If it is more: in a `static`, while the program is compiled.
    #[must_use]
    pub const fn most_depth(self, depth: usize) -> Self {
        assert!(depth <= DEEPEST, "at most 32 levels");
        Self { depth, ..self }
    }

    /// So many values in a list.
    #[must_use]
    pub const fn most_listed(self, listed: usize) -> Self {
        Self { listed, ..self }
    }

    /// So many bytes of a value's text.
    #[must_use]
    pub const fn most_value_bytes(self, value_bytes: usize) -> Self {
        Self { value_bytes, ..self }
    }

    /// So many bytes of names and values in all, of what is about filters and sorting.
    #[must_use]
    pub const fn most_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }
}

impl Default for Caps {
    fn default() -> Self {
        Self::new()
    }
}

/// What `fields!` makes. No public interface.
///
/// # Panics
/// If two fields have one name: in a `static`, while the program is compiled.
#[doc(hidden)]
#[must_use]
pub const fn listed<E>(fields: &'static [Field<E>]) -> FieldSet<E> {
    let mut one = 0;
    while one < fields.len() {
        let mut other = one + 1;
        while other < fields.len() {
            assert!(!is_same(fields[one].name, fields[other].name), "two fields have one name");
            other += 1;
        }
        one += 1;
    }
    FieldSet { fields, default: Vec::new, caps: Caps::new() }
}

impl<E> FieldSet<E> {
    /// Sorted by these if the user does not say by what.
    #[must_use]
    pub const fn sorted_by(self, default: fn() -> Vec<Order<E>>) -> Self {
        Self { default, ..self }
    }

    /// With other caps than [those](Caps::new) that it has by itself.
    #[must_use]
    pub const fn capped(self, caps: Caps) -> Self {
        Self { caps, ..self }
    }

    pub(super) fn caps(&self) -> Caps {
        self.caps
    }

    pub(super) fn default_order(&self) -> Vec<Order<E>> {
        (self.default)()
    }

    /// The field of this name, if one is listed and this holds for it; else the names of those for which it holds.
    pub(super) fn find(
        &self,
        name: &str,
        is_meant: impl Fn(&Field<E>) -> bool,
    ) -> Result<&'static Field<E>, Vec<&'static str>> {
        let meant = || self.fields.iter().filter(|field| is_meant(field));
        meant().find(|field| field.name == name).ok_or_else(|| meant().map(|field| field.name).collect())
    }
}

impl<E: Entity> FieldSet<E> {
    /// What is asked for, as filters and orders. [`Select::apply`](crate::Select::apply) does the same to a statement.
    ///
    /// # Errors
    /// All that is wrong with it, each with its place, and what is allowed there; of very much the first 32.
    pub fn read(&self, request: &Request<'_>) -> Result<Asked<E>, FieldErrors> {
        Reader::new(self).read(request)
    }
}

impl<E> Field<E> {
    pub(super) const fn of(name: &'static str, column: &'static ColumnFacts) -> Self {
        let comparisons = Comparisons::NONE;
        Self { name, column, comparisons, compare: None, sort: None, of: PhantomData }
    }

    pub(super) const fn with(self, one: Comparison) -> Self {
        Self { comparisons: self.comparisons.with(one), ..self }
    }

    pub(super) const fn comparing(self, compare: Compare<E>) -> Self {
        Self { compare: Some(compare), ..self }
    }

    pub(super) const fn sorted(self, sort: Sort<E>) -> Self {
        Self { sort: Some(sort), ..self }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn is_sorted(&self) -> bool {
        self.sort.is_some()
    }

    pub(super) fn is_compared(&self) -> bool {
        self.comparisons.each().next().is_some()
    }

    /// Upwards or downwards, by the column, if it is listed for that.
    pub(super) fn order(&self, is_descending: bool) -> Option<Order<E>> {
        self.sort.map(|sort| sort(self.column, is_descending))
    }
}

/// A name that users can write: letters, digits, `_`, `.` and `-`, but not in front.
pub(super) const fn check_name(name: &str) {
    let bytes = name.as_bytes();
    assert!(!bytes.is_empty() && bytes.len() <= 63, "a field has a name of up to 63 bytes");
    assert!(bytes[0] != b'-', "`-` in front of a name means downwards");
    let mut place = 0;
    while place < bytes.len() {
        let is_letter = bytes[place].is_ascii_alphanumeric() || matches!(bytes[place], b'_' | b'.' | b'-');
        assert!(is_letter, "the name of a field is of letters, digits, `_`, `.` and `-`");
        place += 1;
    }
    let mut word = 0;
    while word < WORDS.len() {
        assert!(!is_same(name, WORDS[word]), "`and`, `or` and `not` are no names of fields");
        word += 1;
    }
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

impl<E> Clone for Field<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Field<E> {}

impl<E> fmt::Debug for Field<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, column, .. } = self;
        let mut field = f.debug_struct("Field");
        field.field("name", name).field("column", &column.path).field("is_sorted", &self.is_sorted());
        field.field("comparisons", &self.comparisons.names()).finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for FieldSet<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (default, Self { fields, caps, .. }) = (self.default_order(), self);
        f.debug_struct("FieldSet")
            .field("fields", fields)
            .field("default", &default)
            .field("caps", caps)
            .finish()
    }
}
