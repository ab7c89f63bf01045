//! KC-XAES-256-GCM as somebody would write it down for one envelope, its key schedule at hand; and AES-256-GCM by `ring`, with a
//! nonce of 12 random bytes, which is far from doing the same.

use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes256, Block};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::AeadInOut as _;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

pub(crate) struct KcXaes {
    aes: Aes256,
    k1: u128,
}

impl KcXaes {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        let aes = Aes256::new(&key.into());
        let mut l = Block::default();
        aes.encrypt_block(&mut l);
        let l = u128::from_be_bytes(l.into());
        Self { aes, k1: (l << 1) ^ (0x87 * (l >> 127)) }
    }

    /// One allocation, of the envelope.
    pub(crate) fn seal(&self, head: [u8; 8], aad: &[u8], value: &[u8]) -> Vec<u8> {
        let mut envelope = vec![0; 8 + 24 + 32 + value.len() + 16];
        envelope[..8].copy_from_slice(&head);
        getrandom::fill(&mut envelope[8..32]).expect("randomness");
        let block = |head: [u8; 4], nonce: &[u8], mask: u128| {
            let mut block = [0; 16];
            block[..4].copy_from_slice(&head);
            block[4..].copy_from_slice(nonce);
            Block::from((u128::from_be_bytes(block) ^ mask).to_be_bytes())
        };
        let first = &envelope[8..20];
        let mut blocks = [
            block([0, 1, b'X', 0], first, self.k1),
            block([0, 2, b'X', 0], first, self.k1),
            block(*b"XCMT", first, 0),
        ];
        self.aes.encrypt_blocks(&mut blocks);
        let [low, high, chained] = blocks;
        let chained = u128::from_be_bytes(chained.into()) ^ self.k1;
        let last = |number: u8| {
            let mut last = [0; 16];
            last[..12].copy_from_slice(&envelope[20..32]);
            last[12..].copy_from_slice(&[0, 1, 0, number]);
            Block::from((u128::from_be_bytes(last) ^ chained).to_be_bytes())
        };
        let mut commitments = [last(1), last(2)];
        self.aes.encrypt_blocks(&mut commitments);
        envelope[32..48].copy_from_slice(&commitments[0]);
        envelope[48..64].copy_from_slice(&commitments[1]);
        let mut key = [0; 32];
        key[..16].copy_from_slice(&low);
        key[16..].copy_from_slice(&high);
        let nonce: [u8; 12] = envelope[20..32].try_into().expect("12 bytes");
        let (text, tag) = envelope[64..].split_last_chunk_mut::<16>().expect("a tag");
        text.copy_from_slice(value);
        let cipher = Aes256Gcm::new((&key).into());
        *tag = cipher.encrypt_inout_detached((&nonce).into(), aad, text.into()).expect("a short text").into();
        envelope
    }
}

pub(crate) struct Ring(LessSafeKey);

impl Ring {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("32 bytes")))
    }

    /// One allocation, of nonce, text and tag.
    pub(crate) fn seal(&self, aad: &[u8], value: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; 12 + value.len() + 16];
        let (place, rest) = sealed.split_first_chunk_mut::<12>().expect("a nonce");
        getrandom::fill(place).expect("randomness");
        let (text, tag) = rest.split_last_chunk_mut::<16>().expect("a tag");
        text.copy_from_slice(value);
        let nonce = Nonce::assume_unique_for_key(*place);
        let made = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), text).expect("a short text");
        tag.copy_from_slice(made.as_ref());
        sealed
    }
}
