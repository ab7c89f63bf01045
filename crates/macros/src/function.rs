use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::spanned::Spanned as _;
use syn::{
    Attribute, Block, Error, FnArg, ItemFn, PatType, Receiver, Result, ReturnType, Signature, Type,
    Visibility,
};

/// An async function that returns a `Result`, taken apart.
pub(crate) struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    pub(crate) receiver: Option<Receiver>,
    /// The first parameter after `self`.
    pub(crate) first: PatType,
    pub(crate) others: Vec<PatType>,
    pub(crate) returned: Type,
    pub(crate) block: Block,
}

impl Function {
    /// `first` says which first parameter is wanted.
    pub(crate) fn parse(item: TokenStream, first: &str) -> Result<Self> {
        let ItemFn { attrs: attributes, vis: visibility, sig: mut signature, block } = syn::parse2(item)?;
        if signature.asyncness.is_none() {
            return Err(Error::new(signature.fn_token.span, "only an `async fn` can wait for the database"));
        }
        let returned = match &signature.output {
            ReturnType::Type(_, returned) => Type::clone(returned),
            ReturnType::Default => {
                let missing = "has to return a `Result`, as the database may fail";
                return Err(Error::new(signature.ident.span(), missing));
            }
        };
        let place = signature.paren_token.span.join();
        let mut receiver = None;
        let mut parameters = Vec::new();
        for input in std::mem::take(&mut signature.inputs) {
            match input {
                FnArg::Receiver(this) => receiver = Some(this),
                FnArg::Typed(parameter) => parameters.push(parameter),
            }
        }
        let mut parameters = parameters.into_iter();
        let first = parameters.next().ok_or_else(|| Error::new(place, first))?;
        let others = parameters.collect();
        Ok(Self { attributes, visibility, signature, receiver, first, others, returned, block: *block })
    }

    /// Of a method that is run again each attempt borrows `self` anew.
    pub(crate) fn check_shares_self(&self) -> Result<()> {
        match &self.receiver {
            Some(this) if this.reference.is_none() || this.mutability.is_some() => {
                Err(Error::new(this.span(), "a method that is run again takes `&self`"))
            }
            _ => Ok(()),
        }
    }

    /// The function under its name, with this body.
    pub(crate) fn with_body(self, body: &TokenStream) -> TokenStream {
        let Self { attributes, visibility, mut signature, receiver, first, others, .. } = self;
        let parameters = std::iter::once(first).chain(others).map(FnArg::Typed);
        signature.inputs = receiver.map(FnArg::Receiver).into_iter().chain(parameters).collect();
        quote!(#(#attributes)* #visibility #signature { #body })
    }
}

/// The last name in the path of a type, without references.
pub(crate) fn last_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        Type::Paren(inner) => last_name(&inner.elem),
        Type::Group(inner) => last_name(&inner.elem),
        _ => None,
    }
}

/// Whether a type can only be written in a signature.
pub(crate) fn is_anonymous(of: &Type) -> bool {
    fn names_impl(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            proc_macro2::TokenTree::Group(group) => names_impl(group.stream()),
            proc_macro2::TokenTree::Ident(name) => name == "impl",
            _ => false,
        })
    }
    names_impl(of.to_token_stream())
}
