use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use pgkeel_connect::{Executor as _, TxOptions};
use tokio_postgres::error::SqlState;

use super::cause;
use super::identity::{self, Identity};
use super::sent::Answer;
use super::stack::{Id, OUTERMOST, Open, Stack};
use crate::Error;
use crate::held::Held;
use crate::observe::tell_of_opening;

/// A statement on its way. Counted until it is dropped.
pub(crate) struct Statement<'a> {
    stack: &'a Stack,
    id: Id,
    pub(crate) held: Arc<Held>,
    sql: Cow<'a, str>,
}

impl<'a> Statement<'a> {
    /// The statement counts as running already.
    pub(super) fn new(stack: &'a Stack, id: Id, held: Arc<Held>, sql: Cow<'a, str>) -> Self {
        Self { stack, id, held, sql }
    }

    /// Runs one that is prepared first.
    pub(super) async fn run_prepared<T>(
        &self,
        statement: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        self.clear().await?;
        let keeps = self.held.keeps_statements();
        if self.asks() && keeps {
            // By itself, so that what is sent then is one message, and a question behind it comes behind its execution.
            self.drive(pin!(self.held.prepare(&self.sql)), Behind::Nothing, true).await?;
        }
        self.drive(statement, self.behind(keeps), true).await
    }

    /// Runs what is one message.
    pub(super) async fn run<T>(
        &self,
        statement: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        self.clear().await?;
        self.drive(statement, self.behind(true), false).await
    }

    /// Runs what may be any number of messages, the last of which is answered later still.
    pub(crate) async fn run_in_parts<T>(
        &self,
        statement: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.clear().await?;
        self.drive(pin!(statement), self.behind(false), false).await
    }

    /// Has the transaction remember an error that came after [`run_in_parts`](Self::run_in_parts), if it is the first.
    pub(crate) fn note(&self, error: Error) -> Error {
        let mut open = self.stack.lock();
        if let Err(closed) = open.still_innermost(self.id) {
            return closed;
        }
        open.note(self.id, &error);
        error
    }

    /// The same with one that a batch has kept.
    pub(crate) fn note_first(&self, error: Option<&Error>) {
        if let Some(error) = error {
            self.stack.lock().note(self.id, error);
        }
    }

    /// Waits until nothing is in its way.
    async fn clear(&self) -> Result<(), Error> {
        self.held.clear().await.inspect_err(|error| self.stack.lock().note(self.id, error))?;
        if self.held.slot().unnamed.is_some() {
            self.open_by_itself().await?;
        }
        Ok(())
    }

    /// Opens what is not open, and waits for that: behind a pooler in transaction mode it hangs on it how a statement is run.
    async fn open_by_itself(&self) -> Result<(), Error> {
        let mut is_first = true;
        poll_fn(|cx| {
            let mut open = self.stack.lock();
            if let Err(closed) = open.still_innermost(self.id) {
                return Poll::Ready(Err(closed));
            }
            if std::mem::take(&mut is_first) {
                open.send_ahead(cx);
            }
            let heard = open.poll_heard(cx);
            if heard.is_pending() {
                open.listeners.push(cx.waker().clone());
            } else {
                open.wake_listeners();
            }
            heard
        })
        .await
    }

    /// Whether the transaction's number is to be asked for behind it.
    fn asks(&self) -> bool {
        self.stack.lock().number.is_wanted() && identity::is_asked_behind(&self.sql)
    }

    /// What is sent behind it. A server that does not say which it is may not know the question for the number either,
    /// and fail the transaction; so one that has not said it, or will not, is not asked now.
    fn behind(&self, is_one_message: bool) -> Behind {
        match self.held.slot().identity.get() {
            _ if !self.asks() => Behind::Nothing,
            Some(Some(_)) if is_one_message => Behind::Question,
            _ => Behind::Unasked,
        }
    }

