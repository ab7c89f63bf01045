//! Reads what a client sends along, within a limit and a time, and throws it away: no route wants a body.

use std::error::Error as StdError;
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body;
use tokio::time::timeout;

use crate::http::Problem;

/// Leaves the connection at the start of the next request.
///
/// A length that is announced as too large is refused before a byte of it is read.
pub(crate) async fn discard<B>(body: B, limit: usize, within: Duration) -> Result<(), Problem>
where
    B: Body + Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    if body.is_end_stream() {
        return Ok(());
    }
    if body.size_hint().lower() > limit as u64 {
        return Err(Problem::BodyTooLarge { limit });
    }
    match timeout(within, drain(Limited::new(body, limit))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::BodyTooLarge { limit }),
        Ok(Err(_broken)) => Err(Problem::BodyBroken),
        Err(_elapsed) => Err(Problem::BodyTooSlow),
    }
}

async fn drain<B>(body: B) -> Result<(), B::Error>
where
    B: Body,
{
    let mut body = std::pin::pin!(body);
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(())
}
