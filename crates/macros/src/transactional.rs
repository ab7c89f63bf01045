use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::meta::ParseNestedMeta;
use syn::parse::Parser as _;
use syn::spanned::Spanned as _;
use syn::{Error, Ident, Pat, Result, Type, parse_quote};

use crate::attempt::{clones, future, named};
use crate::function::{Function, last_name};
use crate::home::{Home, hidden, once};
use crate::policy::Policy;

const KNOWN: &str = "unknown word; known are: serializable, repeatable_read, read_committed, read_only, deferrable, \
                     resolve_commit, retry, retry = POLICY, crate = \"path\"";
const FIRST: &str =
    "the first parameter has to be the transaction, `tx: Tx`; callers give the pool in its place";
const LEVELS: [(&str, &str); 3] = [
    ("serializable", "Serializable"),
    ("repeatable_read", "RepeatableRead"),
    ("read_committed", "ReadCommitted"),
];
const SWITCHES: [&str; 3] = ["read_only", "deferrable", "resolve_commit"];

/// What stands in the parentheses.
#[derive(Default)]
struct Words {
    isolation: Option<Ident>,
    switches: Vec<Ident>,
    retry: Option<Policy>,
    home: Home,
}

pub(crate) fn expand(words: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let words = Words::parse(words)?;
    let mut function = Function::parse(item, FIRST)?;
    if last_name(&function.first.ty).as_deref() != Some("Tx") {
        return Err(Error::new(function.first.ty.span(), FIRST));
    }
    if words.retry.is_some() {
        function.check_shares_self()?;
    }
    let body = words.body(&mut function);
    Ok(function.with_body(&body))
}

impl Words {
    fn parse(tokens: TokenStream) -> Result<Self> {
        let mut words = Self::default();
        syn::meta::parser(|word| words.take(&word)).parse2(tokens)?;
        Ok(words)
    }

    fn take(&mut self, word: &ParseNestedMeta<'_>) -> Result<()> {
        let Some(name) = name(word) else { return Err(word.error(KNOWN)) };
        let place = word.path.span();
        if let Some((_, level)) = LEVELS.iter().find(|(known, _)| name == known) {
            let level = format_ident!("{level}", span = hidden(place));
            return once(&mut self.isolation, level, word, "there is one isolation level already");
        }
        if SWITCHES.iter().any(|known| name == known) {
            if self.switches.contains(&name) {
                return Err(word.error("said twice"));
            }
            self.switches.push(name);
            return Ok(());
        }
        match name.to_string().as_str() {
            "retry" => once(&mut self.retry, Policy::parse_optional(word)?, word, "said twice"),
            "crate" => self.home.read(word),
            _ => Err(word.error(KNOWN)),
        }
    }

    fn options(&self) -> TokenStream {
        let here = self.home.at(Span::mixed_site());
        let isolation = self.isolation.as_ref().map(|level| quote!(.isolation(#here::Isolation::#level)));
        let switches = &self.switches;
        quote!(#here::TxOptions::new() #isolation #(.#switches(true))*)
    }

    /// Makes a pool of the first parameter, and the call that takes it. What the compiler says of the call is about the
    /// function's error, so the call is where that is.
    fn body(&self, function: &mut Function) -> TokenStream {
        let place = function.returned.span();
        let site = hidden(place);
        let here = self.home.at(place);
        let pool = Ident::new("pool", site);
        let tx = std::mem::replace(&mut *function.first.pat, named(pool.clone()));
        let tx_type = std::mem::replace(&mut *function.first.ty, parse_quote!(&#here::Pool));
        let clones = self.retry.is_some().then(|| clones(function.others.iter_mut(), &self.home));
        let run = run(function, &tx, &tx_type, clones.as_ref());
        let options = self.options();
        match &self.retry {
            None => quote_spanned!(site=> #here::Pool::transaction_with(#pool, #options, #run).await),
            Some(policy) => {
                let policy = policy.expression(&here);
                quote_spanned!(site=>
                    #here::Pool::retrying(#pool, #policy).transaction_with(#options, #run).await
                )
            }
        }
    }
}

fn run(function: &Function, tx: &Pat, tx_type: &Type, clones: Option<&TokenStream>) -> TokenStream {
    let attributes = &function.first.attrs;
    let future = future(&function.returned, &function.block);
    quote!(move |#(#attributes)* #tx: #tx_type| { #clones #future })
}

/// A word of one name. `crate` is one too.
pub(crate) fn name(word: &ParseNestedMeta<'_>) -> Option<Ident> {
    word.path.get_ident().cloned()
}
