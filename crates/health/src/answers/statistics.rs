//! `/api/v1/health/database/statistics`: tables and indexes, a page at a time, out of what is in memory.

use pgkeel_catalog::Place;
use serde_json::{Value, json};

use crate::answers::cursor::{self, List};
use crate::answers::parameters::Parameters;
use crate::answers::parts::{Parts, not_sampled};
use crate::answers::relations;
use crate::http::{Ask, Problem, Reply};
use crate::sampling::{Kept, Relation, Section};

const KNOWN: [&str; 4] = ["only", "schema", "limit", "cursor"];

const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 500;

pub(crate) fn answer(ask: &Ask<'_>) -> Result<Reply, Problem> {
    let wanted = Wanted::of(&Parameters::of(ask, &KNOWN)?)?;
    let Some(figures) = ask.monitor.figures() else { return Ok(not_sampled(ask)?.reply(ask)) };
    let mut parts = Parts::new();
    wanted.show(&mut parts, List::Tables, &figures.tables, relations::table);
    wanted.show(&mut parts, List::Indexes, &figures.indexes, relations::index);
    Ok(parts.verdict(ask, "database".into())?.reply(ask))
}

/// What the client asked for.
#[derive(Debug)]
struct Wanted {
    only: Option<List>,
    schema: Option<String>,
    limit: usize,
    after: Place,
}

impl Wanted {
    /// A cursor belongs to one list, and brings that list alone.
    fn of(parameters: &Parameters) -> Result<Self, Problem> {
        let only = parameters.read("only", "must be `tables` or `indexes`", List::parse)?;
        let limit = parameters.read("limit", &format!("must be a whole number from 1 to {MOST}"), limit)?;
        let cursor = parameters.read("cursor", "must be a `next` of an earlier answer", cursor::read)?;
        if let (Some(only), Some((list, _))) = (only, &cursor)
            && only != *list
        {
            let allowed = "belongs to the other list; leave `only` out".into();
            return Err(Problem::BadParameter { parameter: "cursor".into(), allowed });
        }
        let (list, after) = cursor.map_or((None, Place::start()), |(list, place)| (Some(list), place));
        Ok(Self {
            only: only.or(list),
            schema: parameters.get("schema").map(str::to_owned),
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            after,
        })
    }

    fn show<T: Relation>(
        &self,
        parts: &mut Parts,
        list: List,
        section: &Section<Kept<T>>,
        row: fn(&T) -> Value,
    ) {
        if self.only.is_none_or(|only| only == list) {
            let sight = parts.look(section);
            parts.show(&sight, |kept| self.page(list, kept, row), Vec::new());
        }
    }

    fn page<T: Relation>(&self, list: List, kept: &Kept<T>, row: fn(&T) -> Value) -> Value {
        let is_wanted = |item: &&T| self.schema.as_deref().is_none_or(|schema| schema == item.schema());
        let begin = kept.rows.partition_point(|item| item.place() <= self.after);
        let mut rest = kept.rows[begin..].iter().filter(is_wanted);
        let page: Vec<_> = rest.by_ref().take(self.limit).collect();
        let next = rest.next().and(page.last()).map(|last| cursor::written(list, &last.place()));
        json!({
            "total": kept.rows.iter().filter(is_wanted).count(),
            "left_out": kept.left_out,
            "cut": kept.cut,
            // Asking for the files themselves would wait behind whoever locks a table.
            "sizes_from": "latest_vacuum_analyze_or_build",
            "items": page.into_iter().map(row).collect::<Vec<_>>(),
            "next": next,
        })
    }
}

fn limit(text: &str) -> Option<usize> {
    text.parse().ok().filter(|limit| (1..=MOST).contains(limit))
}
