//! Values that wait to be sealed.

use std::sync::Arc;

use pgkeel_crypto::{
    Date, Decimal, Error as CryptoError, Json, Place, Plain, Sealed, Secret, Timestamp, Uuid, Vault,
};

use super::facts::SealedFacts;
use super::sealer::Sealer;
use crate::bind::Bind;
use crate::entity::{Given, RowValue};

/// A value that a sealed column of `P`s is given or looked up by: of text a `&str`, `String` or `&String`, of bytes a `&[u8]`, `Vec<u8>`
/// or `&Vec<u8>`, of another type itself or a reference; or a [`Secret`] of one, or a reference to that.
///
/// What is given as a value, not as a reference, is overwritten when it has been sealed.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is no value of a sealed column of `{P}`",
    label = "no `{P}`",
    note = "it takes the plaintext, as a value, a reference, or a `Secret`; a literal number is an `i64` by `7_i64`"
)]
pub trait PlainValue<P: Plain> {
    /// No public interface.
    #[doc(hidden)]
    fn plain(&self) -> &P::Borrowed;

    /// No public interface.
    #[doc(hidden)]
    fn waiting<'a>(self) -> Waiting<'a, P>
    where
        Self: 'a;
}

/// A value until it is sealed. No public interface.
#[doc(hidden)]
#[non_exhaustive]
pub enum Waiting<'a, P: Plain> {
    Held(Secret<P>),
    Lent(&'a P::Borrowed),
    Missing,
}

impl<P: Plain> std::fmt::Debug for Waiting<'_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waiting(…)")
    }
}

/// The same of whatever type.
pub(crate) trait Plaintext: Send + Sync {
    fn is_missing(&self) -> bool;

    /// The envelope, or NULL.
    fn seal(
        &self,
        facts: &SealedFacts,
        vault: &Vault,
        place: Place<'_>,
    ) -> Result<Arc<dyn Bind>, CryptoError>;

    /// What the index of this number has for it, or NULL.
    fn index(
        &self,
        facts: &SealedFacts,
        number: usize,
        sealer: &Sealer,
        tenant: Option<&str>,
    ) -> Result<Arc<dyn Bind>, CryptoError>;
}

impl<P: Plain> Waiting<'_, P> {
    pub(super) fn value(&self) -> Option<&P::Borrowed> {
        match self {
            Self::Held(value) => Some(value.expose().lend()),
            Self::Lent(value) => Some(value),
            Self::Missing => None,
        }
    }
}

impl<P: Plain<Borrowed: Sync> + Send + Sync + 'static> Plaintext for Waiting<'_, P> {
    fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    fn seal(
        &self,
        facts: &SealedFacts,
        vault: &Vault,
        place: Place<'_>,
    ) -> Result<Arc<dyn Bind>, CryptoError> {
        let values = facts.values_of::<P>().expect("the derive has the types of its fields");
        let sealed = self.value().map(|value| vault.seal(&values.column, value, place)).transpose()?;
        Ok(Arc::new(sealed))
    }

    fn index(
        &self,
        facts: &SealedFacts,
        number: usize,
        sealer: &Sealer,
        tenant: Option<&str>,
    ) -> Result<Arc<dyn Bind>, CryptoError> {
        let values = facts.values_of::<P>().expect("the derive has the types of its fields");
        let index = values.indexed(facts, number);
        let made =
            self.value().map(|value| sealer.index((facts, number), &index, value, tenant)).transpose()?;
        Ok(Arc::new(made.map(|made| made.as_bytes().to_vec())))
    }
}

macro_rules! plain_values {
    ($($plain:ty { $($form:ty: $lend:expr, $wait:expr;)+ })+) => {$($(
        #[diagnostic::do_not_recommend]
        impl PlainValue<$plain> for $form {
            fn plain(&self) -> &<$plain as Plain>::Borrowed {
                let lend: fn(&Self) -> &<$plain as Plain>::Borrowed = $lend;
                lend(self)
            }

            fn waiting<'a>(self) -> Waiting<'a, $plain>
            where
                Self: 'a,
            {
                let wait: fn(Self) -> Waiting<'a, $plain> = $wait;
                wait(self)
            }
        }

        #[diagnostic::do_not_recommend]
        impl RowValue<Sealed<$plain>> for $form {
            fn hold<'a>(self) -> Given<'a>
            where
                Self: 'a,
            {
                Given::waiting::<$plain>(self.waiting())
            }

            fn lend(&self) -> Given<'_> {
                Given::waiting::<$plain>(Waiting::Lent(self.plain()))
            }
        }

        #[diagnostic::do_not_recommend]
        impl RowValue<Option<Sealed<$plain>>> for $form {
            fn hold<'a>(self) -> Given<'a>
            where
                Self: 'a,
            {
                Given::waiting::<$plain>(self.waiting())
            }

            fn lend(&self) -> Given<'_> {
                Given::waiting::<$plain>(Waiting::Lent(self.plain()))
            }
        }

        #[diagnostic::do_not_recommend]
        impl RowValue<Option<Sealed<$plain>>> for Option<$form> {
            fn hold<'a>(self) -> Given<'a>
            where
                Self: 'a,
            {
                Given::waiting::<$plain>(self.map_or(Waiting::Missing, PlainValue::waiting))
            }

            fn lend(&self) -> Given<'_> {
                let value = self.as_ref().map(PlainValue::<$plain>::plain);
                Given::waiting::<$plain>(value.map_or(Waiting::Missing, Waiting::Lent))
            }
        }
    )+)+};
}

/// Types that are lent as themselves.
macro_rules! single_values {
    ($($plain:ty),+) => { plain_values! {$(
        $plain {
            $plain: |value| value, |value| Waiting::Held(Secret::new(value));
            &$plain: |value| value, |value| Waiting::Lent(value);
            Secret<$plain>: |value| value.expose(), |value| Waiting::Held(value);
            &Secret<$plain>: |value| value.expose(), |value| Waiting::Lent(value.expose());
        }
    )+} };
}

plain_values! {
    String {
        &str: |value| value, |value| Waiting::Lent(value);
        String: |value| value, |value| Waiting::Held(Secret::new(value));
        &String: |value| value, |value| Waiting::Lent(value.as_str());
        Secret<String>: |value| value.expose(), |value| Waiting::Held(value);
        &Secret<String>: |value| value.expose(), |value| Waiting::Lent(value.expose().as_str());
    }
    Vec<u8> {
        &[u8]: |value| value, |value| Waiting::Lent(value);
        Vec<u8>: |value| value, |value| Waiting::Held(Secret::new(value));
        &Vec<u8>: |value| value, |value| Waiting::Lent(value.as_slice());
        Secret<Vec<u8>>: |value| value.expose(), |value| Waiting::Held(value);
        &Secret<Vec<u8>>: |value| value.expose(), |value| Waiting::Lent(value.expose().as_slice());
    }
}

single_values!(i64, bool, Json, Uuid, Timestamp, Decimal, Date);
