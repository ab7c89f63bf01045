//! Statements that are run again and again by one piece of work, as a loop over rows does that should be one statement.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use crate::Error;

/// More than that is a loop, unless it is said otherwise.
const USUAL: u32 = 10;

/// Detects N+1: one statement for a list of rows, and one more for each of them.
///
/// It counts the statements of this crate that a future runs, by their text and the place in the code that calls them, while the
/// future is polled: not what it has others run, by `tokio::spawn`. Texts that are the same in all but their values are the same.
/// A stream counts once, and so do batches, however many windows they take. Of one inside another the inner one counts.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error, NPlusOne, load_many};
///
/// # #[derive(Entity)]
/// # #[pgkeel(table = "users", columns = u)]
/// # struct User { #[pgkeel(id)] id: i64 }
/// # #[derive(Clone, Entity)]
/// # #[pgkeel(table = "posts", columns = p)]
/// # struct Post { #[pgkeel(id)] id: i64, user_id: i64 }
/// async fn posts(db: &impl Executor, users: &[User]) -> Result<Vec<Vec<Post>>, Error> {
///     NPlusOne::above(5).refuse(load_many(users, Post::by(p::user_id), db)).await
/// }
/// # let _ = |post: Post| (post.id, post.user_id);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NPlusOne {
    most: u32,
}

impl Default for NPlusOne {
    fn default() -> Self {
        Self { most: USUAL }
    }
}

impl NPlusOne {
    /// Sees a loop where a statement is run more than so many times; by default 10.
    #[must_use]
    pub const fn above(most: u32) -> Self {
        Self { most }
    }

    /// Says of each loop, once the future has ended or is dropped, which statement it runs, how often and where: an event of
    /// `tracing` of level WARN, with the target `pgkeel_query::repeats`. For services that are being tested.
    ///
    /// # Cancellation
    /// As the future's.
    pub async fn warn<F: Future>(self, work: F) -> F::Output {
        self.watch(work, false).await
    }

    /// The statement that makes it a loop is [`Error::Repeated`], and is not run. For tests.
    ///
    /// # Cancellation
    /// As the future's.
    pub async fn refuse<F: Future>(self, work: F) -> F::Output {
        self.watch(work, true).await
    }

    fn watch<F: Future>(self, work: F, refuses: bool) -> Watched<F> {
        let tally = Tally { most: self.most, refuses, runs: Mutex::default() };
        Watched { tally: Arc::new(tally), work: Box::pin(work) }
    }
}

/// A statement that is run again and again.
#[derive(Clone, PartialEq, Eq)]
pub struct Repeated {
    text: String,
    count: u32,
    at: &'static Location<'static>,
}

impl Repeated {
    /// Its text, which has no values in it; of an [`AuditedSql`](crate::AuditedSql) the reason for it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How often it was run, this time included.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The call.
    #[must_use]
    pub fn at(&self) -> &'static Location<'static> {
        self.at
    }
}

impl fmt::Debug for Repeated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Repeated");
        shown
            .field("text", &self.text)
            .field("count", &self.count)
            .field("at", &format_args!("{}", self.at))
            .finish()
    }
}

impl fmt::Display for Repeated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "run {} times at {}, where one statement for all rows would do: {}",
            self.count, self.at, self.text
        )
    }
}

impl std::error::Error for Repeated {}

type Place = &'static Location<'static>;

/// What one piece of work has run.
struct Tally {
    most: u32,
    refuses: bool,
    /// By the place first, so that a text is looked for without being copied.
    runs: Mutex<HashMap<Place, HashMap<String, Runs>>>,
}

/// How often a statement was run, and what is shown of it in place of its text.
struct Runs {
    count: u32,
    shown: Option<&'static str>,
}

impl Tally {
    fn count(&self, text: &str, shown: Option<&'static str>, at: Place) -> Result<(), Error> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = runs.entry(at).or_default();
        let count = match texts.get_mut(text) {
            Some(runs) => {
                runs.count = runs.count.saturating_add(1);
                runs.count
            }
            None => texts.entry(text.to_owned()).or_insert(Runs { count: 1, shown }).count,
        };
        if self.refuses && count > self.most {
            return Err(Error::Repeated(Repeated { text: shown.unwrap_or(text).to_owned(), count, at }));
        }
        Ok(())
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        if self.refuses {
            return;
        }
        for (at, texts) in self.runs.get_mut().unwrap_or_else(PoisonError::into_inner) {
            for (text, Runs { count, shown }) in texts.iter().filter(|(_, runs)| runs.count > self.most) {
                let statement = shown.unwrap_or(text);
                tracing::warn!(target: "pgkeel_query::repeats", count, at = %at, statement,
                    "one statement for all rows would do");
            }
        }
    }
}

thread_local! {
    /// Of the work that is being polled on this thread.
    static CURRENT: RefCell<Option<Arc<Tally>>> = const { RefCell::new(None) };
}

/// A statement is about to be run. Costs a look at the thread's own memory where nobody watches.
pub(crate) fn count(text: &str, at: Place) -> Result<(), Error> {
    count_shown(text, None, at)
}

/// As [`count`], of a text that is made at run time: only its reason is shown, here as elsewhere.
pub(crate) fn count_audited(text: &str, reason: &'static str, at: Place) -> Result<(), Error> {
    count_shown(text, Some(reason), at)
}

fn count_shown(text: &str, shown: Option<&'static str>, at: Place) -> Result<(), Error> {
    let current = CURRENT.with_borrow(Clone::clone);
    current.map_or(Ok(()), |tally| tally.count(text, shown, at))
}

struct Watched<F> {
    tally: Arc<Tally>,
    work: Pin<Box<F>>,
}

/// Puts back what was there, also when the work panics.
struct Before(Option<Arc<Tally>>);

impl Drop for Before {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _before = Before(CURRENT.replace(Some(Arc::clone(&self.tally))));
        self.work.as_mut().poll(context)
    }
}
