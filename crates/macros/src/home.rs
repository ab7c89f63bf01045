use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::meta::ParseNestedMeta;
use syn::{LitStr, Path, Result};

/// Where pgkeel-pool is, as seen from the function.
#[derive(Default)]
pub(crate) struct Home(Option<Path>);

impl Home {
    /// Reads `crate = "path"`.
    pub(crate) fn read(&mut self, word: &ParseNestedMeta<'_>) -> Result<()> {
        let path: LitStr = word.value()?.parse()?;
        self.0 = Some(path.parse_with(Path::parse_mod_style)?);
        Ok(())
    }

    /// What expansions name, where the compiler reports what is wrong with its use.
    pub(crate) fn at(&self, place: Span) -> TokenStream {
        let home = self.0.as_ref().map_or_else(|| quote!(::pgkeel_pool), Path::to_token_stream);
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
