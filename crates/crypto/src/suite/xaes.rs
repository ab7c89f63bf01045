//! XAES-256-GCM (C2SP, `XAES-256-GCM.md`), and with a commitment to the key (IACR eprint 2025/758).
//!
//! With L = AES(0), K1 = L doubled in GF(2^128) as in CMAC, and N the nonce of 24 bytes:
//! the message's key is AES((0, i, 'X', 0, N\[..12]) xor K1) for i = 1, 2; what is encrypted is so by AES-256-GCM under it, with
//! the nonce N\[12..]; the commitment is CMAC("XCMT", N, 0, 1, 0, i) for i = 1, 2. As the text of that CMAC is two whole blocks,
//! both have their first step in common: five blocks in all, of which three, then two, are independent.

use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes256, Block};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::AeadInOut as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::{COMMITMENT, NONCE, TAG};

/// The schedule of a column's key, and what is made of the key once.
pub(crate) struct Xaes {
    aes: Aes256,
    k1: Block,
}

/// The key of one message.
pub(super) struct MessageKey(Zeroizing<[u8; 32]>);

impl Xaes {
    /// # Panics
    /// If the key has not 32 bytes.
    pub(super) fn new(key: &[u8]) -> Self {
        let aes = Aes256::new_from_slice(key).expect("a key of 32 bytes");
        let mut k1 = Block::default();
        aes.encrypt_block(&mut k1);
        let l = u128::from_be_bytes(k1.into());
        k1.copy_from_slice(&((l << 1) ^ (0x87 * (l >> 127))).to_be_bytes());
        Self { aes, k1 }
    }

    pub(super) fn message_key(&self, nonce: &[u8; NONCE]) -> MessageKey {
        let mut blocks = [self.half(1, nonce), self.half(2, nonce)];
        self.aes.encrypt_blocks(&mut blocks);
        MessageKey::new(&mut blocks)
    }

    /// With what commits to the key.
    pub(super) fn committed_key(&self, nonce: &[u8; NONCE]) -> (MessageKey, [u8; COMMITMENT]) {
        let mut blocks = [self.half(1, nonce), self.half(2, nonce), block(*b"XCMT", nonce.first_chunk())];
        self.aes.encrypt_blocks(&mut blocks);
        let [first, second, chained] = blocks;
        let mut commitments = [self.commitment(1, nonce, &chained), self.commitment(2, nonce, &chained)];
        self.aes.encrypt_blocks(&mut commitments);
        (MessageKey::new(&mut [first, second]), joined(&commitments))
    }

    fn half(&self, number: u8, nonce: &[u8; NONCE]) -> Block {
        xor(block([0, number, b'X', 0], nonce.first_chunk()), &self.k1)
    }

    /// What the second step of CMAC encrypts: the last block of the text, the first step's result, and K1 as the block is whole.
    fn commitment(&self, number: u8, nonce: &[u8; NONCE], chained: &Block) -> Block {
        let mut last = Block::default();
        last[..12].copy_from_slice(&nonce[12..]);
        last[12..].copy_from_slice(&[0, 1, 0, number]);
        xor(xor(last, chained), &self.k1)
    }
}

impl Drop for Xaes {
    fn drop(&mut self) {
        self.k1.as_mut_slice().zeroize();
    }
}

impl MessageKey {
    fn new(halves: &mut [Block; 2]) -> Self {
        let key = Self(Zeroizing::new(joined(halves)));
        for half in halves {
            half.as_mut_slice().zeroize();
        }
        key
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.0).into())
    }

    /// Encrypts in place and gives the tag; `None` if the text is longer than AES-GCM can take.
    pub(super) fn encrypt(&self, nonce: &[u8; NONCE], aad: &[u8], text: &mut [u8]) -> Option<[u8; TAG]> {
        #[cfg(test)]
        counted::add();
        let tag = self.cipher().encrypt_inout_detached(gcm_nonce(nonce).into(), aad, text.into());
        tag.ok().map(Into::into)
    }

    pub(super) fn decrypt(
        &self,
        nonce: &[u8; NONCE],
        aad: &[u8],
        text: &[u8],
        tag: &[u8; TAG],
    ) -> Option<Vec<u8>> {
        #[cfg(test)]
        counted::add();
        let mut text = text.to_vec();
        let buffer = text.as_mut_slice().into();
        let opened = self.cipher().decrypt_inout_detached(gcm_nonce(nonce).into(), aad, buffer, tag.into());
        opened.ok().map(|()| text) // the tag is checked first, so what is dropped here is ciphertext still
    }
}

fn gcm_nonce(nonce: &[u8; NONCE]) -> &[u8; 12] {
    nonce.last_chunk().expect("24 bytes have a last 12")
}

fn block(head: [u8; 4], tail: Option<&[u8; 12]>) -> Block {
    let mut block = Block::default();
    block[..4].copy_from_slice(&head);
    block[4..].copy_from_slice(tail.expect("24 bytes have a first 12"));
    block
}

fn xor(mut left: Block, right: &Block) -> Block {
    left.iter_mut().zip(right).for_each(|(left, right)| *left ^= right);
    left
}

fn joined(halves: &[Block; 2]) -> [u8; 32] {
    let mut whole = [0; 32];
    whole[..16].copy_from_slice(&halves[0]);
    whole[16..].copy_from_slice(&halves[1]);
    whole
}

/// How often AES-GCM was called by this thread.
#[cfg(test)]
pub(crate) mod counted {
    use std::cell::Cell;

    thread_local!(static CALLS: Cell<usize> = const { Cell::new(0) });

    pub(super) fn add() {
        CALLS.with(|calls| calls.set(calls.get() + 1));
    }

    pub(crate) fn during<T>(work: impl FnOnce() -> T) -> (T, usize) {
        let before = CALLS.with(Cell::get);
        let done = work();
        (done, CALLS.with(Cell::get) - before)
    }
}

#[cfg(test)]
mod tests;
