use super::FieldErrors;
use crate::Error;

/// Why there is no result: something that the user is told and can mend, or something that failed.
///
/// Faults of a [`Request`](crate::input::Request), of values and of what the database refuses come together here, so that a handler has
/// one place to answer from:
#[cfg_attr(all(feature = "json", feature = "garde"), doc = "```")]
#[cfg_attr(not(all(feature = "json", feature = "garde")), doc = "```ignore")]
/// use garde::Validate;
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Constraints, Entity, NewRow, Rejected};
/// use pgkeel_query::input::check;
///
/// #[derive(Entity)]
/// #[pgkeel(table = "app.users", columns = u)]
/// struct User {
///     #[pgkeel(id, generated)]
///     id: i64,
///     #[pgkeel(unique)]
///     email: String,
/// }
///
/// #[derive(Validate, NewRow)]
/// #[pgkeel(entity = User, columns = u)]
/// struct NewUser {
///     #[garde(length(max = 200), contains("@"))]
///     email: String,
/// }
///
/// async fn register(database: &impl Executor, user: &NewUser) -> Result<User, Rejected> {
///     check(user)?;
///     let added = User::insert().values(user).fetch_one(database).await;
///     added.map_err(|error| Constraints::<User>::new().judge(error))
/// }
///
/// /// The status and the body of an answer.
/// fn answer(rejected: &Rejected) -> (u16, serde_json::Value) {
///     match rejected {
///         Rejected::Fields(errors) => (errors.status(), serde_json::json!({ "detail": errors })),
///         _ => (500, serde_json::json!({ "detail": "not your fault" })),
///     }
/// }
///
/// let rejected = Rejected::from(check(&NewUser { email: "ann".into() }).unwrap_err());
/// let body = serde_json::json!({ "detail": [{
///     "loc": ["body", "email"], "msg": "does not contain \"@\"", "type": "contains", "ctx": { "part": "@" },
/// }]});
/// assert_eq!(answer(&rejected), (422, body));
/// # let _ = |user: User| (user.id, user.email);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// What the user has sent cannot be, and is told why.
    #[error("what was sent cannot be: {0}")]
    Fields(FieldErrors),
    /// It failed, and the user cannot mend it.
    #[error(transparent)]
    Failed(Error),
}

impl From<FieldErrors> for Rejected {
    fn from(errors: FieldErrors) -> Self {
        Self::Fields(errors)
    }
}

/// As it is: what the database refuses is told by [`Constraints::judge`](crate::Constraints::judge) alone.
impl From<Error> for Rejected {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Rejected {
    /// What the user is told, if anything.
    #[must_use]
    pub fn fields(&self) -> Option<&FieldErrors> {
        match self {
            Self::Fields(errors) => Some(errors),
            Self::Failed(_) => None,
        }
    }
}
