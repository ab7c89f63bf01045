use super::Normalizer;
use crate::Kind;
use crate::argon2id::Cost;

/// Of what an index makes what: part of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Form {
    pub(crate) kind: Kind,
    pub(crate) normalizer: Normalizer,
    /// 0 for a whole value.
    pub(crate) bits: u8,
    /// Of one that is slow.
    pub(crate) cost: Option<Cost>,
}

impl Form {
    /// Of values of this type, as they are, all that fits.
    pub(crate) const fn whole(kind: Kind) -> Self {
        Self { kind, normalizer: Normalizer::Exact, bits: 0, cost: None }
    }

    /// Type, normaliser, bits, whether it is slow, and what it costs then.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let Self { kind, normalizer, bits, cost } = self;
        let mut form = [0; 16];
        form[..4].copy_from_slice(&[kind.code(), normalizer.code(), bits, u8::from(cost.is_some())]);
        if let Some(cost) = cost {
            form[4..].copy_from_slice(cost.to_bytes().as_flattened());
        }
        form
    }
}
