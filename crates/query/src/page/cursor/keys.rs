use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::secret::{ID, SYNTHETIC, Secret};
use super::{CursorReason, InvalidCursor, Shape, WeakKey};
use crate::page::keyset::{Keys, Position, Reader};

/// As many letters as a cursor has at most.
pub(crate) const MOST: usize = 16 * 1024;
const VERSION: u8 = 1;
/// Version, which key, when it expires: in seconds since 1970.
const HEADER: usize = 1 + ID + 8;
const DAY: Duration = Duration::from_hours(24);

/// What cursors are made and recognised with. There is no key by default, and none is made up: processes that are to know each
/// other's cursors are given the same one.
///
/// A cursor has the values of the columns that rows are ordered by. They are encrypted and signed, so that nobody can read or
/// change them, and bound to the statement that it was made for. After its lifetime it is refused.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use pgkeel_query::CursorKeys;
/// use pgkeel_query::page::WeakKey;
///
/// # let (current, former) = ([7; 32], [8; 32]);
/// let in_a_day = SystemTime::now() + Duration::from_hours(24);
/// let cursors = CursorKeys::new(&current)?.accept_until(&former, in_a_day)?;
/// assert!(CursorKeys::new(b"too short").is_err());
/// # let _ = cursors;
/// # Ok::<(), WeakKey>(())
/// ```
#[derive(Clone)]
pub struct CursorKeys {
    current: Secret,
    former: Vec<(Secret, SystemTime)>,
    lifetime: Duration,
    clock: Clock,
}

type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

impl CursorKeys {
    /// With this key: 32 bytes or more, from a generator of random numbers. Cursors are good for a day.
    ///
    /// # Errors
    /// [`WeakKey`] if it has fewer bytes.
    pub fn new(secret: &[u8]) -> Result<Self, WeakKey> {
        let clock: Clock = Arc::new(SystemTime::now);
        Ok(Self { current: Secret::new(secret)?, former: Vec::new(), lifetime: DAY, clock })
    }

    /// Recognises cursors that were made with this key as well, until then: for as long as it takes until all processes have the
    /// new key, and the last cursor of the former one expires.
    ///
    /// # Errors
    /// [`WeakKey`] if it has fewer than 32 bytes.
    pub fn accept_until(mut self, former: &[u8], until: SystemTime) -> Result<Self, WeakKey> {
        self.former.push((Secret::new(former)?, until));
        Ok(self)
    }

    /// How long cursors are good for, from when they are made; a day unless said. Counted in whole seconds, upwards.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// What tells the time; the system's clock unless said.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// `None` if it would be too long.
    pub(crate) fn seal(&self, shape: &Shape, position: &Position) -> Option<String> {
        let mut text = shape.bytes().to_vec();
        position.write(&mut text);
        if text.len() > MOST {
            return None;
        }
        let mut cursor = vec![VERSION];
        cursor.extend_from_slice(&self.current.id);
        cursor.extend_from_slice(&seconds((self.clock)(), self.lifetime).to_be_bytes());
        let synthetic = self.current.seal(&cursor, &mut text).ok()?;
        cursor.extend_from_slice(&synthetic);
        cursor.append(&mut text);
        let cursor = URL_SAFE_NO_PAD.encode(cursor);
        (cursor.len() <= MOST).then_some(cursor)
    }

    pub(crate) fn open(&self, shape: &Shape, keys: &Keys, cursor: &str) -> Result<Position, InvalidCursor> {
        let is = |reason| move || InvalidCursor::new(reason);
        let malformed = is(CursorReason::Malformed);
        if cursor.len() > MOST {
            return Err(malformed());
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| malformed())?;
        let (header, rest) = bytes.split_at_mut_checked(HEADER).ok_or_else(malformed)?;
        let (synthetic, text) = rest.split_at_mut_checked(SYNTHETIC).ok_or_else(malformed)?;
        let mut facts = Reader(header);
        if facts.take() != Some([VERSION]) {
            return Err(malformed());
        }
        let id = facts.take().ok_or_else(malformed)?;
        let expires = facts.take().map(u64::from_be_bytes).ok_or_else(malformed)?;
        let now = (self.clock)();
        let text = self
            .secrets(id, now)
            .find_map(|secret| {
                // Each try works on a copy, as a failed one leaves nothing of what it was given.
                let mut copy = text.to_vec();
                secret.open(header, synthetic, &mut copy).ok().map(<[u8]>::to_vec)
            })
            .ok_or_else(is(CursorReason::Signature))?;
        if seconds(now, Duration::ZERO) >= expires {
            return Err(InvalidCursor::new(CursorReason::Expired));
        }
        let mut reader = Reader(&text);
        if Shape::read(&mut reader) != Some(*shape) {
            return Err(InvalidCursor::new(CursorReason::OtherStatement));
        }
        Position::read(&mut reader, keys).ok_or_else(malformed)
    }

    fn secrets(&self, id: [u8; ID], now: SystemTime) -> impl Iterator<Item = &Secret> {
        let former = self.former.iter().filter(move |(_, until)| now < *until).map(|(secret, _)| secret);
        std::iter::once(&self.current).chain(former).filter(move |secret| secret.id == id)
    }
}

/// Since 1970, upwards.
fn seconds(now: SystemTime, later: Duration) -> u64 {
    let then = now.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_add(later);
    then.as_secs().saturating_add(u64::from(then.subsec_nanos() > 0))
}

/// Without the keys.
impl fmt::Debug for CursorKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys = f.debug_struct("CursorKeys");
        keys.field("former", &self.former.len()).field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}
