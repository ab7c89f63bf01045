//! From a socket to an answer: listener, connection, router, route table, and back.

mod ask;
mod connection;
mod crowd;
mod listener;
mod negotiate;
mod patience;
mod problem;
mod reply;
mod request_body;
mod request_id;
mod router;
mod routes;

pub(crate) use self::{
    ask::Ask,
    negotiate::Vocabulary,
    problem::Problem,
    reply::{Reply, kind},
};
pub use self::{
    listener::{Report, Server},
    router::Router,
    routes::Listing,
};
