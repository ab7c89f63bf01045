//! What a user can type to say which tenants are meant.

use std::num::NonZeroUsize;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};

use crate::cli::arguments::flag;
use crate::cli::request::{has, value};
use crate::{Migrator, Tenant, Tenants};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Words {
    choice: Choice,
    seen: Vec<String>,
    jobs: Option<NonZeroUsize>,
    fail_fast: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    One(String),
    Matching(Vec<String>),
    Query(String),
}

impl Words {
    pub(in crate::cli) fn of(words: &ArgMatches) -> Option<Self> {
        let patterns = many(words, "each-schema");
        let choice = match (value(words, "schema"), value(words, "schemas-from")) {
            (Some(schema), _) => Choice::One(schema),
            (None, Some(sql)) => Choice::Query(sql),
            (None, None) if patterns.is_empty() => return None,
            (None, None) => Choice::Matching(patterns),
        };
        let (seen, jobs) = (many(words, "shared-schema"), value(words, "jobs"));
        Some(Self { choice, seen, jobs, fail_fast: has(words, "fail-fast") })
    }

    /// The one that is meant, if it is one.
    pub(in crate::cli) fn one(&self) -> Option<Tenant> {
        let Choice::One(schema) = &self.choice else { return None };
        let tenant = Tenant::new(schema.as_str()).expect("it was parsed before");
        let seeing = |tenant: Tenant, schema: &String| tenant.seeing(schema).expect("it was parsed before");
        Some(self.seen.iter().fold(tenant, seeing))
    }

    /// Those that are meant, if it is not one alone.
    pub(in crate::cli) fn many(&self, migrator: &Migrator) -> Option<Tenants> {
        let tenants = match &self.choice {
            Choice::One(_) => return None,
            Choice::Matching(patterns) => Tenants::matching(migrator.clone(), patterns.clone()),
            Choice::Query(sql) => Tenants::from_query(migrator.clone(), sql.as_str()),
        };
        let tenants = self.seen.iter().fold(tenants, Tenants::seeing);
        let tenants = self.jobs.iter().fold(tenants, |tenants, jobs| tenants.with_jobs(*jobs));
        Some(if self.fail_fast { tenants.failing_fast() } else { tenants })
    }
}

fn many(words: &ArgMatches, name: &str) -> Vec<String> {
    let all = words.try_get_many::<String>(name).ok().flatten();
    all.into_iter().flatten().cloned().collect()
}

/// The verb also for one tenant's schema.
pub(in crate::cli) fn in_schema(verb: Command) -> Command {
    verb.args([schema(), shared()])
}

/// The verb also for one tenant's schema or many.
pub(in crate::cli) fn in_schemas(verb: Command) -> Command {
    let each = Arg::new("each-schema").long("each-schema").value_name("PATTERN").action(ArgAction::Append);
    let each = each.help("For each tenant whose schema has a name like this, * for any letters, ? for one");
    let query = Arg::new("schemas-from").long("schemas-from").value_name("SQL");
    let query = query.help("For each tenant whose schema this query names");
    let jobs = Arg::new("jobs").long("jobs").value_name("N").value_parser(value_parser!(NonZeroUsize));
    let jobs = jobs.default_value("4").help("How many tenants at once, each with a connection or two");
    let fail_fast = flag("fail-fast", "Begin no other tenant once one has failed");
    in_schema(verb).args([each, query, jobs, fail_fast]).group(ArgGroup::new("tenants").args([
        "schema",
        "each-schema",
        "schemas-from",
    ]))
}

fn schema() -> Arg {
    let schema = Arg::new("schema").long("schema").value_name("NAME").value_parser(tenant);
    schema.help("For one tenant, in a schema of its own that has its history, too")
}

fn shared() -> Arg {
    let shared = Arg::new("shared-schema").long("shared-schema").value_name("NAME").value_parser(tenant);
    shared
        .action(ArgAction::Append)
        .help("Also what is in this schema is seen by the tenants' files, such as extensions in public")
}

fn tenant(text: &str) -> Result<String, String> {
    match Tenant::new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(crate::BadTenant::Name(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
