use std::fmt;

use super::node::Node;

/// What the server makes of a statement: a tree of nodes, each with what it expects, and what came if it was run.
#[derive(Clone)]
pub struct Plan {
    pub(super) kind: PlanKind,
    pub(super) roots: Vec<Node>,
    pub(super) planning_ms: Option<f64>,
    pub(super) execution_ms: Option<f64>,
}

/// Which plan it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PlanKind {
    /// For the values that were bound, without having been run.
    Estimated,
    /// For the values that were bound, and run.
    Analyzed,
    /// For any values, without having been run.
    Generic,
}

impl Plan {
    /// Which plan it is.
    #[must_use]
    pub fn kind(&self) -> PlanKind {
        self.kind
    }

    /// The node that gives the statement's rows. Rules (`create rule`) may make several statements of one: then the first's.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.roots[0]
    }

    /// All nodes, each before those below it.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        let mut ahead: Vec<&Node> = self.roots.iter().rev().collect();
        std::iter::from_fn(move || {
            let node = ahead.pop()?;
            ahead.extend(node.children.iter().rev());
            Some(node)
        })
    }

    /// How long planning took, in milliseconds; of a plan that was [run](PlanKind::Analyzed).
    #[must_use]
    pub fn planning_ms(&self) -> Option<f64> {
        self.planning_ms
    }

    /// How long running took, in milliseconds; of a plan that was [run](PlanKind::Analyzed).
    #[must_use]
    pub fn execution_ms(&self) -> Option<f64> {
        self.execution_ms
    }
}

/// As it is shown, so without values.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} plan\n{self}", self.kind)
    }
}
