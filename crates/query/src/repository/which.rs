use crate::statement::Filter;

/// Which rows of the entity `E` are meant: a [`Filter`], an `Option` of one, or `()` for all that the repository sees.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which rows of `{E}` are meant",
    label = "neither a filter of `{E}` nor `()` for all rows"
)]
pub trait Which<'a, E> {
    /// No public interface.
    #[doc(hidden)]
    fn filter(self) -> Option<Filter<'a, E>>;
}

#[diagnostic::do_not_recommend]
impl<'a, E> Which<'a, E> for Filter<'a, E> {
    fn filter(self) -> Option<Self> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, E> Which<'a, E> for Option<Filter<'a, E>> {
    fn filter(self) -> Self {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<'a, E> Which<'a, E> for () {
    fn filter(self) -> Option<Filter<'a, E>> {
        None
    }
}