    /// The question would overtake a statement that waits, or that has to be prepared after all. To be looked at before it is
    /// polled first, and after that again: a kept one may turn out not to fit any more.
    fn not_too_early(&self, behind: Behind, prepares: bool) -> Behind {
        let slot = self.held.slot();
        let goes_at_once = || slot.traffic.is_clear() && (!prepares || slot.keeps(&self.sql));
        if behind == Behind::Question && !goes_at_once() { Behind::Unasked } else { behind }
    }

    /// Drives it, as long as its level is open, and remembers the level's first error.
    async fn drive<T>(
        &self,
        mut statement: Pin<&mut impl Future<Output = Result<T, Error>>>,
        behind: Behind,
        prepares: bool,
    ) -> Result<T, Error> {
        let mut is_first = true;
        poll_fn(|cx| {
            let mut open = self.stack.lock();
            if let Err(closed) = open.still_innermost(self.id) {
                return Poll::Ready(Err(closed));
            }
            if is_first {
                open.send_ahead(cx);
            }
            if let Err(error) = open.listen(cx) {
                return Poll::Ready(Err(error));
            }
            let behind = if is_first { self.not_too_early(behind, prepares) } else { behind };
            let polled = statement.as_mut().poll(cx);
            if std::mem::take(&mut is_first) && polled.is_pending() {
                open.send_behind(&self.sql, self.not_too_early(behind, prepares), cx);
            }
            if polled.is_ready() {
                open.listen(cx)?; // The answer to BEGIN may have come a moment ago.
            }
            if let Poll::Ready(Err(error)) = &polled {
                open.note(self.id, error);
            }
            polled
        })
        .await
    }
}

impl Drop for Statement<'_> {
    fn drop(&mut self) {
        let mut open = self.stack.lock();
        open.running -= 1;
        open.wake_listeners(); // It may have been the one that the answers woke.
    }
}

/// What is sent behind a statement, in the same flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    Nothing,
    /// The question would come too early.
    Unasked,
    /// The question for the transaction's number.
    Question,
}

impl Open {
    /// Sends what has to come before a statement: the opening of its level and of those around it, and the time that is
    /// left for it.
    fn send_ahead(&mut self, cx: &mut Context<'_>) {
        if self.plan.deadline.is_none() && self.levels.iter().all(|level| level.opened) {
            return;
        }
        let Some(held) = self.held.clone() else { return };
        let begin = self.levels.first().is_some_and(|level| !level.opened);
        if begin && self.number.is_wanted() && held.slot().identity.get().is_none() {
            let held = Arc::clone(&held);
            let ask = async move { Answer::Identity(Identity::ask(held.connection()).await) };
            self.sent.send(ask, cx);
        }
        let opening = self.opening();
        if begin {
            held.slot().traffic.guard(true);
        }
        if !opening.is_empty() {
            let echo = held.slot().config.sql_echo().then(|| opening.clone());
            let open = async move {
                let done = held.connection().batch_execute(&opening).await;
                Answer::Opened { begin, done }
            };
            self.sent.send(open, cx);
            if let Some(opening) = echo {
                tell_of_opening(&opening); // Now that it is sent: whoever listens may panic.
            }
        }
    }

    /// Those who wait for answers look again.
    fn wake_listeners(&mut self) {
        self.listeners.drain(..).for_each(Waker::wake);
    }

