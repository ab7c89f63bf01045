//! The keywords of libpq and what becomes of each here.
//!
//! Source: PostgreSQL documentation, "Database Connection Control Functions" and "Environment Variables" of libpq.

/// What becomes of a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It is read.
    Applied,
    /// Only these values are accepted, as what others ask for does not exist here.
    Only(&'static [&'static str]),
    /// It asks for something that does not exist here; in an address it is refused, in the environment it is noticed.
    Absent,
    /// It asks for something that does not exist here and whose absence would be unsafe: refused everywhere.
    Refused,
    /// A key of asyncpg for a cache of its own: noticed.
    Noticed,
}

#[derive(Debug)]
pub(super) struct Keyword {
    pub(super) name: &'static str,
    /// The environment variable that fills it in.
    pub(super) variable: Option<&'static str>,
    pub(super) usage: Use,
}

const fn keyword(name: &'static str, variable: &'static str, usage: Use) -> Keyword {
    Keyword { name, variable: Some(variable), usage }
}

const fn only_in_address(name: &'static str, usage: Use) -> Keyword {
    Keyword { name, variable: None, usage }
}

/// What asks for TLS in a build without it asks for something that does not exist.
const TLS: Use = if cfg!(feature = "tls") { Use::Applied } else { Use::Absent };

pub(super) static KEYWORDS: &[Keyword] = &[
    keyword("host", "PGHOST", Use::Applied),
    keyword("hostaddr", "PGHOSTADDR", Use::Applied),
    keyword("port", "PGPORT", Use::Applied),
    keyword("user", "PGUSER", Use::Applied),
    keyword("password", "PGPASSWORD", Use::Applied),
    keyword("dbname", "PGDATABASE", Use::Applied),
    keyword("options", "PGOPTIONS", Use::Applied),
    keyword("application_name", "PGAPPNAME", Use::Applied),
    only_in_address("fallback_application_name", Use::Applied),
    keyword("connect_timeout", "PGCONNECT_TIMEOUT", Use::Applied),
    only_in_address("keepalives", Use::Applied),
    only_in_address("keepalives_idle", Use::Applied),
    only_in_address("keepalives_interval", Use::Applied),
    only_in_address("keepalives_count", Use::Applied),
    only_in_address("tcp_user_timeout", Use::Applied),
    keyword("sslmode", "PGSSLMODE", Use::Applied),
    keyword("sslnegotiation", "PGSSLNEGOTIATION", Use::Applied),
    keyword("channel_binding", "PGCHANNELBINDING", Use::Applied),
    keyword("gssencmode", "PGGSSENCMODE", Use::Only(&["disable", "prefer"])),
    keyword("target_session_attrs", "PGTARGETSESSIONATTRS", Use::Applied),
    keyword("load_balance_hosts", "PGLOADBALANCEHOSTS", Use::Applied),
    keyword("client_encoding", "PGCLIENTENCODING", Use::Only(&["UTF8", "utf8", "UTF-8", "utf-8", "auto"])),
    only_in_address("service", Use::Applied), // PGSERVICE and PGSERVICEFILE are read before all other variables
    only_in_address("servicefile", Use::Applied),
    keyword("passfile", "PGPASSFILE", Use::Applied),
    keyword("require_auth", "PGREQUIREAUTH", Use::Applied),
    keyword("requirepeer", "PGREQUIREPEER", Use::Applied),
    keyword("requiressl", "PGREQUIRESSL", Use::Applied),
    keyword("sslcert", "PGSSLCERT", TLS),
    keyword("sslkey", "PGSSLKEY", TLS),
    keyword("sslrootcert", "PGSSLROOTCERT", TLS),
    keyword("sslcrl", "PGSSLCRL", TLS),
    keyword("sslcrldir", "PGSSLCRLDIR", Use::Refused),
    keyword("sslcertmode", "PGSSLCERTMODE", TLS),
    keyword("sslsni", "PGSSLSNI", TLS),
    keyword("sslcompression", "PGSSLCOMPRESSION", Use::Only(&["0"])),
    keyword("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", TLS),
    keyword("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", TLS),
    keyword("krbsrvname", "PGKRBSRVNAME", Use::Absent),
    keyword("gsslib", "PGGSSLIB", Use::Absent),
    keyword("gssdelegation", "PGGSSDELEGATION", Use::Absent),
    keyword("min_protocol_version", "PGMINPROTOCOLVERSION", Use::Absent),
    keyword("max_protocol_version", "PGMAXPROTOCOLVERSION", Use::Absent),
    only_in_address("sslpassword", Use::Applied),
    only_in_address("sslkeylogfile", Use::Absent),
    only_in_address("replication", Use::Absent),
    only_in_address("scram_client_key", Use::Absent),
    only_in_address("scram_server_key", Use::Absent),
    only_in_address("statement_cache_size", Use::Noticed),
    only_in_address("prepared_statement_cache_size", Use::Noticed),
    only_in_address("prepared_statement_name_func", Use::Noticed),
    only_in_address("max_cached_statement_lifetime", Use::Noticed),
    only_in_address("max_cacheable_statement_size", Use::Noticed),
];

/// The keyword of this name. `ssl` is asyncpg's name of `sslmode`.
pub(super) fn find(name: &str) -> Option<&'static Keyword> {
    let name = if name == "ssl" { "sslmode" } else { name };
    KEYWORDS.iter().find(|keyword| keyword.name == name)
}

/// The keyword whose name is most like this one.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let similarity = |keyword: &&Keyword| strsim::normalized_damerau_levenshtein(name, keyword.name);
    let nearest = KEYWORDS.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
    (similarity(&nearest) > 0.7).then_some(nearest.name)
}
