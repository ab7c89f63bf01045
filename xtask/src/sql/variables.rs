//! Where variables begin and end, and what they get.

use syn::visit::{self, Visit};
use syn::{Expr, ExprClosure, Ident, Pat};

use super::function::Functions;
use super::macros;
use super::text::Text;

impl Functions {
    /// Declares the variables of a pattern that takes this value apart.
    pub(super) fn bind(&mut self, pattern: &Pat, value: &Expr) {
        match (pattern, value) {
            (Pat::Type(typed), value) => self.bind(&typed.pat, value),
            (Pat::Tuple(patterns), Expr::Tuple(values)) if patterns.elems.len() == values.elems.len() => {
                patterns.elems.iter().zip(&values.elems).for_each(|(one, value)| self.bind(one, value));
            }
            _ => self.declare(pattern, self.judge(value)),
        }
    }

    pub(super) fn declare(&mut self, pattern: &Pat, text: Text) {
        let mut names = Names::default();
        names.visit_pat(pattern);
        names.0.into_iter().for_each(|name| self.scopes.declare(name, text));
    }

    /// A variable may hold this besides.
    pub(super) fn add(&mut self, changed: &Expr, text: Text) {
        if let Some(name) = macros::variable(changed) {
            self.scopes.add(name, text);
        }
    }

    /// A variable gets something behind what it holds.
    pub(super) fn append(&mut self, changed: &Expr, piece: Text) {
        self.add(changed, Text::of_pieces([self.judge(changed), piece]));
    }

    pub(super) fn in_scope(&mut self, visit: impl FnOnce(&mut Self)) {
        self.scopes.open();
        visit(self);
        self.scopes.close();
    }

    pub(super) fn in_function(&mut self, visit: impl FnOnce(&mut Self)) {
        let outside = std::mem::take(&mut self.scopes);
        self.in_scope(visit);
        self.scopes = outside;
    }

    /// Twice, as what is assigned at the end of a loop is known at its beginning.
    pub(super) fn in_loop(&mut self, visit: impl Fn(&mut Self)) {
        self.in_scope(&visit);
        self.in_scope(&visit);
    }

    /// With such arguments.
    pub(super) fn visit_closure(&mut self, closure: &ExprClosure, given: Text) {
        self.in_scope(|inside| {
            closure.inputs.iter().for_each(|input| inside.declare(input, given));
            inside.visit_expr(&closure.body);
        });
    }
}

/// All variables of a pattern.
#[derive(Debug, Default)]
struct Names(Vec<Ident>);

impl<'ast> Visit<'ast> for Names {
    fn visit_pat_ident(&mut self, variable: &'ast syn::PatIdent) {
        self.0.push(variable.ident.clone());
        visit::visit_pat_ident(self, variable);
    }
}
