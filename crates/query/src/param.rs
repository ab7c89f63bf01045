use std::error::Error as StdError;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::BytesMut;
use pgkeel_connect::TypedParam;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};

use crate::bind::{Bind, Misfit, MisfitReason};

/// A parameter of a statement: a value that knows which one it is.
///
/// It is what the driver takes, so statements of your own can be run with it on any
/// [`Executor`](pgkeel_connect::Executor):
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::Error;
/// use pgkeel_query::bind::{Param, ParamName};
///
/// async fn rename(database: &impl Executor, id: i64, name: &str) -> Result<u64, Error> {
///     let name = Param { number: 1, name: ParamName::Column("users.name"), value: &name };
///     let id = Param { number: 2, name: ParamName::Column("users.id"), value: &id };
///     Ok(database.execute("update users set name = $1 where id = $2", &[&name, &id]).await?)
/// }
/// ```
///
/// A value that does not fit is an error that names the parameter ([`BadParameter`]), before anything is sent, and
/// [`Error::Parameter`](crate::Error::Parameter) once `?` has made it this crate's.
#[derive(Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "`sql!` writes it out, so that its values live as long as it does"
)]
pub struct Param<'a> {
    /// From 1 on, as in the statement.
    pub number: u16,
    /// What it is for.
    pub name: ParamName<'a>,
    /// Never shown.
    pub value: &'a dyn Bind,
}

/// What a parameter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParamName<'a> {
    /// Known by its number alone.
    None,
    /// A name in braces: `{since}`.
    Bind(&'a str),
    /// A column: `users.email`.
    Column(&'a str),
}

impl Param<'_> {
    /// With the natural type of its value.
    pub(crate) fn typed(&self, told: Option<&Type>) -> Result<TypedParam<'_>, BadParameter> {
        let kind = told.cloned().or_else(|| self.value.sent_as());
        let kind = kind.ok_or_else(|| self.bad(Misfit::without_type(self.value.type_name())))?;
        Ok((self, kind))
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, BadParameter> {
        let begin = out.len();
        let misfit = |reason| Misfit::of(self.value, kind, reason);
        let written = catch_unwind(AssertUnwindSafe(|| self.value.write_checked(kind, out)));
        let written = written.unwrap_or_else(|_| Err(misfit(MisfitReason::Panicked)));
        let is_short = i32::try_from(out.len() - begin).is_ok();
        let written = written
            .and_then(|is_null| if is_short { Ok(is_null) } else { Err(misfit(MisfitReason::TooLong)) });
        // The driver would send what is left there as a part of its next message.
        if !matches!(written, Ok(IsNull::No)) {
            out.truncate(begin);
        }
        written.map_err(|misfit| self.bad(misfit))
    }

    fn bad(&self, misfit: Misfit) -> BadParameter {
        let (bind, column) = match self.name {
            ParamName::None => (None, None),
            ParamName::Bind(name) => (Some(name.to_owned()), None),
            ParamName::Column(name) => (None, Some(name.to_owned())),
        };
        BadParameter(Box::new(Facts { number: self.number, bind, column, misfit }))
    }
}

/// Without the value.
impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut param = f.debug_struct("Param");
        param.field("number", &self.number).field("name", &self.name);
        param.field("rust_type", &self.value.type_name()).finish_non_exhaustive()
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        Ok(self.write(kind, out)?)
    }

    /// The value decides, which this does not know.
    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    fn to_sql_checked(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.to_sql(kind, out)
    }
}

/// A parameter whose value does not fit. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadParameter(Box<Facts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    number: u16,
    bind: Option<String>,
    column: Option<String>,
    misfit: Misfit,
}

impl BadParameter {
    /// Which parameter, from 1 on.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.0.number
    }

    /// Its name in braces, if it has one.
    #[must_use]
    pub fn bind_name(&self) -> Option<&str> {
        self.0.bind.as_deref()
    }

    /// The column that it is for, if it is for one.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// What does not fit.
    #[must_use]
    pub fn misfit(&self) -> &Misfit {
        &self.0.misfit
    }
}

impl fmt::Display for BadParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { number, bind, column, misfit } = &*self.0;
        let place = bind.as_ref().map_or_else(|| format!("${number}"), |name| format!("{{{name}}}"));
        match (bind, column) {
            (Some(_), _) => write!(f, "{place} (${number})")?,
            (None, Some(column)) => write!(f, "{place} for {column}")?,
            (None, None) => write!(f, "{place}")?,
        }
        write!(f, ": {misfit}; {}", misfit.remedy(&place))
    }
}

impl StdError for BadParameter {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(param: &Param<'_>, kind: &Type) -> String {
        let mut out = BytesMut::from(&b"before"[..]);
        let error = param.to_sql_checked(kind, &mut out).err().unwrap();
        assert_eq!(out, b"before"[..], "nothing of it stays");
        error.to_string()
    }

    #[test]
    fn an_error_names_the_parameter_both_types_and_what_mends_it() {
        let value: &dyn Bind = &7_i64;
        let param = |name| Param { number: 2, name, value };
        assert_eq!(
            refused(&param(ParamName::Bind("re")), &Type::INT4),
            "{re} ($2): `i64` does not fit `int4`; it takes an `i32` or a smaller integer; or let the server convert it, \
             `{re}::int8::int4`"
        );
        assert!(
            refused(&param(ParamName::Column("users.email")), &Type::TEXT)
                .starts_with("$2 for users.email: ")
        );
        assert!(
            refused(&param(ParamName::None), &Type::INT8_ARRAY).contains("$2: `i64` does not fit `int8[]`")
        );
        let text = Param { number: 1, name: ParamName::None, value: &"sec\0ret" };
        let told = refused(&text, &Type::TEXT);
        assert!(told.contains("zero byte") && !told.contains("sec"), "{told}");
    }

    #[test]
    fn no_value_is_shown() {
        let param = Param { number: 1, name: ParamName::None, value: &"secret" };
        assert!(!format!("{param:?}").contains("secret"));
    }
}
