use std::any::Any;

use pgkeel_crypto::{Plain, Sealed, Secret};

/// What a sealed column holds: a [`Sealed`], or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "a column of `{Self}` is not sealed",
    label = "no `Sealed<…>`, nor an `Option` of one"
)]
pub trait Envelope: Any {
    /// The type of its values.
    type Plain: Plain + 'static;
    /// What it is once it is opened.
    type Opened;

    /// No public interface.
    #[doc(hidden)]
    fn sealed(&self) -> Option<&Sealed<Self::Plain>>;

    /// No public interface: of a value that is not missing.
    #[doc(hidden)]
    fn try_opened<E>(
        &self,
        open: impl FnOnce(&Sealed<Self::Plain>) -> Result<Secret<Self::Plain>, E>,
    ) -> Result<Self::Opened, E>;
}

impl<P: Plain + 'static> Envelope for Sealed<P> {
    type Plain = P;
    type Opened = Secret<P>;

    fn sealed(&self) -> Option<&Self> {
        Some(self)
    }

    fn try_opened<E>(&self, open: impl FnOnce(&Self) -> Result<Secret<P>, E>) -> Result<Secret<P>, E> {
        open(self)
    }
}

impl<P: Plain + 'static> Envelope for Option<Sealed<P>> {
    type Plain = P;
    type Opened = Option<Secret<P>>;

    fn sealed(&self) -> Option<&Sealed<P>> {
        self.as_ref()
    }

    fn try_opened<E>(
        &self,
        open: impl FnOnce(&Sealed<P>) -> Result<Secret<P>, E>,
    ) -> Result<Option<Secret<P>>, E> {
        self.as_ref().map(open).transpose()
    }
}
