use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, Fields, Generics, Item, ItemStruct, LitStr, Result};

use crate::field::{Field, Way, Words};
use crate::home::{Home, hidden, once};
use crate::letter_case::{self, LetterCase};
use crate::nearest;

const STRUCT: &str = "rows are read into structs with named fields";
const OWNED: &str = "what is read from a row owns its values: a lifetime cannot be filled";
const KNOWN: [&str; 2] = ["rename_all = \"case\"", "crate = \"path\""];

/// A struct taken apart.
pub(crate) struct Row {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) fields: Vec<Field>,
    pub(crate) case: Option<LetterCase>,
    pub(crate) home: Home,
}

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let item = struct_of(item)?;
    let mut row = Row::parse(&item, Words::OfRow)?;
    each_word(&item.attrs, |word| {
        if row.take(word)? { Ok(()) } else { Err(word.error(nearest::unknown(&said(word), &KNOWN))) }
    })?;
    Ok(row.implementation(None))
}

pub(crate) fn struct_of(item: TokenStream) -> Result<ItemStruct> {
    match syn::parse2(item)? {
        Item::Struct(item) => Ok(item),
        other => Err(Error::new(other.span(), STRUCT)),
    }
}

/// The words of the attributes `#[pgkeel(…)]`.
pub(crate) fn each_word(
    attributes: &[Attribute],
    mut take: impl FnMut(&ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    let mut ours = attributes.iter().filter(|attribute| attribute.path().is_ident("pgkeel"));
    ours.try_for_each(|attribute| attribute.parse_nested_meta(|word| take(&word)))
}

pub(crate) fn said(word: &ParseNestedMeta<'_>) -> String {
    word.path.get_ident().map(ToString::to_string).unwrap_or_default()
}

impl Row {
    /// Without the words of the struct.
    pub(crate) fn parse(item: &ItemStruct, words: Words) -> Result<Self> {
        let Fields::Named(fields) = &item.fields else { return Err(Error::new(item.ident.span(), STRUCT)) };
        if let Some(lifetime) = item.generics.lifetimes().next() {
            return Err(Error::new(lifetime.span(), OWNED));
        }
        let fields = fields.named.iter().map(|field| Field::parse(field, words)).collect::<Result<_>>()?;
        let (ident, generics) = (item.ident.clone(), item.generics.clone());
        Ok(Self { ident, generics, fields, case: None, home: Home::default() })
    }

    /// Whether the word is one of a row.
    pub(crate) fn take(&mut self, word: &ParseNestedMeta<'_>) -> Result<bool> {
        if word.path.is_ident("crate") {
            return self.home.read(word).map(|()| true);
        }
        if !word.path.is_ident("rename_all") {
            return Ok(false);
        }
        let case: LitStr = word.value()?.parse()?;
        let parsed = LetterCase::parse(&case.value());
        let parsed = parsed.ok_or_else(|| {
            Error::new(case.span(), format!("unknown way to write names; {}", letter_case::KNOWN))
        })?;
        once(&mut self.case, parsed, word, "said twice").map(|()| true)
    }

    /// Of a struct that is a table, which is told besides.
    pub(crate) fn implementation(&self, table: Option<&LitStr>) -> TokenStream {
        let here = self.home.of_query(Span::mixed_site());
        let row = &self.ident;
        let (params, arguments, _) = self.generics.split_for_impl();
        let bounds = self.bounds();
        let resolved = self.fields.iter().map(|field| self.resolved(field, table));
        let names = self.fields.iter().map(|field| &field.ident);
        let read = self.fields.iter().map(|field| self.read(field));
        quote_spanned! {Span::mixed_site()=>
            #[automatically_derived]
            impl #params #here::FromRow for #row #arguments #bounds {
                fn resolve(plan: &mut #here::Plan<'_>) {
                    let _ = &plan;
                    #(#resolved;)*
                }

                fn from_row(
                    cells: &mut #here::Cells<'_>,
                ) -> ::core::result::Result<Self, #here::CellMismatch> {
                    let _ = &cells;
                    ::core::result::Result::Ok(Self { #(#names: #read?,)* })
                }
            }
        }
    }

    /// What the types of the fields have to be able to, where they depend on parameters of the struct.
    fn bounds(&self) -> TokenStream {
        let written = self.generics.where_clause.as_ref().map(|clause| clause.predicates.iter());
        let written = written.into_iter().flatten().map(|bound| quote!(#bound,));
        let is_generic = self.generics.type_params().next().is_some();
        let fields = self.fields.iter().filter(|_| is_generic).map(|field| {
            let (kind, here) = (&field.kind, self.home.of_query(field.kind.span()));
            let default = field.has_default.then(|| quote!(+ ::core::default::Default));
            let send = quote!(::core::marker::Send);
            match &field.way {
                Way::Plain => quote!(#kind: #here::FromSqlOwned + #send #default,),
                Way::Flatten => quote!(#kind: #here::FromRow,),
                Way::Json => quote!(#kind: #here::DeserializeOwned + #send #default,),
                Way::TryFrom(from) => {
                    quote!(#kind: ::core::convert::TryFrom<#from> + #send #default, #from: #here::FromSqlOwned,)
                }
            }
        });
        quote!(where #(#written)* #(#fields)*)
    }

    /// What is written for a field into `resolve`.
    fn resolved(&self, field: &Field, table: Option<&LitStr>) -> TokenStream {
        let (kind, place) = (&field.kind, hidden(field.kind.span()));
        let here = self.home.of_query(field.kind.span());
        let of = self.ident.unraw().to_string();
        let (name, column) = (field.name(), field.column(self.case));
        let option = quote!(::core::option::Option);
        let table = table.map_or_else(|| quote!(#option::None), |table| quote!(#option::Some(#table)));
        let name = quote!(#here::FieldName { of: #of, table: #table, field: #name, column: #column });
        let (method, read) = match (&field.way, field.has_default) {
            (Way::Flatten, _) => return quote_spanned!(place=> <#kind as #here::FromRow>::resolve(plan)),
            (Way::Plain, false) => ("field", kind),
            (Way::Plain, true) => ("field_if_there", kind),
            (Way::TryFrom(from), false) => ("field", &**from),
            (Way::TryFrom(from), true) => ("field_if_there", &**from),
            (Way::Json, false) => ("json", kind),
            (Way::Json, true) => ("json_if_there", kind),
        };
        let method = Ident::new(method, place);
        quote_spanned!(place=> plan.#method::<#read>(#name))
    }

    /// What is written for a field into `from_row`.
    fn read(&self, field: &Field) -> TokenStream {
        let (kind, place) = (&field.kind, hidden(field.kind.span()));
        let here = self.home.of_query(field.kind.span());
        let (method, read) = match (&field.way, field.has_default) {
            (Way::Flatten, _) => return quote_spanned!(place=> <#kind as #here::FromRow>::from_row(cells)),
            (Way::Plain, false) => ("read", quote!(#kind)),
            (Way::Plain, true) => ("read_or_default", quote!(#kind)),
            (Way::TryFrom(from), false) => ("read_into", quote!(#from, #kind)),
            (Way::TryFrom(from), true) => ("read_into_or_default", quote!(#from, #kind)),
            (Way::Json, false) => ("read_json", quote!(#kind)),
            (Way::Json, true) => ("read_json_or_default", quote!(#kind)),
        };
        let method = Ident::new(method, place);
        quote_spanned!(place=> cells.#method::<#read>())
    }
}
