use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Block, Pat, PatIdent, PatType, Type};

use crate::function::is_anonymous;
use crate::home::{Home, hidden};

/// The function's own body as a future that owns what it names.
///
/// What an async block returns is found out last, so it is told first; else a body that leaves something to be inferred
/// from its return type would not compile any more.
pub(crate) fn future(returned: &Type, block: &Block) -> TokenStream {
    let told = (!is_anonymous(returned)).then(|| {
        quote_spanned! {Span::mixed_site()=>
            if let ::core::option::Option::Some(returned) = ::core::option::Option::None::<#returned> {
                return returned;
            }
        }
    });
    quote!(async move { #told #block })
}

/// Gives parameters names under which they stay what they are; the statements returned, at the beginning of each attempt,
/// make clones for it under the names that the function knows.
pub(crate) fn clones<'a>(parameters: impl Iterator<Item = &'a mut PatType>, home: &Home) -> TokenStream {
    parameters.enumerate().filter_map(|(index, parameter)| clone_of(index, parameter, home)).collect()
}

fn clone_of(index: usize, parameter: &mut PatType, home: &Home) -> Option<TokenStream> {
    if matches!(*parameter.pat, Pat::Wild(_)) {
        return None;
    }
    let place = parameter.ty.span();
    let name = name_of(&parameter.pat)
        .unwrap_or_else(|| format_ident!("parameter_{index}", span = hidden(parameter.pat.span())));
    let own = std::mem::replace(&mut *parameter.pat, named(name.clone()));
    let mut original = name;
    original.set_span(original.span().located_at(place));
    let here = home.at(place);
    let clone = quote_spanned!(hidden(place)=> #here::cloned_for_each_attempt(&#original));
    Some(quote!(let #own = #clone;))
}

/// The name of a parameter that is nothing but a name.
pub(crate) fn name_of(pattern: &Pat) -> Option<Ident> {
    match pattern {
        Pat::Ident(PatIdent { ident, by_ref: None, subpat: None, .. }) => Some(ident.clone()),
        _ => None,
    }
}

pub(crate) fn named(ident: Ident) -> Pat {
    Pat::Ident(PatIdent { attrs: Vec::new(), by_ref: None, mutability: None, ident, subpat: None })
}
