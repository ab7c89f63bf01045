use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::{Error, Ident, ItemStruct, LitStr, Path, Result, Type, Visibility};

use crate::capability::capabilities;
use crate::columns::{Column, columns_of, quoted, wrong_name};
use crate::field::{Words, inside_option};
use crate::from_row::{Row, each_word, said, struct_of};
use crate::home::once;
use crate::letter_case::snake;
use crate::nearest;
use crate::role::Role;
use crate::{sealed, sealed_row};

const KNOWN: [&str; 7] = [
    "table = \"schema.name\"",
    "columns = name",
    "version = \"column\"",
    "soft_delete = \"column\"",
    "tenant = \"column\"",
    "rename_all = \"case\"",
    "crate = \"path\"",
];
const TABLE: &str = "an entity has a table: `#[pgkeel(table = \"schema.name\")]`";
const ONE_TABLE: &str = "an entity is one table, so it has no parameters";
const KEYWORD: &str = "its name in snake case is none that Rust can have here; say `columns = name`";
const VERSION: &str = "a version is counted: its field is an `i16`, `i32` or `i64`";
const MANAGED: &str = "the version, and the time of deletion, are that and nothing else; a tenant may be in the id besides, or `unique`";
const SOFT_DELETE: &str = "a row that is not deleted has no such time: its field is an `Option`";

/// A struct that is a table.
struct Entity {
    row: Row,
    visibility: Visibility,
    table: LitStr,
    columns_in: Ident,
    columns: Vec<Column>,
}

