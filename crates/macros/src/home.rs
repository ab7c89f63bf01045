use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::meta::ParseNestedMeta;
use syn::{LitStr, Path, Result};

/// Where pgkeel-pool or pgkeel-query is, as seen from where a macro is used.
#[derive(Default)]
pub(crate) struct Home(Option<Path>);

impl Home {
    /// Reads `crate = "path"`.
    pub(crate) fn read(&mut self, word: &ParseNestedMeta<'_>) -> Result<()> {
        self.set(&word.value()?.parse()?)
    }

    /// What expansions for the pool name, where the compiler reports what is wrong with its use.
    pub(crate) fn at(&self, place: Span) -> TokenStream {
        self.or(quote!(::pgkeel_pool), place)
    }

    /// What expansions for pgkeel-query name.
    pub(crate) fn of_query(&self, place: Span) -> TokenStream {
        self.or(quote!(::pgkeel_query), place)
    }

    /// Takes the path that was given.
    pub(crate) fn set(&mut self, path: &LitStr) -> Result<()> {
        self.0 = Some(path.parse_with(Path::parse_mod_style)?);
        Ok(())
    }

    fn or(&self, usual: TokenStream, place: Span) -> TokenStream {
        let home = self.0.as_ref().map_or(usual, Path::to_token_stream);
        located_at(quote!(#home::__macro), place)
    }
}

/// The same names, reported as being at that place.
pub(crate) fn located_at(tokens: TokenStream, place: Span) -> TokenStream {
    let at_place = |mut token: TokenTree| {
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), located_at(group.stream(), place)).into();
        }
        token.set_span(token.span().located_at(place));
        token
    };
    tokens.into_iter().map(at_place).collect()
}

/// The place, for names that the function cannot see.
pub(crate) fn hidden(place: Span) -> Span {
    place.resolved_at(Span::mixed_site())
}

/// A word is said once.
pub(crate) fn once<T>(slot: &mut Option<T>, value: T, word: &ParseNestedMeta<'_>, twice: &str) -> Result<()> {
    if slot.replace(value).is_some() { Err(word.error(twice)) } else { Ok(()) }
}
