use std::collections::BTreeSet;

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ExprClosure, ExprMethodCall, Ident, ItemFn, ItemMod, Local, Macro, Stmt};

use super::calls::takes_text;
use super::macros;
use super::scopes::Scopes;
use super::text::Text;

/// Methods that add to a text.
const TEXT_ADDERS: [&str; 2] = ["insert_str", "push_str"];
/// Methods that add to a text, or to a list of texts.
const LIST_ADDERS: [&str; 3] = ["extend", "insert", "push"];

/// Goes through functions, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// The line where the statement begins that has the call, and the call's name.
    pub(super) found: BTreeSet<(usize, String)>,
    pub(super) scopes: Scopes,
    line: usize,
}

impl Functions {
    /// To look ahead into a block, with what is known in front of it.
    pub(super) fn inside(&self) -> Self {
        let mut scopes = self.scopes.clone();
        scopes.open();
        Self { scopes, ..Self::default() }
    }

    pub(super) fn visit_statements(&mut self, block: &Block) {
        block.stmts.iter().for_each(|statement| self.visit_stmt(statement));
    }

    fn note_run(&mut self, called: &ExprMethodCall) {
        let is_made = called.args.first().is_some_and(|text| self.judge(text) == Text::Made);
        if is_made && takes_text(&called.method.to_string(), called.args.len()) {
            self.tell(&called.method);
        }
    }

    fn note_added(&mut self, called: &ExprMethodCall) {
        let is_one = |names: &[&str]| names.iter().any(|name| called.method == name);
        let added = Text::one_of(called.args.iter().map(|piece| self.judge(piece)));
        if is_one(&LIST_ADDERS) && self.judge(&called.receiver) == Text::Given {
            self.add(&called.receiver, added);
        } else if is_one(&LIST_ADDERS) || is_one(&TEXT_ADDERS) {
            self.append(&called.receiver, added);
        }
    }

    fn tell(&mut self, call: &Ident) {
        self.found.insert((self.line, call.to_string()));
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
        self.in_function(|inside| visit::visit_item_fn(inside, function));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.in_function(|inside| visit::visit_impl_item_fn(inside, function));
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.in_function(|inside| visit::visit_trait_item_fn(inside, function));
    }

    fn visit_block(&mut self, block: &'ast Block) {
        self.in_scope(|inside| inside.visit_statements(block));
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let outside = std::mem::replace(&mut self.line, statement.span().start().line);
        visit::visit_stmt(self, statement);
        self.line = outside;
    }

    fn visit_local(&mut self, local: &'ast Local) {
        visit::visit_local(self, local);
        match &local.init {
            Some(value) => self.bind(&local.pat, &value.expr),
            None => self.declare(&local.pat, Text::Constant),
        }
    }

    fn visit_expr_let(&mut self, condition: &'ast syn::ExprLet) {
        visit::visit_expr_let(self, condition);
        self.bind(&condition.pat, &condition.expr);
    }

    fn visit_expr_if(&mut self, choice: &'ast syn::ExprIf) {
        self.in_scope(|inside| {
            inside.visit_expr(&choice.cond);
            inside.visit_block(&choice.then_branch);
        });
        choice.else_branch.iter().for_each(|(_, otherwise)| self.visit_expr(otherwise));
    }

    fn visit_expr_match(&mut self, choice: &'ast syn::ExprMatch) {
        self.visit_expr(&choice.expr);
        for arm in &choice.arms {
            self.in_scope(|inside| {
                inside.bind(&arm.pat, &choice.expr);
                inside.visit_arm(arm);
            });
        }
    }

    fn visit_expr_closure(&mut self, closure: &'ast ExprClosure) {
        self.visit_closure(closure, Text::Given);
    }

    fn visit_expr_for_loop(&mut self, each: &'ast syn::ExprForLoop) {
        self.visit_expr(&each.expr);
        self.in_loop(|inside| {
            inside.bind(&each.pat, &each.expr);
            inside.visit_block(&each.body);
        });
    }

    fn visit_expr_while(&mut self, repeated: &'ast syn::ExprWhile) {
        self.in_loop(|inside| visit::visit_expr_while(inside, repeated));
    }

    fn visit_expr_loop(&mut self, repeated: &'ast syn::ExprLoop) {
        self.in_loop(|inside| visit::visit_expr_loop(inside, repeated));
    }

    fn visit_expr_assign(&mut self, assigned: &'ast syn::ExprAssign) {
        visit::visit_expr_assign(self, assigned);
        self.add(&assigned.left, self.judge(&assigned.right));
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        visit::visit_expr_binary(self, binary);
        if matches!(binary.op, BinOp::AddAssign(_)) {
            self.append(&binary.left, self.judge(&binary.right));
        }
    }

    /// Whoever gets it may put in what is not seen here.
    fn visit_expr_reference(&mut self, lent: &'ast syn::ExprReference) {
        visit::visit_expr_reference(self, lent);
        if lent.mutability.is_some() {
            self.add(&lent.expr, Text::Given);
        }
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        let mut arguments = macros::arguments(called).into_iter();
        if arguments.len() == 0 {
            let statements = macros::statements(called);
            self.in_scope(|inside| statements.iter().for_each(|statement| inside.visit_stmt(statement)));
        } else if ["write", "writeln"].contains(&macros::name(called).as_str()) {
            let Some(target) = arguments.next() else { return };
            self.append(&target, self.judge_formatted(arguments));
        } else {
            // Such as several calls that are joined.
            arguments.for_each(|argument| self.visit_expr(&argument));
        }
    }

    fn visit_expr_call(&mut self, called: &'ast syn::ExprCall) {
        visit::visit_expr_call(self, called);
        let Expr::Path(function) = &*called.func else { return };
        let Some(name) = function.path.segments.last().map(|last| &last.ident) else { return };
        // What it is called on comes first, if it is a method.
        let is_made = called.args.iter().take(2).any(|text| self.judge(text) == Text::Made);
        if is_made && takes_text(&name.to_string(), called.args.len() - 1) {
            self.tell(name);
        }
    }

    fn visit_expr_method_call(&mut self, called: &'ast ExprMethodCall) {
        let method = called.method.to_string();
        self.visit_expr(&called.receiver);
        for argument in &called.args {
            match argument {
                Expr::Closure(closure) => {
                    let given = Self::given_by(&method, self.judge(&called.receiver));
                    self.visit_closure(closure, given);
                }
                argument => self.visit_expr(argument),
            }
        }
        self.note_run(called);
        self.note_added(called);
    }
}