/// The words of the struct, but for those of a row.
#[derive(Default)]
struct Said {
    table: Option<LitStr>,
    columns: Option<Ident>,
    version: Option<LitStr>,
    soft_delete: Option<LitStr>,
    tenant: Option<LitStr>,
}

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let entity = Entity::parse(&struct_of(item)?)?;
    let (row, columns, facts) =
        (entity.row.implementation(Some(&entity.table)), entity.constants(), entity.implementation());
    let Entity { row: Row { ident, home, .. }, columns_in, columns: all, .. } = &entity;
    let capabilities = capabilities(ident, columns_in, all, home);
    let sealed = sealed_row::implementation(ident, all, home);
    Ok(quote!(#row #columns #facts #capabilities #sealed))
}

impl Said {
    fn take(&mut self, word: &ParseNestedMeta<'_>, row: &mut Row) -> Result<()> {
        if row.take(word)? {
            return Ok(());
        }
        let name = said(word);
        let slot = match name.as_str() {
            "table" => &mut self.table,
            "version" => &mut self.version,
            "soft_delete" => &mut self.soft_delete,
            "tenant" => &mut self.tenant,
            "columns" => return once(&mut self.columns, word.value()?.parse()?, word, "said twice"),
            _ => return Err(word.error(nearest::unknown(&name, &KNOWN))),
        };
        once(slot, word.value()?.parse()?, word, "said twice")
    }

    /// Gives the columns that the struct's words name their roles.
    fn give_roles(&self, columns: &mut [Column]) -> Result<()> {
        let words = [
            (&self.version, Role::Version),
            (&self.soft_delete, Role::SoftDelete),
            (&self.tenant, Role::Tenant),
        ];
        for (name, role) in words {
            let Some(name) = name else { continue };
            let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
            let column = columns.iter_mut().find(|column| column.name == name.value());
            let column = column.ok_or_else(|| {
                let told = format!("no field has this column; there are: {}", names.join(", "));
                Error::new(name.span(), told)
            })?;
            match role {
                Role::Version if !column.is_plain || !is_integer(&column.kind) => {
                    return Err(Error::new(name.span(), VERSION));
                }
                Role::SoftDelete if inside_option(&column.kind).is_none() => {
                    return Err(Error::new(name.span(), SOFT_DELETE));
                }
                _ if column.sealing.is_some() => return Err(Error::new(name.span(), sealed::ALONE)),
                _ if column.roles.iter().any(|other| !role.goes_with(*other)) => {
                    return Err(Error::new(name.span(), MANAGED));
                }
                _ => column.roles.push(role),
            }
        }
        Ok(())
    }
}

fn is_integer(kind: &Type) -> bool {
    let Type::Path(path) = kind else { return false };
    ["i16", "i32", "i64"].iter().any(|integer| path.path.is_ident(integer))
}

impl Entity {
    fn parse(item: &ItemStruct) -> Result<Self> {
        let mut row = Row::parse(item, Words::OfEntity)?;
        if !row.generics.params.is_empty() {
            return Err(Error::new_spanned(&row.generics, ONE_TABLE));
        }
        let mut words = Said::default();
        each_word(&item.attrs, |word| words.take(word, &mut row))?;
        let mut columns = columns_of(&row)?;
        words.give_roles(&mut columns)?;
        sealed::check(&columns)?;
        let table = words.table.ok_or_else(|| Error::new(row.ident.span(), TABLE))?;
        if let Some(wrong) = parts(&table.value()).iter().find_map(|part| wrong_name(part)) {
            return Err(Error::new(table.span(), wrong));
        }
        let columns_in = match words.columns {
            Some(said) => said,
            None => name_of_columns(&row.ident)?,
        };
        Ok(Self { row, visibility: item.vis.clone(), table, columns_in, columns })
    }

    /// The columns, as constants with their types.
    fn constants(&self) -> TokenStream {
        let here = self.row.home.of_query(Span::mixed_site());
        let (columns_in, visibility, entity) = (&self.columns_in, &self.visibility, &self.row.ident);
        let table = self.table.value();
        let about = format!("The columns of `{table}`, as [`{entity}`] has them.");
        let constants = self.columns.iter().enumerate().map(|(place, column)| {
            let (field, visibility) = (&column.field, &column.visibility);
            let kind = column.type_of_column(&self.row.home);
            let about = format!("The column `{}` of `{table}`.", column.name);
            quote_spanned! {Span::mixed_site()=>
                #[doc = #about]
                #visibility const #field: #here::Column<#entity, #kind> =
                    #here::Column::of(&<#entity as #here::Entity>::FACTS.columns[#place]);
            }
        });
        quote_spanned! {Span::mixed_site()=>
            #[doc = #about]
            #[allow(non_camel_case_types, clippy::allow_attributes)]
            #[derive(::core::fmt::Debug)]
            #[non_exhaustive]
            #visibility enum #columns_in {}

            #[automatically_derived]
            #[allow(non_upper_case_globals, dead_code, clippy::allow_attributes)]
            impl #columns_in { #(#constants)* }
        }
    }

    fn implementation(&self) -> TokenStream {
        let here = self.row.home.of_query(Span::mixed_site());
        let (entity, table) = (&self.row.ident, self.table.value());
        let parts = parts(&table);
        let name = parts.last().copied().unwrap_or_default();
        let (alias, sql) =
            (quoted(name), parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join("."));
        let columns = self.columns.iter().map(|column| {
            let Column { name: column_name, roles, .. } = column;
            let bare = quoted(column_name);
            let (full, path) = (format!("{alias}.{bare}"), format!("{name}.{column_name}"));
            let roles = roles.iter().map(|role| format_ident!("{}", role.name()));
            quote! {
                #here::ColumnFacts {
                    name: #column_name, bare: #bare, sql: #full, path: #path, roles: &[#(#here::Role::#roles),*],
                }
            }
        });
        let sealed = sealed_row::facts(entity, name, &self.columns, &self.row.home);
        quote_spanned! {Span::mixed_site()=>
            #[automatically_derived]
            impl #here::Entity for #entity {
                const FACTS: &'static #here::EntityFacts = &#here::EntityFacts {
                    table: #table, sql: #sql, alias: #alias, columns: &[#(#columns),*],
                };

                fn listed() -> &'static ::core::primitive::str {
                    static LISTED: #here::Listed = #here::Listed::new();
                    LISTED.get_or_init(#here::list_of::<Self>)
                }

                #sealed
            }
        }
    }
}

/// The schema, if one is said, and the table's own name.
fn parts(table: &str) -> Vec<&str> {
    table.splitn(2, '.').collect()
}

fn name_of_columns(entity: &Ident) -> Result<Ident> {
    let name = snake(&entity.unraw().to_string());
    let is_name = syn::parse_str::<Ident>(&name).is_ok() && syn::parse_str::<Path>(&name).is_ok();
    if !is_name || *entity == name {
        return Err(Error::new(entity.span(), KEYWORD));
    }
    Ok(Ident::new(&name, entity.span()))
}
