//! Argon2id, version 1.3 (RFC 9106).

use std::fmt;

/// What it costs to try one passphrase or value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cost {
    memory_kib: u32,
    iterations: u32,
    lanes: u32,
}

impl Cost {
    /// The least for passphrases: OWASP, Password Storage Cheat Sheet.
    pub(crate) const PASSPHRASE: Self = Self { memory_kib: 19_456, iterations: 2, lanes: 1 };

    /// The least for indexes, and what `blind_index` for Ruby has by default: 5 ms a value in an optimised build.
    pub const INDEX: Self = Self { memory_kib: 4096, iterations: 3, lanes: 1 };

    /// The most: the memory of RFC 9106's first recommendation, so that a wrong figure does not take all that there is.
    pub(crate) const MOST: Self = Self { memory_kib: 1 << 21, iterations: 64, lanes: 64 };

    /// Memory in KiB, iterations, and lanes, which are computed one after the other here.
    ///
    /// # Panics
    /// If memory or iterations are below [`INDEX`](Self::INDEX), or one of the three above 2 GiB, 64 and 64; of a constant, the
    /// compiler says so.
    #[must_use]
    pub const fn new(memory_kib: u32, iterations: u32, lanes: u32) -> Self {
        let cost = Self::unchecked(memory_kib, iterations, lanes);
        assert!(cost.is_at_least(Self::INDEX), "less than an index should cost");
        assert!(Self::MOST.is_at_least(cost), "more than a value should cost");
        cost
    }

    /// As [`new`](Self::new); `None` where that panics.
    #[must_use]
    pub const fn checked(memory_kib: u32, iterations: u32, lanes: u32) -> Option<Self> {
        let cost = Self::unchecked(memory_kib, iterations, lanes);
        if cost.is_at_least(Self::INDEX) && Self::MOST.is_at_least(cost) { Some(cost) } else { None }
    }

    /// Memory in KiB, iterations and lanes.
    #[must_use]
    pub const fn figures(self) -> [u32; 3] {
        [self.memory_kib, self.iterations, self.lanes]
    }

    pub(crate) const fn unchecked(memory_kib: u32, iterations: u32, lanes: u32) -> Self {
        Self { memory_kib, iterations, lanes }
    }

    /// In memory, iterations and lanes.
    pub(crate) const fn is_at_least(self, other: Self) -> bool {
        self.memory_kib >= other.memory_kib
            && self.iterations >= other.iterations
            && self.lanes >= other.lanes
    }

    /// As three numbers of four bytes, big-endian.
    pub(crate) const fn to_bytes(self) -> [[u8; 4]; 3] {
        let [memory_kib, iterations, lanes] = self.figures();
        [memory_kib.to_be_bytes(), iterations.to_be_bytes(), lanes.to_be_bytes()]
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m_kib = {}, t = {}, p = {}", self.memory_kib, self.iterations, self.lanes)
    }
}

/// Fills `output`, of at least 4 bytes. The salt has at least 8. What was in memory and on the stack is overwritten.
///
/// # Panics
/// If they are shorter, or the cost is outside of what a [`Cost`] may be.
#[cfg(feature = "passphrase")]
pub(crate) fn hash(cost: Cost, password: &[u8], salt: &[u8], output: &mut [u8]) {
    use argon2::{Algorithm, Argon2, Block, Params, Version};
    use zeroize::Zeroize as _;

    use crate::stack::wiped_after;

    let params = Params::new(cost.memory_kib, cost.iterations, cost.lanes, Some(output.len()));
    let params = params.expect("a cost within bounds");
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hashed = wiped_after(|| argon2.hash_password_into_with_memory(password, salt, output, &mut memory));
    for block in &mut memory {
        block.zeroize();
    }
    hashed.expect("a salt of 8 bytes");
}

/// Without the feature there is nothing that costs.
#[cfg(not(feature = "passphrase"))]
pub(crate) fn hash(_: Cost, _: &[u8], _: &[u8], _: &mut [u8]) {
    unreachable!("argon2id, which is not built");
}
