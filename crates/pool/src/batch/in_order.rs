use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// So many statements are on their way at a time. More gain nothing, and what is sent cannot be taken back.
pub(super) const IN_FLIGHT: usize = 256;

enum Sent<F: Future> {
    Waiting(Pin<Box<F>>),
    Done(F::Output),
}

impl<F: Future> Sent<F> {
    /// The first poll of a statement's future sends it.
    fn send(future: F, cx: &mut Context<'_>) -> Self {
        let mut future = Box::pin(future);
        match future.as_mut().poll(cx) {
            Poll::Ready(done) => Self::Done(done),
            Poll::Pending => Self::Waiting(future),
        }
    }
}

/// Sends the statements in their order, and gives their results in their order. A server answers in the order of asking,
/// so only the first that waits is polled.
pub(super) async fn in_order<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut rest = futures.into_iter();
    let (mut sent, mut done) = (VecDeque::new(), Vec::with_capacity(rest.size_hint().0));
    poll_fn(|cx| {
        loop {
            while sent.len() < IN_FLIGHT
                && let Some(future) = rest.next()
            {
                sent.push_back(Sent::send(future, cx));
            }
            match sent.pop_front() {
                None => return Poll::Ready(()),
                Some(Sent::Done(result)) => done.push(result),
                Some(Sent::Waiting(mut future)) => match future.as_mut().poll(cx) {
                    Poll::Ready(result) => done.push(result),
                    Poll::Pending => {
                        sent.push_front(Sent::Waiting(future));
                        return Poll::Pending;
                    }
                },
            }
        }
    })
    .await;
    done
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn all_are_begun_in_their_order_and_never_more_than_the_bound() {
        let (begun, most) = (RefCell::new(Vec::new()), RefCell::new((0, 0)));
        let futures = (0..3 * IN_FLIGHT).map(|number| {
            let (begun, most) = (&begun, &most);
            async move {
                begun.borrow_mut().push(number);
                let now = most.borrow().0 + 1;
                most.replace_with(|(_, highest)| (now, now.max(*highest)));
                for _ in 0..number % 3 {
                    yield_now().await;
                }
                most.borrow_mut().0 -= 1;
                number
            }
        });
        let expected: Vec<usize> = (0..3 * IN_FLIGHT).collect();
        assert_eq!(in_order(futures).await, expected);
        assert_eq!(*begun.borrow(), expected);
        assert!(most.borrow().1 <= IN_FLIGHT, "{most:?}");
    }
}
