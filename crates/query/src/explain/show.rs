//! Plans as text: a node a line, indented. Of what the server said, names of nodes and of what the database has, and numbers;
//! of generic plans the conditions too.

use std::fmt;

use serde_json::Value;

use super::node::Node;
use super::plan::Plan;

/// Which of the server's texts say nothing but what the statement's text and the catalog do.
const JOIN: [&str; 2] = ["Join Type", "Command"];
/// What the server calls conditions, and keys, which are expressions as well.
const CONDITIONS: [&str; 10] = [
    "Index Cond",
    "Recheck Cond",
    "TID Cond",
    "Filter",
    "One-Time Filter",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "Order By",
    "Sort Key",
];

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, root) in self.roots.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            tree(root, 0, f)?;
        }
        match (self.planning_ms, self.execution_ms) {
            (Some(planning), Some(execution)) => {
                write!(f, "\nplanned in {planning} ms, run in {execution} ms")
            }
            _ => Ok(()),
        }
    }
}

fn tree(node: &Node, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if depth > 0 {
        write!(f, "\n{:1$}-> ", "", 3 * (depth - 1))?;
    }
    write!(f, "{node}")?;
    node.children.iter().try_for_each(|child| tree(child, depth + 1, f))
}

/// Without the nodes below it, and without values.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.node_type())?;
        for kind in JOIN.iter().filter_map(|key| self.text(key)) {
            write!(f, " ({kind})")?;
        }
        if let Some(relation) = self.relation() {
            write!(f, " on {relation}")?;
            if let Some(alias) = self.alias().filter(|alias| *alias != relation) {
                write!(f, " as {alias}")?;
            }
        }
        if let Some(index) = self.index() {
            write!(f, " using {index}")?;
        }
        write!(f, ": {} rows expected", self.estimated_rows())?;
        if let Some(actual) = self.actual() {
            write!(f, ", {} came", actual.rows)?;
            if actual.removed > 0.0 {
                write!(f, ", {} left out", actual.removed)?;
            }
            if (actual.loops - 1.0).abs() > f64::EPSILON {
                write!(f, ", {} loops", actual.loops)?;
            }
        }
        if let Some(buffers) = self.buffers() {
            write!(f, ", {} blocks", buffers.hit + buffers.read)?;
        }
        if self.is_generic { conditions(self, f) } else { Ok(()) }
    }
}

fn conditions(node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let found = CONDITIONS.iter().filter_map(|key| Some((key, node.conditions_with_values().get(*key)?)));
    for (key, condition) in found {
        write!(f, ", {}: ", key.to_lowercase())?;
        match condition {
            Value::String(condition) => f.write_str(condition)?,
            Value::Array(parts) => {
                let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                f.write_str(&parts.join(", "))?;
            }
            _ => {}
        }
    }
    Ok(())
}
