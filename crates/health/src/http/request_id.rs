//! A name for each request, so that a client's complaint can be found in the log.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::HeaderMap;
use hyper::header::HeaderValue;

/// Enough for every usual scheme (UUID, ULID, trace ids) and too little to fill a log.
const LONGEST: usize = 128;

/// The client's own id if it is a sane one, otherwise a new one.
pub(crate) fn of(headers: &HeaderMap) -> HeaderValue {
    headers.get("x-request-id").filter(|id| is_sane(id)).cloned().unwrap_or_else(generated)
}

fn is_sane(id: &HeaderValue) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=LONGEST).contains(&id.len()) && id.as_bytes().iter().all(plain)
}

/// Random once a process and counted from there: unique, though not secret, without a system call a request.
fn generated() -> HeaderValue {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(()));
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let text = format!("{:016x}-{:x}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("unnamed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(id: &str) -> HeaderValue {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", id.parse().unwrap());
        of(&headers)
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        assert_eq!(given("0af7651916cd43dd-8448.eb_211"), "0af7651916cd43dd-8448.eb_211");
        for bad in ["", "a b", "<script>", &"x".repeat(129)] {
            assert_ne!(given(bad), bad);
        }
    }

    #[test]
    fn generated_ids_differ() {
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
