//! What tests ask of a plan. Each panics with the plan, without values.

#![expect(
    clippy::must_use_candidate,
    reason = "they are asked for their panics, and give the plan on for the next"
)]

use super::node::Node;
use super::plan::Plan;

impl Plan {
    /// No table of which more rows than these are read is read as a whole.
    ///
    /// Of a statement that was not run, the rows are those of the table, as the catalog has it: exact after `analyze`.
    ///
    /// # Panics
    /// Else, and names the tables.
    #[track_caller]
    pub fn assert_no_seq_scan_over(&self, rows: u64) -> &Self {
        #[expect(clippy::cast_precision_loss, reason = "a limit that is not meant to the row")]
        let most = rows as f64;
        let found = self.nodes().filter_map(|node| node.scanned_rows().map(|rows| (node, rows)));
        let found = found.filter(|(_, scanned)| *scanned > most);
        let found: Vec<String> = found
            .map(|(node, rows)| format!("{} ({rows:.0} rows)", node.relation().unwrap_or("a table")))
            .collect();
        assert!(
            found.is_empty(),
            "read as a whole, with more than {rows} rows: {}\n{self}",
            found.join(", ")
        );
        self
    }

    /// An index of this name is used.
    ///
    /// # Panics
    /// If not, and names those that are.
    #[track_caller]
    pub fn assert_index_used(&self, name: &str) -> &Self {
        let used: Vec<&str> = self.nodes().filter_map(Node::index).collect();
        let told = if used.is_empty() { "none".to_owned() } else { used.join(", ") };
        assert!(used.contains(&name), "index {name:?} is not used; used are: {told}\n{self}");
        self
    }

    /// No node has given more than `factor` times the rows that were expected of it, nor fewer by that factor; less than one row
    /// counts as one. Nodes that were not run, and those below a `Limit`, which are ended early, are left aside.
    ///
    /// # Panics
    /// If one has, and names them; and if the statement was not run.
    #[track_caller]
    pub fn assert_estimates_within(&self, factor: f64) -> &Self {
        let was_run = self.nodes().any(|node| node.actual().is_some());
        assert!(was_run, "which rows came is known of a plan that was run: take `analyze`\n{self}");
        let mut wrong = Vec::new();
        self.roots.iter().for_each(|root| off_by(root, factor, &mut wrong));
        assert!(wrong.is_empty(), "rows are off by more than {factor}: {}\n{self}", wrong.join("; "));
        self
    }
}

fn off_by(node: &Node, factor: f64, wrong: &mut Vec<String>) {
    if let Some(actual) = node.actual().filter(|actual| actual.loops > 0.0) {
        let (expected, came) = (node.estimated_rows().max(1.0), actual.rows.max(1.0));
        if came > expected * factor || expected > came * factor {
            wrong.push(format!("{} expected {expected}, {} came", node.node_type(), actual.rows));
        }
    }
    if node.node_type() != "Limit" {
        node.children().iter().for_each(|child| off_by(child, factor, wrong));
    }
}
