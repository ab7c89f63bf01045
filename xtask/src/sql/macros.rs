//! What is in the braces of a macro, as far as it is Rust.

use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Block, Expr, Ident, Lit, Macro, Pat, Stmt, Token};

/// What the macro is called, without its path.
pub(super) fn name(called: &Macro) -> String {
    called.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
}

/// Such as `a, b` or `a; 3`; nothing if there is something else.
pub(super) fn arguments(called: &Macro) -> Vec<Expr> {
    let listed = Punctuated::<Expr, Token![,]>::parse_terminated;
    let repeated = |input: ParseStream<'_>| {
        let element = input.parse()?;
        input.parse::<Token![;]>()?;
        input.parse::<Expr>()?;
        Ok(vec![element])
    };
    let tokens = || called.tokens.clone();
    let listed = listed.parse2(tokens()).map(|all| all.into_iter().collect());
    listed.or_else(|_| repeated.parse2(tokens())).unwrap_or_default()
}

/// Statements, or the branches of a `select!`; nothing if there is something else.
pub(super) fn statements(called: &Macro) -> Vec<Stmt> {
    let tokens = || called.tokens.clone();
    branches.parse2(tokens()).or_else(|_| Block::parse_within.parse2(tokens())).unwrap_or_default()
}

/// `pattern = future, if condition => then`, as tokio has it.
fn branches(input: ParseStream<'_>) -> syn::Result<Vec<Stmt>> {
    let mut found = Vec::new();
    if input.peek(Ident) && input.peek2(Token![;]) {
        input.parse::<Ident>()?; // `biased`
        input.parse::<Token![;]>()?;
    }
    while !input.is_empty() {
        if input.parse::<Option<Token![else]>>()?.is_none() {
            Pat::parse_multi_with_leading_vert(input)?;
            input.parse::<Token![=]>()?;
            found.push(Stmt::Expr(input.parse()?, None));
            if input.parse::<Option<Token![,]>>()?.is_some() {
                input.parse::<Token![if]>()?;
                found.push(Stmt::Expr(input.parse()?, None));
            }
        }
        input.parse::<Token![=>]>()?;
        found.push(Stmt::Expr(Expr::parse_with_earlier_boundary_rule(input)?, None));
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(found)
}

/// What is put into a text that is formatted.
#[derive(Default)]
pub(super) struct Pieces {
    pub(super) arguments: Vec<Expr>,
    /// Variables and constants that the text itself names.
    pub(super) named: Vec<Ident>,
}

impl Pieces {
    /// Of a text in braces, and what is behind it; nothing if the text is no literal.
    pub(super) fn of(mut formatted: impl Iterator<Item = Expr>) -> Option<Self> {
        let Some(Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. })) = formatted.next() else { return None };
        let mut pieces = Self::default();
        let mut told = Vec::new();
        for argument in formatted {
            match argument {
                Expr::Assign(assigned) => {
                    told.extend(variable(&assigned.left).cloned());
                    pieces.arguments.push(*assigned.right);
                }
                argument => pieces.arguments.push(argument),
            }
        }
        let text = text.value().replace("{{", "").replace("}}", "");
        let holes = text.split('{').skip(1).filter_map(|behind| behind.split(['}', ':']).next());
        let names = holes.filter_map(|hole| syn::parse_str::<Ident>(hole.trim()).ok());
        pieces.named = names.filter(|name| !told.contains(name)).collect();
        Some(pieces)
    }
}

/// The variable that an expression is, or lends, or points to.
pub(super) fn variable(expression: &Expr) -> Option<&Ident> {
    match expression {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Reference(inner) => variable(&inner.expr),
        Expr::Unary(inner) => variable(&inner.expr),
        _ => None,
    }
}
