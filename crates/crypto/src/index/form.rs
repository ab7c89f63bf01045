use super::Normalizer;
use crate::argon2id::Cost;

/// How an index makes its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) normalizer: Normalizer,
    /// 0 for a whole value.
    pub(crate) bits: u8,
    pub(crate) cost: Option<Cost>,
}

impl Form {
    /// Of whole values, by their bytes.
    pub(crate) const EXACT: Self = Self { normalizer: Normalizer::Exact, bits: 0, cost: None };

    /// Normaliser, bits, whether it is slow, and what it costs then.
    pub(crate) fn to_bytes(self) -> [u8; 15] {
        let mut form = [0; 15];
        form[..3].copy_from_slice(&[self.normalizer.code(), self.bits, u8::from(self.cost.is_some())]);
        if let Some(cost) = self.cost {
            form[3..].copy_from_slice(cost.to_bytes().as_flattened());
        }
        form
    }
}
