use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use pgkeel_connect::Error;

use super::identity::Identity;

/// What the server said to something of ours.
pub(super) enum Answer {
    /// To the opening of levels; with BEGIN among it or not.
    Opened { begin: bool, done: Result<(), Error> },
    /// To the question which server this is.
    Identity(Option<Identity>),
    /// To the question for the transaction's number, if it has one yet, asked behind so many statements.
    Xid { behind: u32, done: Result<Option<u64>, Error> },
}

/// What was sent in the same flight as a statement, before or behind it, in this order; the answers are still to come.
#[derive(Default)]
pub(super) struct Sent(VecDeque<BoxFuture<'static, Answer>>);

impl Sent {
    /// Sends it: polling once does that.
    pub(super) fn send(
        &mut self,
        message: impl Future<Output = Answer> + Send + 'static,
        cx: &mut Context<'_>,
    ) {
        let mut message = message.boxed();
        let polled = message.as_mut().poll(cx);
        self.0.push_back(match polled {
            Poll::Pending => message,
            Poll::Ready(answer) => future::ready(answer).boxed(),
        });
    }

    /// The next answer; `None` if none is to come. As answers come in order, whoever has the answer to a statement finds
    /// those to all that was sent before it here.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
        let Some(first) = self.0.front_mut() else { return Poll::Ready(None) };
        first.as_mut().poll(cx).map(|answer| {
            self.0.pop_front();
            Some(answer)
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({})", self.0.len())
    }
}
