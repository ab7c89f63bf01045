//! Any bytes and any text are an envelope or are refused, and an envelope is written as it was read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pgkeel_crypto::Sealed;

fuzz_target!(|data: &[u8]| {
    if let Ok(sealed) = Sealed::<Vec<u8>>::from_bytes(data.to_vec()) {
        assert_eq!(sealed.as_bytes(), data);
        let again = Sealed::<Vec<u8>>::from_text(&sealed.to_text()).expect("what was written can be read");
        assert_eq!(again.as_bytes(), data);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(sealed) = Sealed::<Vec<u8>>::from_text(text) {
        assert_eq!(sealed.to_text(), text);
    }
});