    /// The statements that open what is not open yet. The time that is left is told in front of savepoints, whose rollback
    /// would undo it.
    fn opening(&mut self) -> Cow<'static, str> {
        if self.plan.deadline.is_none()
            && self.plan.options == TxOptions::new()
            && let [outermost] = self.levels.as_mut_slice()
        {
            outermost.opened = true;
            return "BEGIN".into(); // As most do, so it is not put together each time.
        }
        let mut words = Vec::new();
        let begins = self.levels.first().is_some_and(|level| !level.opened);
        let time_left = self.time_left();
        for level in self.levels.iter_mut().filter(|level| !level.opened) {
            level.opened = true;
            words.push(match level.id {
                OUTERMOST => self.plan.options.to_string(),
                id => format!("SAVEPOINT pgkeel_{id}"),
            });
        }
        if let Some(told) = time_left {
            words.insert(usize::from(begins), told);
        }
        words.join("; ").into()
    }

    /// Tells the server when to give up, if it has not been told or little is left of what it was told.
    fn time_left(&mut self) -> Option<String> {
        let left = self.plan.deadline?.saturating_duration_since(Instant::now());
        let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).clamp(1, LONGEST_TIMEOUT);
        if self.statement_timeout.is_some_and(|told| left > told / 2) {
            return None;
        }
        self.statement_timeout = Some(left);
        Some(format!("SET LOCAL statement_timeout = {left}"))
    }

    fn send_behind(&mut self, sql: &str, behind: Behind, cx: &mut Context<'_>) {
        if behind != Behind::Nothing || self.plan.options.is_read_only() {
            self.number.statement_sent(sql);
        }
        if behind == Behind::Question {
            self.ask(cx);
        }
    }

    /// Asks for the transaction's number.
    pub(super) fn ask(&mut self, cx: &mut Context<'_>) {
        let Some(held) = self.held.clone() else { return };
        let behind = self.number.statements();
        let ask = async move { Answer::Xid { behind, done: identity::number(held).await } };
        self.sent.send(ask, cx);
    }

    /// Takes in the answers that are there. `Err` if a level could not be opened.
    fn listen(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        while let Poll::Ready(Some(answer)) = self.sent.poll_next(cx) {
            self.heard(answer)?;
        }
        Ok(())
    }

    /// Takes in all answers.
    pub(super) fn poll_heard(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let listened = self.listen(cx);
        match (listened, self.sent.is_empty()) {
            (Err(error), _) => Poll::Ready(Err(error)),
            (Ok(()), true) => Poll::Ready(Ok(())),
            (Ok(()), false) => Poll::Pending,
        }
    }

    fn heard(&mut self, answer: Answer) -> Result<(), Error> {
        if let (Answer::Opened { begin: true, .. }, Some(held)) = (&answer, &self.held) {
            held.slot().traffic.guard(false);
        }
        match answer {
            Answer::Opened { begin, done: Err(error) } => Err(self.not_opened(begin, error)),
            Answer::Opened { done: Ok(()), .. } => Ok(()),
            Answer::Identity(identity) => {
                if let Some(held) = &self.held {
                    let _ = held.slot().identity.set(identity);
                }
                Ok(())
            }
            Answer::Xid { behind, done: Ok(xid) } => {
                self.number.answered(behind, xid);
                Ok(())
            }
            Answer::Xid { done: Err(error), .. } => {
                self.not_answered(error);
                Ok(())
            }
        }
    }

    /// A question that is refused fails the transaction, unless it had failed already.
    fn not_answered(&mut self, error: pgkeel_connect::Error) {
        if error.code() != Some(&SqlState::IN_FAILED_SQL_TRANSACTION) {
            self.note(self.levels.last().map_or(OUTERMOST, |level| level.id), &Error::Statement(error));
        }
    }

    /// Without BEGIN the server runs the statement behind it by itself; so the transaction is over.
    fn not_opened(&mut self, begin: bool, error: pgkeel_connect::Error) -> Error {
        let innermost = self.levels.last().map_or(OUTERMOST, |level| level.id);
        if begin && !error.is_disconnected() {
            self.abandon(OUTERMOST);
            self.not_begun = cause::copy(&error); // For the statements that are under way as well.
            return Error::NotBegun { source: error };
        }
        let error = Error::Statement(error);
        self.note(innermost, &error);
        error
    }
}

/// What `statement_timeout` takes at most: the greatest 32-bit number of milliseconds.
const LONGEST_TIMEOUT: u64 = i32::MAX.unsigned_abs() as u64;
