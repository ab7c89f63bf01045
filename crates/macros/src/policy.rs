use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::meta::ParseNestedMeta;
use syn::{Expr, Result, Token};

/// How often a function is run again.
pub(crate) enum Policy {
    Default,
    Given(Expr),
}

impl Policy {
    /// Reads what is after a word: `= EXPR`.
    pub(crate) fn parse(word: &ParseNestedMeta<'_>) -> Result<Self> {
        word.value()?.parse().map(Self::Given)
    }

    /// The same, or nothing.
    pub(crate) fn parse_optional(word: &ParseNestedMeta<'_>) -> Result<Self> {
        if word.input.peek(Token![=]) { Self::parse(word) } else { Ok(Self::Default) }
    }

    pub(crate) fn expression(&self, here: &TokenStream) -> TokenStream {
        match self {
            Self::Default => quote!(#here::RetryPolicy::new()),
            Self::Given(policy) => policy.to_token_stream(),
        }
    }
}
