use super::Normalizer;
use crate::argon2id::Cost;

/// What an index makes of a value: part of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Form {
    pub(super) normalizer: Normalizer,
    /// 0 for a whole value.
    pub(super) bits: u8,
    /// Of one that is slow.
    pub(super) cost: Option<Cost>,
}

impl Form {
    pub(super) const WHOLE: Self = Self { normalizer: Normalizer::Exact, bits: 0, cost: None };

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
