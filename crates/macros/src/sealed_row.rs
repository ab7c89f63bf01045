//! What is written for an entity with sealed columns.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;

use crate::columns::{Column, quoted};
use crate::field::inside_option;
use crate::home::{Home, hidden};
use crate::role::Role;
use crate::sealed::{Index, Sealing, value_type};

/// Their facts, as a constant of the entity.
pub(crate) fn facts(entity: &Ident, table: &str, columns: &[Column], home: &Home) -> TokenStream {
    let here = home.of_query(Span::mixed_site());
    let facts = columns.iter().enumerate().filter_map(|(place, column)| {
        column
            .sealing
            .as_ref()
            .map(|sealing| facts_of((entity, table), place, (column, sealing), columns, &here))
    });
    let facts: Vec<TokenStream> = facts.collect();
    if facts.is_empty() {
        return TokenStream::new();
    }
    quote! {
        #here::if_sealed! {
            const SEALED: &'static [&'static #here::SealedFacts] = &[#(&#facts),*];
        }
    }
}

fn facts_of(
    (entity, table): (&Ident, &str),
    place: usize,
    (column, sealing): (&Column, &Sealing),
    columns: &[Column],
    here: &TokenStream,
) -> TokenStream {
    let of_entity = quote!(<#entity as #here::Entity>::FACTS);
    let with = |role| {
        let places = columns.iter().enumerate().filter(move |(_, column)| column.roles.contains(&role));
        places.map(|(place, column)| (quote!(&#of_entity.columns[#place]), column)).collect::<Vec<_>>()
    };
    let ids = with(Role::Id);
    let id_type = match &ids[..] {
        [(_, id)] if id.is_plain => {
            let kind = &id.kind;
            quote!(::core::option::Option::Some(<#kind as #here::BindType>::natural_type))
        }
        _ => quote!(::core::option::Option::None),
    };
    let ids = ids.iter().map(|(id, _)| id);
    let tenant = with(Role::Tenant);
    let tenant = tenant.first().map_or_else(
        || quote!(::core::option::Option::None),
        |(tenant, _)| quote!(::core::option::Option::Some(#tenant)),
    );
    let value = value_type(&column.kind).map(ToTokens::to_token_stream).unwrap_or_default();
    let is_nullable = inside_option(&column.kind).is_some();
    let sealed = crypto_column(sealing, &value, here);
    let indexes = sealing.indexes.iter().map(|index| index_facts(index, table, here));
    let crypto_indexes = sealing.indexes.iter().map(|index| crypto_index(index, sealing, &value, here));
    quote! {
        #here::SealedFacts {
            entity: #of_entity,
            column: &#of_entity.columns[#place],
            is_nullable: #is_nullable,
            ids: &[#(#ids),*],
            id_type: #id_type,
            tenant: #tenant,
            indexes: &[#(#indexes),*],
            values: &#here::SealedValues::<#value> { column: #sealed, indexes: &[#(#crypto_indexes),*] },
        }
    }
}

fn crypto_column(sealing: &Sealing, value: &TokenStream, here: &TokenStream) -> TokenStream {
    let context = &sealing.context;
    let mut column = quote!(#here::crypto::Column::<#value>::new(#context));
    if let Some(bytes) = &sealing.padding {
        column.extend(quote!(.padded(#here::crypto::Padding::to(#bytes))));
    }
    for flag in &sealing.flags {
        let method = format_ident!("{flag}");
        column.extend(quote!(.#method()));
    }
    column
}

/// Of whole values: a beacon is made of it where it is asked for.
fn crypto_index(index: &Index, sealing: &Sealing, value: &TokenStream, here: &TokenStream) -> TokenStream {
    let (context, name) = (&sealing.context, &index.column);
    let mut written = if let Some(normalizer) = index.normalizer {
        let normalizer = format_ident!("{normalizer}");
        quote!(#here::crypto::BlindIndex::<#value>::text(#context, #name, #here::crypto::Normalizer::#normalizer))
    } else {
        quote!(#here::crypto::BlindIndex::<#value>::new(#context, #name))
    };
    if sealing.is_per_tenant() {
        written.extend(quote!(.per_tenant()));
    }
    match &index.cost {
        Some([memory, iterations, lanes]) => quote!(#here::slow!(#written, #memory, #iterations, #lanes)),
        None => written,
    }
}

fn index_facts(index: &Index, table: &str, here: &TokenStream) -> TokenStream {
    let name = index.column.value();
    let bare = quoted(&name);
    let (sql, path) = (format!("{}.{bare}", quoted(table)), format!("{table}.{name}"));
    let is_unique = index.is_unique;
    let bits = index.bits.as_ref().map_or_else(|| quote!(0), ToTokens::to_token_stream);
    let normalizer = format_ident!("{}", index.normalizer.unwrap_or("Exact"));
    quote! {
        #here::IndexFacts {
            column: &#here::ColumnFacts { name: #name, bare: #bare, sql: #sql, path: #path, roles: &[] },
            normalizer: #here::crypto::Normalizer::#normalizer,
            is_unique: #is_unique,
            bits: #bits,
        }
    }
}

/// Its values, its place, and its entry in the list of all sealed columns of the program.
pub(crate) fn implementation(entity: &Ident, columns: &[Column], home: &Home) -> TokenStream {
    let sealed = || columns.iter().filter_map(|column| Some((column, column.sealing.as_ref()?)));
    let Some((_, first)) = sealed().next() else { return TokenStream::new() };
    let site = Span::mixed_site();
    let (here, word) = (home.of_query(site), hidden(first.place));
    let cells = sealed().map(|(Column { name, field, .. }, _)| {
        quote_spanned!(site=> #name => ::core::option::Option::Some(&self.#field),)
    });
    let with = |role| columns.iter().filter(move |column| column.is_plain && column.roles.contains(&role));
    let ids = with(Role::Id).map(|Column { field, .. }| quote_spanned!(site=> put(&self.#field);));
    let tenant = with(Role::Tenant).find(|_| sealed().any(|(_, sealing)| sealing.is_per_tenant()));
    let tenant = tenant.map_or_else(
        || quote!(::core::option::Option::None),
        |Column { field, .. }| quote_spanned!(site=> ::core::option::Option::Some(&self.#field)),
    );
    let written = quote_spanned! {site=>
        #[automatically_derived]
        impl #here::SealedRow for #entity {
            fn cell(&self, column: &::core::primitive::str) -> ::core::option::Option<&dyn ::core::any::Any> {
                match column {
                    #(#cells)*
                    _ => ::core::option::Option::None,
                }
            }

            fn each_id(&self, put: &mut dyn ::core::ops::FnMut(&dyn #here::Bind)) {
                let _ = &put;
                #(#ids)*
            }

            fn tenant(&self) -> ::core::option::Option<&dyn #here::Bind> {
                #tenant
            }
        }

        #here::inventory::submit!(#here::Registered(<#entity as #here::Entity>::SEALED));
    };
    quote_spanned!(word=> #here::sealed! { #written })
}
