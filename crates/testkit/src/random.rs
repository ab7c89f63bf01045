use std::sync::OnceLock;

/// Chance that can be repeated: the seed is printed once a process, and set by `PGKEEL_TEST_SEED`.
///
/// `SplitMix64` (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// With the seed of this process.
    ///
    /// # Panics
    /// If `PGKEEL_TEST_SEED` is not a number.
    #[must_use]
    pub fn seeded() -> Self {
        static SEED: OnceLock<u64> = OnceLock::new();
        Self(*SEED.get_or_init(|| {
            let seed = crate::environment::seed().unwrap_or_else(|| std::process::id().into());
            println!("PGKEEL_TEST_SEED={seed} repeats this run");
            seed
        }))
    }

    /// Another sequence of the same seed.
    #[must_use]
    pub fn fork(&self, number: u64) -> Self {
        Self(Self(self.0 ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).next())
    }

    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
