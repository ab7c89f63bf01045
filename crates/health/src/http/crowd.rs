//! Who is connected, and who has to make room: a full house must not keep the next probe of an orchestrator out.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use tokio::sync::Notify;

/// What the listener knows of one connection.
#[derive(Debug, Default)]
pub(crate) struct Member {
    answering: AtomicBool,
    writing: AtomicBool,
    leaving: AtomicBool,
    asked: Notify,
}

impl Member {
    /// Busy from the parsed head of a request until its answer has left this process.
    pub(crate) fn is_busy(&self) -> bool {
        self.answering.load(Ordering::Relaxed) || self.writing.load(Ordering::Relaxed)
    }

    pub(crate) fn set_answering(&self, answering: bool) {
        self.answering.store(answering, Ordering::Relaxed);
    }

    pub(crate) fn set_writing(&self, writing: bool) {
        self.writing.store(writing, Ordering::Relaxed);
    }

    /// Resolves when the connection should end, provided that it is not busy.
    pub(crate) async fn asked_to_leave(&self) {
        self.asked.notified().await;
    }

    pub(crate) fn ask_to_leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
        self.asked.notify_one();
    }

    fn can_leave(&self) -> bool {
        !self.is_busy() && !self.leaving.load(Ordering::Relaxed)
    }
}

/// What happens to a connection that was just accepted.
#[derive(Debug)]
pub(crate) enum Admission {
    /// There is room.
    Room(Arc<Member>),
    /// There was none; the connection that waited longest without a request goes.
    Evicted(Arc<Member>),
    /// All others are being answered.
    Full,
}

/// All members, oldest first. The connections own them; this only looks.
#[derive(Debug)]
pub(crate) struct Crowd {
    most: NonZeroUsize,
    members: VecDeque<Weak<Member>>,
}

impl Crowd {
    pub(crate) fn of_at_most(most: NonZeroUsize) -> Self {
        Self { most, members: VecDeque::new() }
    }

    pub(crate) fn admit(&mut self) -> Admission {
        self.members.retain(|member| member.strong_count() > 0);
        if self.members.len() < self.most.get() {
            return Admission::Room(self.join());
        }
        if self.make_room() { Admission::Evicted(self.join()) } else { Admission::Full }
    }

    /// Sends away whoever waited longest without a request; `false` if all are busy or on their way out.
    pub(crate) fn make_room(&self) -> bool {
        let waiting = self.present().find(|member| member.can_leave());
        waiting.as_ref().inspect(|member| member.ask_to_leave()).is_some()
    }

    /// Asks everyone who is not busy, at the end of the grace of a drain.
    pub(crate) fn ask_all_to_leave(&self) {
        self.present().for_each(|member| member.ask_to_leave());
    }

    fn present(&self) -> impl Iterator<Item = Arc<Member>> {
        self.members.iter().filter_map(Weak::upgrade)
    }

    fn join(&mut self) -> Arc<Member> {
        let member = Arc::new(Member::default());
        self.members.push_back(Arc::downgrade(&member));
        member
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(admission: Admission) -> Arc<Member> {
        match admission {
            Admission::Room(member) | Admission::Evicted(member) => member,
            Admission::Full => panic!("full"),
        }
    }

    fn crowd_of_two() -> (Crowd, Arc<Member>, Arc<Member>) {
        let mut crowd = Crowd::of_at_most(NonZeroUsize::MIN.saturating_add(1));
        let (first, second) = (member(crowd.admit()), member(crowd.admit()));
        (crowd, first, second)
    }

    #[test]
    fn a_full_house_sends_the_longest_waiting_away_first() {
        let (mut crowd, first, second) = crowd_of_two();
        assert!(matches!(crowd.admit(), Admission::Evicted(_)));
        assert!(!first.can_leave() && second.can_leave());
    }

    #[test]
    fn a_busy_connection_is_never_sent_away() {
        let (mut crowd, first, second) = crowd_of_two();
        first.set_answering(true);
        second.set_writing(true);
        assert!(matches!(crowd.admit(), Admission::Full));
        second.set_writing(false);
        assert!(matches!(crowd.admit(), Admission::Evicted(_)));
    }

    #[test]
    fn who_left_makes_room() {
        let (mut crowd, first, _second) = crowd_of_two();
        drop(first);
        assert!(matches!(crowd.admit(), Admission::Room(_)));
    }
}
