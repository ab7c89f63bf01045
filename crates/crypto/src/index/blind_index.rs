use std::fmt;
use std::marker::PhantomData;

use super::{Form, Normalizer};
#[cfg(feature = "passphrase")]
use crate::argon2id::Cost;
use crate::column::MOST_CONTEXT;
use crate::plain::Plain;
use crate::spec::IndexShape;

/// The longest name of PostgreSQL's (`NAMEDATALEN` less one).
pub(crate) const MOST_NAME: usize = 63;

/// A column beside a sealed one by which equal values are found, and kept unique, without opening any.
///
/// Who sees it sees which rows have equal values, and how often each is there. Who has the key besides can try values out: for
/// those of which there are few, such as dates of birth, a [beacon](Self::beacon) tells less, and trying is dearer if the index is
/// slow (`Self::slow`).
///
/// ```
/// use pgkeel_crypto::{BlindIndex, Date, Normalizer};
///
/// const BY_EMAIL: BlindIndex<String> = BlindIndex::text("app.users.email", "email_bidx", Normalizer::Email);
/// const BY_BIRTHDAY: BlindIndex<Date> = BlindIndex::new("app.users.birthday", "birthday_bidx").beacon(8);
/// # let _ = (BY_EMAIL, BY_BIRTHDAY);
/// ```
pub struct BlindIndex<T> {
    context: &'static str,
    name: &'static str,
    form: Form,
    is_tenant_bound: bool,
    values: PhantomData<fn() -> T>,
}

impl<T: Plain> BlindIndex<T> {
    /// An index of this name over the sealed column of this context, by the bytes of its values. Context and name are part of its
    /// keys: 1 to 128 and 1 to 63 bytes.
    ///
    /// # Panics
    /// If one is empty or longer; of a constant, the compiler says so.
    #[must_use]
    pub const fn new(context: &'static str, name: &'static str) -> Self {
        assert!(!context.is_empty() && context.len() <= MOST_CONTEXT, "a context has 1 to 128 bytes");
        assert!(!name.is_empty() && name.len() <= MOST_NAME, "a name has 1 to 63 bytes");
        Self { context, name, form: Form::whole(T::KIND), is_tenant_bound: false, values: PhantomData }
    }

    /// Of each value no more than so many bits, 1 to 64, so that different ones fall together. Which of those that are found
    /// are meant shows when they are opened. Of X different values there should be more than the square root of X groups, 2^`bits`,
    /// and fewer than half of X (AWS Database Encryption SDK, beacons). It cannot be unique.
    ///
    /// # Panics
    /// If it is not 1 to 64; of a constant, the compiler says so.
    #[must_use]
    pub const fn beacon(self, bits: u8) -> Self {
        assert!(bits >= 1 && bits <= 64, "a beacon has 1 to 64 bits");
        Self { form: Form { bits, ..self.form }, ..self }
    }

    /// Each value takes so long to index that trying out many takes very long, also for who has the key. It computes all that
    /// time, so call it where that is allowed (`spawn_blocking` of tokio).
    #[cfg(feature = "passphrase")]
    #[must_use]
    pub const fn slow(self, cost: Cost) -> Self {
        Self { form: Form { cost: Some(cost), ..self.form }, ..self }
    }

    /// Each tenant has keys of its own, so that equal values of different tenants are not seen to be equal.
    #[must_use]
    pub const fn per_tenant(self) -> Self {
        Self { is_tenant_bound: true, ..self }
    }

    /// Whether these values are equal to its normaliser, whatever its bits: of those that are found by a [`beacon`](Self::beacon) the ones
    /// that are meant. It takes no key and no time, also of an index that is slow.
    ///
    /// ```
    /// use pgkeel_crypto::{BlindIndex, Normalizer};
    ///
    /// const PHONE_GROUP: BlindIndex<String> =
    ///     BlindIndex::text("app.users.phone", "phone_group", Normalizer::Digits).beacon(4);
    ///
    /// assert!(PHONE_GROUP.are_equal("(030) 12 34", "0301234"));
    /// assert!(!PHONE_GROUP.are_equal("(030) 12 34", "0301235"));
    /// ```
    #[must_use]
    pub fn are_equal(&self, one: &T::Borrowed, other: &T::Borrowed) -> bool {
        let normalizer = self.form.normalizer;
        T::with_bytes(one, |one| {
            normalizer.with_normalized(one, |one| {
                T::with_bytes(other, |other| normalizer.with_normalized(other, |other| one == other))
            })
        })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The name of the column that it is beside.
    #[must_use]
    pub const fn context(&self) -> &'static str {
        self.context
    }

    pub(crate) const fn shape(&self) -> IndexShape<'static> {
        let Self { context, name, form, is_tenant_bound, values: _ } = *self;
        IndexShape { context, name, is_constant: true, form, is_tenant_bound }
    }
}

impl BlindIndex<String> {
    /// As [`new`](Self::new), by what the normaliser makes of the values: in looking up as in writing.
    ///
    /// # Panics
    /// As `new`.
    #[must_use]
    pub const fn text(context: &'static str, name: &'static str, normalizer: Normalizer) -> Self {
        let index = Self::new(context, name);
        Self { form: Form { normalizer, ..index.form }, ..index }
    }
}

impl<T> Clone for BlindIndex<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for BlindIndex<T> {}

impl<T: Plain> fmt::Debug for BlindIndex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlindIndex({} of {}, {:?})", self.name, self.context, self.form.normalizer)
    }
}
