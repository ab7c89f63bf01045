use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::{Error, Fields, Ident, Path, Result};

use crate::from_row::{each_word, said, struct_of};
use crate::home::{Home, hidden, once};
use crate::letter_case::snake;
use crate::nearest;

const STRUCT: &str = "a new row is a struct with named fields";
const ENTITY: &str = "say of which entity this is a new row: `#[pgkeel(entity = Name)]`";
const KNOWN: [&str; 3] = ["entity = Name", "columns = name", "crate = \"path\""];
const FIELD: &str = "a field of a new row has no words: its column is that of the entity's field of the same name, a `json` one takes a `Json<…>`";

/// The words of the struct.
#[derive(Default)]
struct Words {
    entity: Option<Path>,
    columns: Option<Path>,
    home: Home,
}

impl Words {
    fn take(&mut self, word: &ParseNestedMeta<'_>) -> Result<()> {
        let path = |word: &ParseNestedMeta<'_>| word.value()?.call(Path::parse_mod_style);
        match said(word).as_str() {
            "entity" => once(&mut self.entity, path(word)?, word, "said twice"),
            "columns" => once(&mut self.columns, path(word)?, word, "said twice"),
            "crate" => self.home.read(word),
            other => Err(word.error(nearest::unknown(other, &KNOWN))),
        }
    }
}

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let item = struct_of(item)?;
    let Fields::Named(fields) = &item.fields else { return Err(Error::new(item.ident.span(), STRUCT)) };
    let mut words = Words::default();
    each_word(&item.attrs, |word| words.take(word))?;
    let entity = words.entity.ok_or_else(|| Error::new(item.ident.span(), ENTITY))?;
    let columns = words.columns.unwrap_or_else(|| columns_of(&entity));
    let mut puts = Vec::new();
    for field in &fields.named {
        each_word(&field.attrs, |word| Err(word.error(FIELD)))?;
        let Some(name) = &field.ident else { continue };
        let place = hidden(name.span());
        puts.push(quote_spanned!(place=> values.set(#columns::#name, &self.#name);));
    }
    let (row, here) = (&item.ident, words.home.of_query(Span::mixed_site()));
    let (params, arguments, bounds) = item.generics.split_for_impl();
    Ok(quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #params #here::NewRow<#entity> for #row #arguments #bounds {
            fn put<'pgkeel>(&'pgkeel self, values: &mut #here::Values<'pgkeel, #entity>) {
                let _ = &values;
                #(#puts)*
            }
        }
    })
}

/// Beside the entity, under its name in snake case.
fn columns_of(entity: &Path) -> Path {
    let mut columns = entity.clone();
    if let Some(last) = columns.segments.last_mut() {
        last.ident = Ident::new(&snake(&last.ident.unraw().to_string()), last.ident.span());
    }
    columns
}
