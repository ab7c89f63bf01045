//! Any text is an address or is refused, and an address leads to the same place when it is written and read again.
//! `tests/it/address.rs` checks the same, and more, with inputs of its own making.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pgkeel_connect::Address;

fuzz_target!(|text: &str| {
    // Named files would be read.
    if text.contains("service") || text.contains("file") || text.contains("ssl") {
        return;
    }
    if let Ok(address) = text.parse::<Address>() {
        let written = address.to_string();
        let again: Address = written.parse().expect("what was written can be read");
        assert_eq!(again.to_string(), written);
        assert_eq!((again.user(), again.database()), (address.user(), address.database()));
    }
});
