//! Where the text comes from that an expression gives.

use syn::visit::Visit as _;
use syn::{BinOp, Block, Expr, ExprCall, ExprClosure, ExprIf, ExprMatch, ExprPath, Ident, Macro, Stmt};

use super::function::Functions;
use super::macros::{self, Pieces};
use super::text::Text;

/// Methods that make one text of what they are called on and of what they are given.
const MAKERS: [&str; 5] = ["concat", "join", "repeat", "replace", "replacen"];
/// Methods that give what their arguments give.
const REPLACERS: [&str; 9] =
    ["and_then", "filter_map", "flat_map", "fold", "map", "map_or", "map_or_else", "then", "then_some"];
/// Methods that give what they are called on, or what their arguments give.
const CHOOSERS: [&str; 4] = ["or", "or_else", "unwrap_or", "unwrap_or_else"];
/// Methods and functions that give the same text as something else.
const KEEPERS: [&str; 18] = [
    "as_ref",
    "as_str",
    "clone",
    "cloned",
    "collect",
    "copied",
    "deref",
    "expect",
    "format",
    "from",
    "into",
    "into_iter",
    "iter",
    "leak",
    "to_owned",
    "to_string",
    "trim",
    "unwrap",
];
/// Macros that end the function, so that nothing comes of them.
const ENDINGS: [&str; 3] = ["bail", "panic", "unreachable"];

impl Functions {
    pub(super) fn judge(&self, text: &Expr) -> Text {
        match text {
            Expr::Lit(_) | Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => Text::Constant,
            Expr::Path(path) => self.judge_path(path),
            Expr::Reference(lent) if lent.mutability.is_none() => self.judge(&lent.expr),
            Expr::Paren(inner) => self.judge(&inner.expr),
            Expr::Unary(inner) => self.judge(&inner.expr),
            Expr::Try(inner) => self.judge(&inner.expr),
            Expr::Index(inner) => self.judge(&inner.expr),
            Expr::Field(inner) => self.judge(&inner.base).derived(),
            Expr::Array(list) => Text::one_of(list.elems.iter().map(|element| self.judge(element))),
            Expr::Tuple(list) => Text::one_of(list.elems.iter().map(|element| self.judge(element))),
            Expr::Block(inner) => self.judge_block(&inner.block),
            Expr::Unsafe(inner) => self.judge_block(&inner.block),
            Expr::If(choice) => self.judge_if(choice),
            Expr::Match(choice) => self.judge_match(choice),
            Expr::Closure(closure) => self.judge_closure(closure, Text::Given),
            Expr::Binary(binary) if matches!(binary.op, BinOp::Add(_)) => {
                Text::of_pieces([self.judge(&binary.left), self.judge(&binary.right)])
            }
            Expr::Macro(called) => self.judge_macro(&called.mac),
            Expr::MethodCall(called) => self.judge_result(
                &called.method.to_string(),
                self.judge(&called.receiver),
                called.args.iter(),
            ),
            Expr::Call(called) => self.judge_call(called),
            _ => Text::Given,
        }
    }

    fn judge_path(&self, path: &ExprPath) -> Text {
        match path.path.get_ident() {
            Some(name) => self.judge_name(name),
            None => constant_or_given(path.path.segments.last().map(|last| &last.ident)),
        }
    }

    fn judge_name(&self, name: &Ident) -> Text {
        self.scopes.get(name).unwrap_or_else(|| constant_or_given(Some(name)))
    }

    /// What its last expression gives, with what is known there.
    fn judge_block(&self, block: &Block) -> Text {
        let mut inside = self.inside();
        inside.visit_statements(block);
        match block.stmts.last() {
            Some(Stmt::Expr(last, None)) => inside.judge(last),
            Some(Stmt::Macro(last)) if last.semi_token.is_none() => inside.judge_macro(&last.mac),
            _ => Text::Constant,
        }
    }

    fn judge_if(&self, choice: &ExprIf) -> Text {
        let mut inside = self.inside();
        inside.visit_expr(&choice.cond);
        let otherwise = choice.else_branch.as_ref().map(|(_, otherwise)| self.judge(otherwise));
        Text::one_of([inside.judge_block(&choice.then_branch)].into_iter().chain(otherwise))
    }

