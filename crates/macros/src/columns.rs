use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{Error, Ident, Result, Type, Visibility};

use crate::field::{Field, Way, inside_option};
use crate::from_row::Row;
use crate::home::Home;
use crate::role::Role;
use crate::sealed::Sealing;

/// The longest name that PostgreSQL keeps, in bytes (`NAMEDATALEN` - 1).
const MOST_BYTES: usize = 63;

/// A column of an entity.
pub(crate) struct Column {
    pub(crate) field: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) name: String,
    /// What the column holds, but for `json`.
    pub(crate) kind: Type,
    pub(crate) roles: Vec<Role>,
    is_json: bool,
    /// Whether the field is what the column holds.
    pub(crate) is_plain: bool,
    pub(crate) sealing: Option<Sealing>,
}

/// Those fields that are a column of the table each.
pub(crate) fn columns_of(row: &Row) -> Result<Vec<Column>> {
    let mut columns: Vec<Column> = Vec::new();
    for field in &row.fields {
        let Some(kind) = kind_of(field)? else { continue };
        let name = field.column(row.case);
        if let Some(wrong) = wrong_name(&name) {
            return Err(Error::new(field.place(), wrong));
        }
        if columns.iter().any(|column| column.name == name) {
            return Err(Error::new(field.place(), "another field has this column"));
        }
        columns.push(Column {
            field: field.ident.clone(),
            visibility: field.visibility.clone(),
            name,
            kind,
            roles: field.roles.clone(),
            is_json: matches!(field.way, Way::Json),
            is_plain: matches!(field.way, Way::Plain),
            sealing: field.sealing.clone(),
        });
    }
    check_roles(&columns)?;
    if columns.is_empty() {
        return Err(Error::new(row.ident.span(), "an entity has at least one column"));
    }
    Ok(columns)
}

fn kind_of(field: &Field) -> Result<Option<Type>> {
    let has_column = !field.has_default && !matches!(field.way, Way::Flatten);
    if !has_column && !field.roles.is_empty() {
        let told = "this word is of a column, and the field has none: it is flattened, or has a default";
        return Err(Error::new(field.ident.span(), told));
    }
    Ok(has_column.then(|| match &field.way {
        Way::TryFrom(from) => (**from).clone(),
        _ => field.kind.clone(),
    }))
}

fn check_roles(columns: &[Column]) -> Result<()> {
    let with = |role| columns.iter().filter(move |column| column.roles.contains(&role));
    let wrong = |column: &Column, told: &str| Err(Error::new(column.field.span(), told));
    if let Some(column) = with(Role::Id).find(|column| inside_option(&column.kind).is_some()) {
        return wrong(column, "every row has its id: the field is no `Option`");
    }
    if with(Role::Id).count() > 1
        && let Some(column) = with(Role::Id).find(|column| column.roles.contains(&Role::Generated))
    {
        return wrong(
            column,
            "an id of several columns is not generated: the program knows it before the row is there",
        );
    }
    for role in [Role::Created, Role::Updated] {
        if let Some(column) = with(role).nth(1) {
            return wrong(column, "another field is this time already");
        }
        let other = if role == Role::Created { Role::Updated } else { Role::Created };
        if let Some(column) = with(role)
            .find(|column| column.roles.iter().any(|also| [other, Role::Generated, Role::Id].contains(also)))
        {
            return wrong(column, "the time of the first or the last change is that and nothing else");
        }
    }
    Ok(())
}

impl Column {
    pub(crate) fn type_of_column(&self, home: &Home) -> TokenStream {
        let kind = &self.kind;
        if !self.is_json {
            return kind.to_token_stream();
        }
        let here = home.of_query(proc_macro2::Span::mixed_site());
        inside_option(kind).map_or_else(
            || quote!(#here::Json<#kind>),
            |inside| quote!(::core::option::Option<#here::Json<#inside>>),
        )
    }
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Why no table and no column has this name; the rules of `Ident`.
pub(crate) fn wrong_name(name: &str) -> Option<&'static str> {
    match name.len() {
        0 => Some("a name needs at least one character"),
        length if length > MOST_BYTES => Some("a name has at most 63 bytes: PostgreSQL cuts longer ones off"),
        _ if name.contains('\0') => Some("a name has no zero byte"),
        _ => None,
    }
}
