//! Numbers for Prometheus: what a source hands over, the figures of this crate, and the page made of both.

mod checks;
mod exposition;
mod family;
mod http;
pub(crate) mod process;
mod source;

pub(crate) use self::{
    exposition::{CONTENT_TYPE, page},
    http::HttpMetrics,
};
pub use self::{
    family::{Distribution, Family, Labels, Number, counter, gauge, histogram},
    source::Source,
};
