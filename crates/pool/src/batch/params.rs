use tokio_postgres::types::ToSql;

/// A parameter that its batch owns.
pub type Param = Box<dyn ToSql + Send + Sync>;

/// The parameters of one statement of a [`Batch`](crate::Batch): `()`, tuples of up to twelve values, arrays of values of
/// one type, or a vector of [`Param`].
pub trait Params {
    /// Each of them, boxed.
    fn into_params(self) -> Vec<Param>;
}

impl Params for () {
    fn into_params(self) -> Vec<Param> {
        Vec::new()
    }
}

impl Params for Vec<Param> {
    fn into_params(self) -> Vec<Param> {
        self
    }
}

impl<T: ToSql + Send + Sync + 'static, const N: usize> Params for [T; N] {
    fn into_params(self) -> Vec<Param> {
        self.into_iter().map(|value| Box::new(value) as Param).collect()
    }
}

macro_rules! params_of_tuples {
    ($(($($name:ident),+))+) => {$(
        impl<$($name: ToSql + Send + Sync + 'static),+> Params for ($($name,)+) {
            #[expect(non_snake_case, reason = "each value is named as its type")]
            fn into_params(self) -> Vec<Param> {
                let ($($name,)+) = self;
                vec![$(Box::new($name)),+]
            }
        }
    )+};
}

params_of_tuples! {
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, F)
    (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H)
    (A, B, C, D, E, F, G, H, I)
    (A, B, C, D, E, F, G, H, I, J)
    (A, B, C, D, E, F, G, H, I, J, K)
    (A, B, C, D, E, F, G, H, I, J, K, L)
}
