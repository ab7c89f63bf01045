use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::meta::ParseNestedMeta;
use syn::parse::Parser as _;
use syn::spanned::Spanned as _;
use syn::{Error, Result};

use crate::attempt::{clones, future, name_of};
use crate::function::Function;
use crate::home::{Home, hidden, once};
use crate::policy::Policy;
use crate::transactional::name;

const KNOWN: &str = "unknown word; known are: idempotent, policy = POLICY, crate = \"path\"";
const FIRST: &str = "the first parameter has to be the pool, under a name: `pool: &Pool`";
const WHY: &str = "the whole body is run again, also when the connection was lost and its statements may have been \
                   carried out. Where twice is as good as once say `#[retry(idempotent)]`; where it is not, use \
                   `#[transactional(retry)]`, of which a failed attempt leaves nothing behind";

/// What stands in the parentheses.
#[derive(Default)]
struct Words {
    idempotent: Option<()>,
    policy: Option<Policy>,
    home: Home,
}

pub(crate) fn expand(words: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let words = Words::parse(words)?;
    if words.idempotent.is_none() {
        return Err(Error::new(Span::call_site(), WHY));
    }
    let mut function = Function::parse(item, FIRST)?;
    function.check_shares_self()?;
    let body = words.body(&mut function)?;
    Ok(function.with_body(&body))
}

impl Words {
    fn parse(tokens: TokenStream) -> Result<Self> {
        let mut words = Self::default();
        syn::meta::parser(|word| words.take(&word)).parse2(tokens)?;
        Ok(words)
    }

    fn take(&mut self, word: &ParseNestedMeta<'_>) -> Result<()> {
        match name(word).map(|name| name.to_string()).as_deref() {
            Some("idempotent") => once(&mut self.idempotent, (), word, "said twice"),
            Some("policy") => once(&mut self.policy, Policy::parse(word)?, word, "said twice"),
            Some("crate") => self.home.read(word),
            _ => Err(word.error(KNOWN)),
        }
    }

    /// The call that runs the function's own body.
    fn body(&self, function: &mut Function) -> Result<TokenStream> {
        let first = &function.first;
        let mut pool = name_of(&first.pat).ok_or_else(|| Error::new(first.pat.span(), FIRST))?;
        let place = first.ty.span();
        pool.set_span(pool.span().located_at(place));
        let pool = quote_spanned!(hidden(place)=> &#pool); // dereferenced to a pool as often as is needed
        let future = future(&function.returned, &function.block);
        let parameters = std::iter::once(&mut function.first).chain(&mut function.others);
        let clones = clones(parameters, &self.home);
        let place = function.returned.span();
        let here = self.home.at(place);
        let policy = self.policy.as_ref().unwrap_or(&Policy::Default).expression(&here);
        Ok(quote_spanned! {hidden(place)=>
            #here::Pool::retrying(#pool, #policy).run_idempotent(move || { #clones #future }).await
        })
    }
}
