//! Bytes that nobody sealed.

use pgkeel_crypto::{Column, Padding, Place, Sealed};
use pgkeel_testkit::{Random, scaled};

use crate::fixture::{unhex, vault};
use crate::golden;

/// Random bytes behind a header that is right, or nearly so, and golden envelopes with some bytes changed: refused, each of
/// them, never a panic.
#[test]
fn whatever_comes_is_refused() {
    let vault = vault();
    let mut random = Random::seeded();
    let golden: Vec<_> = golden::ALL.iter().map(|golden| unhex(golden.hex)).collect();
    let headers: Vec<_> = golden.iter().map(|envelope| envelope[..8].to_vec()).collect();
    for _ in 0..scaled(20_000, 10_000_000) {
        let number = below(&mut random, golden.len());
        let mut bytes =
            if below(&mut random, 2) == 0 { golden[number].clone() } else { headers[number].clone() };
        if bytes.len() == 8 {
            let more = below(&mut random, 200);
            bytes.extend((0..more).map(|_| random.next().to_le_bytes()[0]));
        }
        for _ in 0..=below(&mut random, 4) {
            let at = below(&mut random, bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        if golden.contains(&bytes) {
            continue; // changed and changed back
        }
        assert!((golden::ALL[number].open)(&vault, bytes.clone()).is_err(), "{bytes:02x?}");
    }
}

/// As text: what is read is read in one way only.
#[test]
fn whatever_is_read_as_text_is_written_the_same() {
    let mut random = Random::seeded();
    let letters: Vec<char> = "pgk1.wRIBAj-_=/+ \u{e9}\0".chars().collect();
    let photo = Sealed::<Vec<u8>>::from_bytes(unhex(golden::ALL[9].hex)).unwrap().to_text();
    let mut read = 0;
    for _ in 0..scaled(20_000, 1_000_000) {
        let mut text: Vec<char> = photo.chars().collect();
        for _ in 0..below(&mut random, 3) {
            let at = below(&mut random, text.len());
            text[at] = letters[below(&mut random, letters.len())];
        }
        let text: String = text.into_iter().collect();
        if let Ok(sealed) = Sealed::<Vec<u8>>::from_text(&text) {
            assert_eq!(sealed.to_text(), text);
            read += 1;
        }
    }
    assert!(read > 0);
}

/// The values of a column, padded or not, of all lengths around those where something changes.
#[test]
fn values_of_all_lengths_come_back() {
    const PLAIN: Column<Vec<u8>> = Column::new("app.files.content").any_row();
    let vault = vault();
    let lengths = (0..300).chain([4095, 4096, 65_535, 65_536, 1 << 20]);
    for len in lengths {
        let value: Vec<u8> = (0..len).map(|at: usize| (at % 251).to_le_bytes()[0]).collect();
        for column in [PLAIN, PLAIN.padded(Padding::to(64)), PLAIN.uncommitted(), PLAIN.deterministic()] {
            let sealed = vault.seal(&column, &value, Place::any_row()).unwrap();
            let stored = Sealed::from_bytes(sealed.into_bytes()).unwrap();
            assert_eq!(*vault.open(&column, &stored, Place::any_row()).unwrap().expose(), value);
        }
    }
}

fn below(random: &mut Random, end: usize) -> usize {
    usize::try_from(random.below(end as u64)).unwrap()
}
