//! How many rows tables have that are scanned as a whole: a plan tells only how many of them stay.

use std::collections::BTreeMap;

use pgkeel_connect::{Executor, Type};

use super::node::Node;
use super::plan::Plan;
use crate::Error;
use crate::row::ReadRows;

/// As the planner reckons (`estimate_rel_size` of `plancat.c`): so many rows a block as when the table was last looked
/// through, and as many blocks as it has now. Of one that never was, as many rows as fit if they were as wide as `$3` says.
const ROWS: &str = "select t.place, pg_relation_size(c.oid)::float8 / current_setting('block_size')::float8
        * case when c.relpages > 0 and c.reltuples >= 0 then c.reltuples::float8 / c.relpages
            else current_setting('block_size')::float8 / (t.width + 28) end
    from unnest($1::text[], $2::text[], $3::float8[]) with ordinality as t(schema, name, width, place)
    join pg_catalog.pg_namespace n on n.nspname = t.schema or t.schema = 'pg_temp' and n.oid = pg_my_temp_schema()
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.name
    where c.relkind in ('r', 'm', 't')";

/// Fills in what the catalog has, for scans that were not run.
pub(super) async fn measure<E: Executor>(database: &E, plan: &mut Plan) -> Result<(), Error> {
    let scans = plan.nodes().filter(|node| node.scanned_rows().is_some() && node.actual().is_none());
    let scans = scans.filter_map(|node| Some((node.schema()?, node.relation()?, node.number("Plan Width"))));
    let scans: Vec<(String, String, f64)> =
        scans.map(|(schema, name, width)| (schema.into(), name.into(), width.unwrap_or_default())).collect();
    if scans.is_empty() {
        return Ok(());
    }
    let schemas: Vec<&str> = scans.iter().map(|(schema, ..)| schema.as_str()).collect();
    let names: Vec<&str> = scans.iter().map(|(_, name, _)| name.as_str()).collect();
    let widths: Vec<f64> = scans.iter().map(|(.., width)| *width).collect();
    let params = [
        (&schemas as _, Type::TEXT_ARRAY),
        (&names as _, Type::TEXT_ARRAY),
        (&widths as _, Type::FLOAT8_ARRAY),
    ];
    let rows = database.query_typed_into::<ReadRows<(i64, f64)>>(ROWS, &params).await?;
    let mut sizes = BTreeMap::new();
    for (place, rows) in rows.all()? {
        if let Some((schema, name, _)) = usize::try_from(place - 1).ok().and_then(|index| scans.get(index)) {
            sizes.insert((schema.as_str(), name.as_str()), rows);
        }
    }
    plan.roots.iter_mut().for_each(|root| fill(root, &sizes));
    Ok(())
}

fn fill(node: &mut Node, sizes: &BTreeMap<(&str, &str), f64>) {
    let place = node.schema().zip(node.relation());
    node.table_rows = place.and_then(|place| sizes.get(&place).copied());
    node.children.iter_mut().for_each(|child| fill(child, sizes));
}
