use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::{ListenerEvent, Notification};
use crate::Error;

/// What waits for the reader. It never grows beyond twice its notifications: what happens between two of them is put
/// together.
pub(crate) struct Mailbox {
    most: usize,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    /// How many of them are notifications.
    notifications: usize,
    reader: Option<Waker>,
    /// Whether nothing more will come.
    closed: bool,
}

enum Item {
    Notification(Notification),
    Gap(Gap),
}

/// Where something may be missing.
#[derive(Default)]
struct Gap {
    dropped: u64,
    lost: Option<Error>,
    reconnected: bool,
}

impl Gap {
    fn take(&mut self) -> Option<ListenerEvent> {
        if self.dropped > 0 {
            return Some(ListenerEvent::Dropped { count: std::mem::take(&mut self.dropped) });
        }
        if let Some(error) = self.lost.take() {
            return Some(ListenerEvent::Lost(error));
        }
        std::mem::take(&mut self.reconnected).then_some(ListenerEvent::Reconnected)
    }
}

impl Queue {
    fn gap(&mut self) -> &mut Gap {
        if !matches!(self.items.back(), Some(Item::Gap(_))) {
            self.items.push_back(Item::Gap(Gap::default()));
        }
        match self.items.back_mut() {
            Some(Item::Gap(gap)) => gap,
            _ => unreachable!("it was put there just now"),
        }
    }

    fn take(&mut self) -> Option<ListenerEvent> {
        loop {
            if let Some(Item::Gap(gap)) = self.items.front_mut() {
                if let Some(event) = gap.take() {
                    return Some(event);
                }
                self.items.pop_front();
                continue;
            }
            let Item::Notification(notification) = self.items.pop_front()? else { continue };
            self.notifications -= 1;
            return Some(ListenerEvent::Notification(notification));
        }
    }
}

impl Mailbox {
    /// Room for so many notifications.
    pub(super) fn of(most: usize) -> Self {
        Self { most, queue: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Queue)) {
        let reader = {
            let mut queue = self.lock();
            change(&mut queue);
            queue.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Called by the task that moves the connection's bytes: it must not wait.
    pub(crate) fn put(&self, notification: Notification) {
        self.change(|queue| {
            if queue.notifications < self.most {
                queue.notifications += 1;
                queue.items.push_back(Item::Notification(notification));
            } else {
                queue.gap().dropped += 1;
            }
        });
    }

    pub(super) fn lost(&self, error: Error) {
        self.change(|queue| {
            let gap = queue.gap();
            gap.lost.get_or_insert(error);
            gap.reconnected = false;
        });
    }

    pub(super) fn reconnected(&self) {
        self.change(|queue| queue.gap().reconnected = true);
    }

    pub(super) fn close(&self) {
        self.change(|queue| queue.closed = true);
    }

    pub(super) fn take(&self) -> Option<ListenerEvent> {
        self.lock().take()
    }

    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<ListenerEvent>> {
        let mut queue = self.lock();
        match queue.take() {
            None if !queue.closed => {
                queue.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            event => Poll::Ready(event),
        }
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.lock().notifications;
        f.debug_struct("Mailbox").field("most", &self.most).field("waiting", &waiting).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(mailbox: &Mailbox, payload: u32) {
        mailbox.put(Notification::of("c", &payload.to_string()));
    }

    /// What comes out, in short.
    fn all(mailbox: &Mailbox) -> Vec<String> {
        let told = |event| match event {
            ListenerEvent::Notification(notification) => notification.into_payload(),
            ListenerEvent::Dropped { count } => format!("-{count}"),
            ListenerEvent::Lost(_) => "lost".to_owned(),
            ListenerEvent::Reconnected => "back".to_owned(),
        };
        std::iter::from_fn(|| mailbox.take()).map(told).collect()
    }

    fn lost() -> Error {
        Error::Closed { reason: None }
    }

    #[test]
    fn what_finds_no_room_is_counted_in_its_place() {
        let mailbox = Mailbox::of(2);
        (0..5).for_each(|payload| put(&mailbox, payload));
        assert!(matches!(mailbox.take(), Some(ListenerEvent::Notification(_))));
        (5..7).for_each(|payload| put(&mailbox, payload));
        assert_eq!(all(&mailbox), ["1", "-3", "5", "-1"]);
    }

    #[test]
    fn a_connection_that_comes_and_goes_takes_no_more_room_than_one_that_went_once() {
        let mailbox = Mailbox::of(1);
        put(&mailbox, 1);
        for _ in 0..100 {
            put(&mailbox, 2);
            mailbox.lost(lost());
            mailbox.reconnected();
        }
        assert_eq!(mailbox.lock().items.len(), 2);
        mailbox.lost(lost());
        assert_eq!(all(&mailbox), ["1", "-100", "lost"]);
        mailbox.reconnected();
        put(&mailbox, 3);
        assert_eq!(all(&mailbox), ["back", "3"]);
    }
}
