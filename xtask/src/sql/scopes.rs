use std::collections::BTreeMap;

use syn::Ident;

use super::text::Text;

/// The variables that are in sight, from the function's own to the innermost block's.
#[derive(Debug, Clone, Default)]
pub(super) struct Scopes(Vec<BTreeMap<Ident, Text>>);

impl Scopes {
    pub(super) fn open(&mut self) {
        self.0.push(BTreeMap::new());
    }

    pub(super) fn close(&mut self) {
        self.0.pop();
    }

    /// A new variable of this name, which hides others.
    pub(super) fn declare(&mut self, name: Ident, text: Text) {
        if let Some(innermost) = self.0.last_mut() {
            innermost.insert(name, text);
        }
    }

    pub(super) fn get(&self, name: &Ident) -> Option<Text> {
        self.0.iter().rev().find_map(|scope| scope.get(name)).copied()
    }

    /// What the variable may hold besides, as nobody knows which way the program goes.
    pub(super) fn add(&mut self, name: &Ident, text: Text) {
        match self.0.iter_mut().rev().find_map(|scope| scope.get_mut(name)) {
            Some(held) => *held = text.max(*held),
            // A parameter of the function.
            None => self.declare_outermost(name.clone(), text.derived()),
        }
    }

    fn declare_outermost(&mut self, name: Ident, text: Text) {
        if let Some(outermost) = self.0.first_mut() {
            outermost.insert(name, text);
        }
    }
}
