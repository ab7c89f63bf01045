use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, ExprMethodCall, Ident, ItemFn, ItemMod, Local, Macro, Pat, Stmt, Token};

/// Calls that take a statement's text first: of the driver, of pgkeel, and of what is around them.
const CALLS: [&str; 23] = [
    "batch_execute",
    "copy_in_raw",
    "copy_out",
    "copy_out_raw",
    "execute",
    "execute_raw",
    "execute_typed",
    "prepare",
    "prepare_cached",
    "prepare_typed",
    "query",
    "query_one",
    "query_one_scalar",
    "query_one_typed",
    "query_opt",
    "query_opt_typed",
    "query_raw",
    "query_scalar",
    "query_scalar_typed",
    "query_stream",
    "query_typed",
    "query_typed_raw",
    "simple_query",
];
/// Methods that make one text of several.
const MAKERS: [&str; 5] = ["concat", "join", "replace", "replacen", "repeat"];
/// Methods that add to a text.
const ADDERS: [&str; 5] = ["push", "push_str", "insert_str", "insert", "extend"];

/// Goes through functions, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// The line where the statement begins that has the call, and the call's name.
    pub(super) found: Vec<(usize, String)>,
    /// Variables that hold texts which were put together.
    made: BTreeSet<Ident>,
    line: usize,
}

impl Functions {
    fn is_made(&self, text: &Expr) -> bool {
        match text {
            Expr::Reference(inner) => self.is_made(&inner.expr),
            Expr::Paren(inner) => self.is_made(&inner.expr),
            Expr::Group(inner) => self.is_made(&inner.expr),
            Expr::Macro(called) => is_format(&called.mac),
            Expr::Binary(binary) => matches!(binary.op, BinOp::Add(_)),
            Expr::MethodCall(called) => {
                let is_maker = MAKERS.iter().any(|maker| called.method == maker);
                is_maker || (called.args.is_empty() && self.is_made(&called.receiver))
            }
            Expr::Path(path) => path.path.get_ident().is_some_and(|name| self.made.contains(name)),
            _ => false,
        }
    }

    fn note(&mut self, changed: &Expr) {
        if let Expr::Path(path) = changed {
            self.made.extend(path.path.get_ident().cloned());
        }
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg")
                && attribute.parse_args::<Ident>().is_ok_and(|word| word == "test")
        };
        if !module.attrs.iter().any(is_test) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        let outside = std::mem::take(&mut self.made);
        visit::visit_item_fn(self, function);
        self.made = outside;
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        let outside = std::mem::take(&mut self.made);
        visit::visit_impl_item_fn(self, function);
        self.made = outside;
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let outside = std::mem::replace(&mut self.line, statement.span().start().line);
        visit::visit_stmt(self, statement);
        self.line = outside;
    }

    fn visit_local(&mut self, local: &'ast Local) {
        let name = match &local.pat {
            Pat::Ident(name) => Some(&name.ident),
            Pat::Type(typed) => match &*typed.pat {
                Pat::Ident(name) => Some(&name.ident),
                _ => None,
            },
            _ => None,
        };
        if let (Some(name), Some(value)) = (name, &local.init) {
            if self.is_made(&value.expr) {
                self.made.insert(name.clone());
            } else {
                self.made.remove(name);
            }
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_assign(&mut self, assigned: &'ast syn::ExprAssign) {
        if self.is_made(&assigned.right) {
            self.note(&assigned.left);
        }
        visit::visit_expr_assign(self, assigned);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if matches!(binary.op, BinOp::AddAssign(_)) {
            self.note(&binary.left);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        let writes = ["write", "writeln"].iter().any(|name| called.path.is_ident(name));
        if writes && let Some(target) = arguments(called).and_then(|all| all.into_iter().next()) {
            let target = match target {
                Expr::Reference(inner) => *inner.expr,
                target => target,
            };
            self.note(&target);
        }
        // Such as several calls that are joined.
        for argument in arguments(called).into_iter().flatten() {
            self.visit_expr(&argument);
        }
    }

    fn visit_expr_method_call(&mut self, called: &'ast ExprMethodCall) {
        if ADDERS.iter().any(|adder| called.method == adder) {
            self.note(&called.receiver);
        }
        let runs = CALLS.iter().any(|name| called.method == name);
        if runs && called.args.first().is_some_and(|text| self.is_made(text)) {
            self.found.push((self.line, called.method.to_string()));
        }
        visit::visit_expr_method_call(self, called);
    }
}

fn arguments(called: &Macro) -> Option<Vec<Expr>> {
    let all = called.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated).ok()?;
    Some(all.into_iter().collect())
}

/// Whether it puts something into a text that is no constant.
fn is_format(called: &Macro) -> bool {
    if !called.path.is_ident("format") {
        return false;
    }
    let Some(arguments) = arguments(called) else { return true };
    let mut arguments = arguments.into_iter();
    let Some(Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) = arguments.next() else {
        return true;
    };
    let is_constant = |name: &str| {
        name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_' || letter.is_ascii_digit())
    };
    let is_named = |argument: &Expr| match argument {
        Expr::Path(path) => {
            path.path.segments.last().is_some_and(|last| is_constant(&last.ident.to_string()))
        }
        _ => false,
    };
    let text = text.value().replace("{{", "").replace("}}", "");
    let holes = text.split('{').skip(1).filter_map(|behind| behind.split(['}', ':']).next());
    !(arguments.all(|argument| is_named(&argument)) && holes.into_iter().all(is_constant))
}