    fn judge_match(&self, choice: &ExprMatch) -> Text {
        Text::one_of(choice.arms.iter().map(|arm| {
            let mut inside = self.inside();
            inside.bind(&arm.pat, &choice.expr);
            inside.judge(&arm.body)
        }))
    }

    /// What a call of it gives, with such arguments.
    fn judge_closure(&self, closure: &ExprClosure, given: Text) -> Text {
        let mut inside = self.inside();
        closure.inputs.iter().for_each(|input| inside.declare(input, given));
        inside.judge(&closure.body)
    }

    /// What a method gives to a closure that it takes.
    pub(super) fn given_by(method: &str, receiver: Text) -> Text {
        let is_each = method == "for_each" || REPLACERS.contains(&method);
        if is_each { receiver } else { receiver.derived() }
    }

    fn judge_call(&self, called: &ExprCall) -> Text {
        let Expr::Path(function) = &*called.func else { return self.judge(&called.func).derived() };
        if let Some(closure) = function.path.get_ident().and_then(|name| self.scopes.get(name)) {
            return closure;
        }
        let mut segments = function.path.segments.iter().rev().map(|segment| segment.ident.to_string());
        let (Some(name), owner) = (segments.next(), segments.next()) else { return Text::Given };
        let mut arguments = called.args.iter();
        if name.starts_with(char::is_uppercase) {
            return Text::one_of(arguments.map(|argument| self.judge(argument)));
        }
        match arguments.next() {
            Some(first) if MAKERS.contains(&&*name) || KEEPERS.contains(&&*name) => {
                self.judge_result(&name, self.judge(first), arguments)
            }
            Some(_) if name != "with_capacity" => Text::Given,
            _ if owner.is_some_and(|owner| owner == "String") => Text::Constant,
            _ => Text::Given,
        }
    }

    fn judge_result<'a>(
        &self,
        method: &str,
        receiver: Text,
        arguments: impl Iterator<Item = &'a Expr>,
    ) -> Text {
        let is_one = |names: &[&str]| names.contains(&method);
        let mut arguments = arguments.map(|argument| match argument {
            Expr::Closure(closure) => self.judge_closure(closure, Self::given_by(method, receiver)),
            argument => self.judge(argument),
        });
        if is_one(&MAKERS) {
            Text::of_pieces([receiver].into_iter().chain(arguments))
        } else if is_one(&KEEPERS) {
            receiver
        } else if is_one(&CHOOSERS) {
            Text::one_of([receiver].into_iter().chain(arguments))
        } else if is_one(&REPLACERS) && receiver != Text::Made {
            Text::one_of(&mut arguments)
        } else {
            receiver.derived()
        }
    }

    pub(super) fn judge_macro(&self, called: &Macro) -> Text {
        let arguments = macros::arguments(called).into_iter();
        match macros::name(called).as_str() {
            "format" | "format_args" => self.judge_formatted(arguments),
            "vec" if arguments.len() > 0 => Text::one_of(arguments.map(|element| self.judge(&element))),
            "concat" | "include_str" | "stringify" => Text::Constant,
            name if ENDINGS.contains(&name) => Text::Constant,
            _ => Text::Given,
        }
    }

    /// Of a text in braces and what is behind it.
    pub(super) fn judge_formatted(&self, formatted: impl Iterator<Item = Expr>) -> Text {
        let Some(pieces) = Pieces::of(formatted) else { return Text::Made };
        let named = pieces.named.iter().map(|name| self.judge_name(name));
        Text::of_pieces(pieces.arguments.iter().map(|argument| self.judge(argument)).chain(named))
    }
}

fn constant_or_given(name: Option<&Ident>) -> Text {
    let is_constant = |name: &Ident| {
        let is_of_one =
            |letter: char| letter.is_ascii_uppercase() || letter == '_' || letter.is_ascii_digit();
        name.to_string().chars().all(is_of_one)
    };
    if name.is_some_and(is_constant) { Text::Constant } else { Text::Given }
}
