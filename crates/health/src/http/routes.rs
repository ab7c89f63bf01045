//! The route table: every path that is answered, by whom, and for whom.

use hyper::Method;

use crate::answers;
use crate::http::{Ask, Problem, Reply};

/// Answers a request from memory. It is not async on purpose: see the crate's invariants.
pub(crate) type Answer = fn(&Ask<'_>) -> Result<Reply, Problem>;

/// Who may see all of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// The same for everyone.
    Everyone,
    /// Everyone sees the status words; details are for callers on this machine.
    Guarded,
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// Without a trailing slash; one is accepted on every path. Also the `route` label of the metrics.
    pub(crate) path: &'static str,
    pub(crate) visibility: Visibility,
    pub(crate) answer: Answer,
    /// One sentence for people.
    pub(crate) description: &'static str,
}

/// A GET route also answers HEAD, and every path answers OPTIONS.
pub(crate) static ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/api/v1/health",
        visibility: Visibility::Guarded,
        answer: answers::overall::answer,
        description: "The worst of all components, and each of them.",
    },
    Route {
        method: Method::GET,
        path: "/api/v1/health/live",
        visibility: Visibility::Guarded,
        answer: answers::live::answer,
        description: "Whether the process runs; restart it when this fails.",
    },
    Route {
        method: Method::GET,
        path: "/api/v1/health/ready",
        visibility: Visibility::Guarded,
        answer: answers::ready::answer,
        description: "Whether the process wants traffic now.",
    },
    Route {
        method: Method::GET,
        path: "/api/v1/health/database",
        visibility: Visibility::Guarded,
        answer: answers::database::answer,
        description: "Whether the database answers, and what its probe saw.",
    },
    Route {
        method: Method::GET,
        path: "/api/v1/health/database/comprehensive",
        visibility: Visibility::Guarded,
        answer: answers::comprehensive::answer,
        description: "All that is known of the database, part by part.",
    },
    Route {
        method: Method::GET,
        path: "/api/v1/health/database/connection-pool",
        visibility: Visibility::Guarded,
        answer: answers::pool::answer,
        description: "The connection pools of this process.",
    },
    Route {
        method: Method::GET,
        path: "/api/v1/health/database/performance",
        visibility: Visibility::Guarded,
        answer: answers::performance::answer,
        description: "What the database did since the last look, and what its sessions do.",
    },
    Route {
        method: Method::GET,
        path: "/api/v1/health/database/slow-queries",
        visibility: Visibility::Guarded,
        answer: answers::slow_queries::answer,
        description: "Statements that take long, as the server and as this process saw them.",
    },
    Route {
        method: Method::GET,
        path: "/api/v1/health/database/statistics",
        visibility: Visibility::Guarded,
        answer: answers::statistics::answer,
        description: "Tables and indexes, a page at a time.",
    },
    Route {
        method: Method::POST,
        path: "/api/v1/health/database/optimize",
        visibility: Visibility::Guarded,
        answer: answers::optimize::answer,
        description: "Would maintain tables and indexes; not implemented yet.",
    },
    Route {
        method: Method::GET,
        path: "/health",
        visibility: Visibility::Everyone,
        answer: answers::legacy::answer,
        description: "The two words that the Python layer answered.",
    },
    Route {
        method: Method::GET,
        path: "/metrics",
        visibility: Visibility::Everyone,
        answer: answers::metrics::answer,
        description: "Figures for Prometheus, in its text format.",
    },
];

/// A row as documentation and the application may list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// The HTTP method; a GET row answers HEAD too.
    pub method: &'static str,
    /// The path, to which one trailing slash may be added.
    pub path: &'static str,
    /// One sentence on what it answers.
    pub description: &'static str,
}

/// The whole table, in its order.
pub(crate) fn listed() -> impl Iterator<Item = Listing> {
    ROUTES.iter().map(|Route { method, path, description, .. }| Listing {
        method: method.as_str(),
        path,
        description,
    })
}

/// What the table knows about a path: at least one route, with its methods.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) path: &'static str,
}

impl Place {
    /// Finds a path, with or without one trailing slash.
    pub(crate) fn find(path: &str) -> Option<Self> {
        let bare = path.strip_suffix('/').unwrap_or(path);
        ROUTES.iter().find(|route| route.path == bare).map(|route| Self { path: route.path })
    }

    pub(crate) fn route(self, method: &Method) -> Option<&'static Route> {
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        self.routes().find(|route| route.method == wanted)
    }

    /// The value of the `Allow` header.
    pub(crate) fn allow(self) -> String {
        let mut allowed: Vec<_> = self.routes().map(|route| route.method.as_str()).collect();
        if allowed.contains(&"GET") {
            allowed.push("HEAD");
        }
        allowed.push("OPTIONS");
        allowed.join(", ")
    }

    fn routes(self) -> impl Iterator<Item = &'static Route> {
        ROUTES.iter().filter(move |route| route.path == self.path)
    }
}

/// The method as a metric label: the usual ones, and one word for whatever else a client may invent.
pub(crate) fn method_label(method: &Method) -> &'static str {
    const USUAL: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    USUAL.into_iter().find(|usual| method.as_str() == *usual).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_trailing_slash_is_accepted_and_two_are_not() {
        assert!(Place::find("/api/v1/health/").is_some());
        assert!(Place::find("/api/v1/health").is_some());
        assert!(Place::find("/api/v1/health//").is_none());
        assert!(Place::find("/").is_none());
    }

    #[test]
    fn no_two_rows_share_method_and_path_and_each_is_described() {
        let mut seen = std::collections::HashSet::new();
        for route in ROUTES {
            assert!(seen.insert((route.method.as_str(), route.path)), "{} twice", route.path);
            assert!(!route.path.ends_with('/') && route.path.starts_with('/'), "{}", route.path);
            assert!(route.description.ends_with('.'), "{}", route.path);
        }
    }

    #[test]
    fn invented_methods_share_one_label() {
        assert_eq!(method_label(&Method::GET), "GET");
        assert_eq!(method_label(&Method::from_bytes(b"BREW").unwrap()), "other");
        assert_eq!(method_label(&Method::TRACE), "other");
    }
}
