//! The server's JSON as a tree. Of what each version of it adds or takes away nothing is needed but the type of a node.

use serde_json::{Map, Value};

use super::node::Node;
use super::plan::{Plan, PlanKind};

/// `None` if it is no plan, or none was made: of a statement that a rule does nothing in place of.
pub(super) fn plan(told: Value, kind: PlanKind) -> Option<Plan> {
    let Value::Array(statements) = told else { return None };
    let number = |statement: &Value, key| statement.get(key).and_then(Value::as_f64);
    let first = statements.first()?;
    let (planning_ms, execution_ms) = (number(first, "Planning Time"), number(first, "Execution Time"));
    let is_generic = kind == PlanKind::Generic;
    let roots = statements.into_iter().filter_map(|statement| match statement {
        Value::Object(mut statement) => node(statement.remove("Plan")?, is_generic),
        _ => None,
    });
    let roots: Vec<Node> = roots.collect();
    (!roots.is_empty()).then_some(Plan { kind, roots, planning_ms, execution_ms })
}

fn node(told: Value, is_generic: bool) -> Option<Node> {
    let Value::Object(mut told) = told else { return None };
    let children = children(&mut told, is_generic);
    told.contains_key("Node Type").then_some(Node { told, children, table_rows: None, is_generic })
}

fn children(told: &mut Map<String, Value>, is_generic: bool) -> Vec<Node> {
    match told.remove("Plans") {
        Some(Value::Array(plans)) => plans.into_iter().filter_map(|plan| node(plan, is_generic)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_version_adds_or_takes_away_does_no_harm() {
        // Of version 18: disabled nodes, fractions of rows. Some that nobody knows yet.
        let told = json!([{"Plan": {
            "Node Type": "Async Quantum Scan", "Disabled": false, "Relation Name": "t", "Plan Rows": 7,
            "Actual Rows": 2.50, "Actual Loops": 2, "Rows Removed by Filter": 3, "Rows Removed by Magic": 1,
            "New": {"Filter": "secret"}, "Plans": [{"Node Type": "Result"}, {"no": "node"}, 7]
        }, "Planning Time": 0.5, "Settings": {}}]);
        let plan = plan(told, PlanKind::Analyzed).unwrap();
        let root = plan.root();
        assert_eq!(
            (root.node_type(), root.relation(), root.index()),
            ("Async Quantum Scan", Some("t"), None)
        );
        let actual = root.actual().unwrap();
        assert!(actual.ms.is_none() && root.buffers().is_none() && plan.execution_ms().is_none());
        assert_eq!(format!("{} {} {}", actual.rows, actual.loops, actual.removed), "2.5 2 4");
        assert_eq!(plan.nodes().map(Node::node_type).collect::<Vec<_>>(), ["Async Quantum Scan", "Result"]);
        assert!(root.conditions_with_values().contains_key("New") && !format!("{plan:?}").contains("secret"));
    }

    #[test]
    fn what_is_no_plan_is_none() {
        for told in [
            json!(null),
            json!([]),
            json!(["Utility Statement"]),
            json!([{"Plan": 7}]),
            json!([{"Plan": {}}]),
        ] {
            assert!(plan(told, PlanKind::Estimated).is_none());
        }
    }
}
