use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, LitStr, Result, Token};

use crate::home::Home;
use crate::scanner::{Scanned, scan};

const LITERAL: &str = "the statement has to be a string literal, so that nothing can get into it; values go in by \
                       `{name}`. For a text that is made at run time there is `AuditedSql`";
const NAMED: &str = "an argument has a name: `name = value`, for `{name}` in the statement";
/// As many as a message of the protocol can count.
const MOST: usize = u16::MAX as usize;

/// What stands in the parentheses.
struct Statement {
    literal: LitStr,
    arguments: Vec<Argument>,
    home: Home,
}

struct Argument {
    name: Ident,
    value: Expr,
}

impl Parse for Statement {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let place = if input.is_empty() { Span::call_site() } else { input.span() };
        let literal = input.parse().map_err(|_| Error::new(place, LITERAL))?;
        let mut statement = Self { literal, arguments: Vec::new(), home: Home::default() };
        while !input.is_empty() {
            input.parse::<Token![,]>().map_err(|_| Error::new(input.span(), LITERAL))?;
            if !input.is_empty() {
                statement.argument(input)?;
            }
        }
        Ok(statement)
    }
}

impl Statement {
    fn argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        let place = input.span();
        let named = |input: ParseStream<'_>| {
            let name = Ident::parse_any(input)?;
            input.parse::<Token![=]>().map(|_| name)
        };
        let is_named = named(&input.fork()).is_ok() && !input.peek2(Token![==]);
        if !is_named {
            return Err(Error::new(place, NAMED));
        }
        let name = named(input)?;
        if name == "crate" {
            return self.home.set(&input.parse()?);
        }
        if self.arguments.iter().any(|known| known.name.unraw() == name.unraw()) {
            return Err(Error::new(name.span(), "this argument is there already"));
        }
        self.arguments.push(Argument { name, value: input.parse()? });
        Ok(())
    }

    fn check(&self, scanned: &Scanned) -> Result<()> {
        let unused = |argument: &&Argument| !scanned.names.contains(&argument.name.unraw().to_string());
        if let Some(argument) = self.arguments.iter().find(unused) {
            let told = format!("`{{{}}}` is not in the statement", argument.name.unraw());
            return Err(Error::new(argument.name.span(), told));
        }
        if scanned.names.len() > MOST {
            return Err(Error::new(
                self.literal.span(),
                format!("a statement has at most {MOST} parameters"),
            ));
        }
        Ok(())
    }

    /// The value that goes by this name: an argument, or a variable in scope.
    fn value(&self, name: &str) -> Result<TokenStream> {
        if let Some(argument) = self.arguments.iter().find(|argument| argument.name.unraw() == name) {
            let value = &argument.value;
            return Ok(quote_spanned!(value.span()=> &(#value)));
        }
        let place = self.literal.span();
        let mut variable = syn::parse_str::<Ident>(name).map_err(|_| {
            Error::new(place, format!("`{name}` is a keyword of Rust: give it as an argument, `{name} = …`"))
        })?;
        variable.set_span(place);
        Ok(quote_spanned!(place=> &#variable))
    }
}

/// Everything is written out as literals of structs, arrays and references: of these, unlike of calls, the compiler keeps
/// temporary values for as long as what a `let` binds them to.
pub(crate) fn expand(tokens: TokenStream) -> Result<TokenStream> {
    let statement: Statement = syn::parse2(tokens)?;
    let place = statement.literal.span();
    let scanned = scan(&statement.literal.value()).map_err(|wrong| Error::new(place, wrong))?;
    statement.check(&scanned)?;
    let here = statement.home.of_query(Span::call_site());
    let params = (1..=u16::MAX).zip(&scanned.names).map(|(number, name)| {
        let value = statement.value(name)?;
        Ok(quote! {
            &#here::Param { number: #number, name: #here::ParamName::Bind(#name), value: #value }
                as &(dyn #here::ToSql + ::core::marker::Sync)
        })
    });
    let params = params.collect::<Result<Vec<_>>>()?;
    let text = LitStr::new(&scanned.text, place);
    Ok(quote!(#here::Sql { text: #text, params: &[#(#params),*] }))
}
