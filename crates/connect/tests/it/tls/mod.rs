//! TLS against a real PostgreSQL, and against servers that do not behave.

mod authority;
mod binding;
mod client_certificates;
mod direct;
mod man_in_the_middle;
mod modes;
mod renewal;
mod server;
mod settings;
mod strange_servers;
mod traffic;
