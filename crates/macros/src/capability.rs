use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Ident, Index};

use crate::columns::Column;
use crate::home::Home;
use crate::role::Role;

/// What rows of the entity can do besides being read, by what its words say: one trait a capability.
pub(crate) fn capabilities(
    entity: &Ident,
    columns_in: &Ident,
    columns: &[Column],
    home: &Home,
) -> TokenStream {
    let with = |role| columns.iter().filter(move |column| column.roles.contains(&role)).collect::<Vec<_>>();
    let site = Span::mixed_site();
    let here = home.of_query(site);
    let version = with(Role::Version).first().map(|column| &column.field);
    let mut written = keyed(entity, columns_in, &with(Role::Id), version, &here);
    if let Some(field) = version
        && !written.is_empty()
    {
        written.extend(quote_spanned! {site=>
            #[automatically_derived]
            impl #here::Versioned for #entity {
                fn version(&self) -> ::core::primitive::i64 {
                    ::core::convert::Into::into(self.#field)
                }
            }
        });
    }
    for (role, name) in [(Role::SoftDelete, quote!(SoftDelete)), (Role::Tenant, quote!(Tenanted))] {
        if let [column] = with(role)[..] {
            let kind = column.type_of_column(home);
            let what = if role == Role::Tenant { quote!(type Tenant = #kind;) } else { quote!() };
            written.extend(quote!(#[automatically_derived] impl #here::#name for #entity { #what }));
        }
    }
    written
}

/// The row's id, and the row of an id. Of a field that is made of what its column holds there is no way back to that.
fn keyed(
    entity: &Ident,
    columns_in: &Ident,
    ids: &[&Column],
    version: Option<&Ident>,
    here: &TokenStream,
) -> TokenStream {
    if ids.is_empty() || ids.iter().any(|column| !column.is_plain) {
        return TokenStream::new();
    }
    let (is_one, site) = (ids.len() == 1, Span::mixed_site());
    let kinds = ids.iter().map(|column| &column.kind);
    let kind = if is_one { ids[0].kind.to_token_stream() } else { quote!((#(#kinds),*)) };
    let values = ids
        .iter()
        .map(|column| &column.field)
        .map(|field| quote_spanned!(site=> ::core::clone::Clone::clone(&self.#field)));
    let value = if is_one { quote!(#(#values)*) } else { quote!((#(#values),*)) };
    let filters = ids.iter().enumerate().map(|(place, column)| {
        let (field, place) = (&column.field, Index::from(place));
        let part = if is_one { quote_spanned!(site=> id) } else { quote_spanned!(site=> id.#place) };
        quote!(#here::Column::eq(#columns_in::#field, #part))
    });
    let expected = version.map(|_| {
        quote_spanned! {site=>
            fn expected_version(&self) -> ::core::option::Option<::core::primitive::i64> {
                ::core::option::Option::Some(<Self as #here::Versioned>::version(self))
            }
        }
    });
    quote_spanned! {site=>
        #[automatically_derived]
        impl #here::Keyed for #entity {
            type Id = #kind;

            fn id(&self) -> Self::Id {
                #value
            }

            fn by_id(id: Self::Id) -> #here::Filter<'static, Self> {
                #(#filters)&*
            }

            #expected
        }
    }
}
