//! Figures of the database, asked for in the background and kept until the next time: when, by whom, how much of them.

mod ask;
mod client;
mod families;
mod figures;
mod findings;
mod pace;
mod rates;
mod relations;
mod sampler;
mod section;
mod slow;
mod tiers;
mod walk;

pub use self::{client::ClientStatements, sampler::DatabaseSampler};
pub(crate) use self::{
    figures::Figures,
    findings::{Finding, of_activity, of_indexes, of_rates, of_statements, usable},
    rates::{Rates, ratio, share},
    relations::{Kept, Relation},
    section::{Section, Sight, Trouble},
    slow::{SlowStatement, SlowStatements},
};
