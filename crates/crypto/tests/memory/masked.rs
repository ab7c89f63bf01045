//! Secrets that are not in the memory of the process, but masked.

use zeroize::Zeroizing;

const MASK: u8 = 0x5a;

/// Some bytes, each of them combined with `MASK`.
pub(crate) struct Masked {
    pub(crate) name: &'static str,
    bytes: Vec<u8>,
}

impl Masked {
    pub(crate) fn new(name: &'static str, hex: &str) -> Self {
        let digits = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
        Self { name, bytes: digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect() }
    }

    /// The hexadecimal digits of what is masked, as they are in text.
    pub(crate) fn digits(&self) -> Zeroizing<String> {
        let mut digits = Zeroizing::new(String::with_capacity(2 * self.bytes.len()));
        for byte in &self.bytes {
            for half in [(byte ^ MASK) >> 4, (byte ^ MASK) & 0x0f] {
                digits.push(char::from_digit(half.into(), 16).unwrap());
            }
        }
        digits
    }

    /// What is masked, and behind it some more.
    pub(crate) fn value(&self, more: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut value = Zeroizing::new(Vec::with_capacity(self.bytes.len() + more.len()));
        value.extend(self.bytes.iter().map(|byte| byte ^ MASK));
        value.extend_from_slice(more);
        value
    }

    /// The digits, to be looked for.
    pub(crate) fn of_digits(&self, name: &'static str) -> Self {
        Self { name, bytes: self.digits().bytes().map(|digit| digit ^ MASK).collect() }
    }

    /// How often it is there: its first 16 bytes, or the 16 behind them.
    pub(crate) fn count(&self, memory: &[u8]) -> usize {
        let parts = self.bytes.chunks_exact(Self::PART).take(2);
        parts.map(|part| count(memory, part)).sum()
    }

    const PART: usize = 16;
}

fn count(memory: &[u8], part: &[u8]) -> usize {
    let first = part[0] ^ MASK;
    let is_it = |&at: &usize| {
        let there = &memory[at..at + part.len()];
        there[0] == first && there.iter().zip(part).all(|(there, part)| *there == part ^ MASK)
    };
    (0..=memory.len().saturating_sub(part.len())).filter(is_it).count()
}
