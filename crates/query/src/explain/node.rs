use std::fmt;

use serde_json::{Map, Value};

/// A step of a plan: a scan, a join, a sort.
///
/// Numbers of rows are of one loop, as the server has them: a node that is run for each row of another one has as many loops.
#[derive(Clone)]
pub struct Node {
    /// All that the server said but the children: with conditions, and in these values.
    pub(super) told: Map<String, Value>,
    pub(super) children: Vec<Node>,
    /// Of how many rows the table is that it scans, as the catalog has it.
    pub(super) table_rows: Option<f64>,
    pub(super) is_generic: bool,
}

/// What came of a node that was run, of one loop on average.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Actual {
    /// Rows that it gave.
    pub rows: f64,
    /// How often it was run; over all workers.
    pub loops: f64,
    /// Rows that it read and left out, by a filter or a join's condition.
    pub removed: f64,
    /// Milliseconds until its last row; `None` if it was run without timing.
    pub ms: Option<f64>,
}

/// Blocks of tables and indexes that a node and those below it used, in all loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Buffers {
    /// Found in the server's memory.
    pub hit: u64,
    /// Read from the operating system.
    pub read: u64,
    /// Changed.
    pub dirtied: u64,
    /// Written, to make room.
    pub written: u64,
}

impl Node {
    /// What it does: `Seq Scan`, `Hash Join`.
    #[must_use]
    pub fn node_type(&self) -> &str {
        self.text("Node Type").unwrap_or("unknown")
    }

    /// The table that it scans or changes.
    #[must_use]
    pub fn relation(&self) -> Option<&str> {
        self.text("Relation Name")
    }

    /// The table's schema.
    #[must_use]
    pub fn schema(&self) -> Option<&str> {
        self.text("Schema")
    }

    /// What the statement calls the table.
    #[must_use]
    pub fn alias(&self) -> Option<&str> {
        self.text("Alias")
    }

    /// The index that it uses.
    #[must_use]
    pub fn index(&self) -> Option<&str> {
        self.text("Index Name")
    }

    /// Rows that the planner expects.
    #[must_use]
    pub fn estimated_rows(&self) -> f64 {
        self.number("Plan Rows").unwrap_or_default()
    }

    /// The planner's cost until its last row, in the server's unit: about that of reading a block in order.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.number("Total Cost").unwrap_or_default()
    }

    /// What came of it. `None` if the statement was not run.
    #[must_use]
    pub fn actual(&self) -> Option<Actual> {
        let (rows, loops) = (self.number("Actual Rows")?, self.number("Actual Loops")?);
        let removed = self.told.iter().filter(|(key, _)| key.starts_with("Rows Removed by "));
        let removed = removed.filter_map(|(_, value)| value.as_f64()).sum();
        Some(Actual { rows, loops, removed, ms: self.number("Actual Total Time") })
    }

    /// Blocks that it used. `None` if the statement was not run.
    #[must_use]
    pub fn buffers(&self) -> Option<Buffers> {
        let count = |key| self.told.get(key).and_then(Value::as_u64);
        Some(Buffers {
            hit: count("Shared Hit Blocks")?,
            read: count("Shared Read Blocks")?,
            dirtied: count("Shared Dirtied Blocks").unwrap_or_default(),
            written: count("Shared Written Blocks").unwrap_or_default(),
        })
    }

    /// How many rows a scan of the whole table reads: those that it did read if it was run, else those that the catalog
    /// says the table has. `None` of any other node.
    #[must_use]
    pub fn scanned_rows(&self) -> Option<f64> {
        if self.node_type() != "Seq Scan" {
            return None;
        }
        let read = self.actual().map(|actual| (actual.rows + actual.removed) * actual.loops);
        Some(read.or(self.table_rows).unwrap_or_else(|| self.estimated_rows()))
    }

    /// The nodes below it, in the server's order.
    #[must_use]
    pub fn children(&self) -> &[Node] {
        &self.children
    }

    /// A number by the name that the server gives it, for those that have no method here: `Heap Fetches`.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        self.told.get(key)?.as_f64()
    }

    /// All else that the server said of this node, by the names that it gives: its conditions, with **the values of
    /// parameters** in them unless the plan is generic.
    #[must_use]
    pub fn conditions_with_values(&self) -> &Map<String, Value> {
        &self.told
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.told.get(key)?.as_str()
    }
}

/// As it is shown, so without values.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
