//! The checksums of other tools.

use std::hash::{Hash as _, Hasher as _};

use sha2::{Digest as _, Sha384};
use siphasher::sip::SipHasher13;

use crate::hex::Hex;

/// That of sqlx 0.9, over the bytes of the file (`sqlx-core/src/migrate/migration.rs`), in hexadecimal digits.
pub(super) fn sqlx(text: &str) -> String {
    Hex(&Sha384::digest(text)).to_string()
}

/// That of Flyway 13, over the lines without their ends and without byte order mark
/// (`flyway-core`, `ChecksumCalculator.java`), as a signed number.
pub(super) fn flyway(text: &str) -> i32 {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let bytes = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r'));
    crc32(bytes).cast_signed()
}

/// CRC-32 (ISO-HDLC), as in `java.util.zip.CRC32`.
fn crc32(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 * (sum & 1)))
    })
}

/// Those of refinery 0.10 (`refinery_core`, `Migration::unapplied`): for versions of 32 bits, if this one fits, and of
/// 64, which is a feature of its build.
pub(super) fn refinery(name: &str, version: i64, sql: &str) -> Vec<u64> {
    let narrow = i32::try_from(version).ok().map(|version| {
        let mut hasher = SipHasher13::new();
        (name, version, sql).hash(&mut hasher);
        hasher.finish()
    });
    let mut hasher = SipHasher13::new();
    (name, version, sql).hash(&mut hasher);
    narrow.into_iter().chain([hasher.finish()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_standards() {
        assert_eq!(crc32(b"123456789".iter().copied()), 0xcbf4_3926); // the check value of CRC-32/ISO-HDLC
        assert!(sqlx("abc").starts_with("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163")); // FIPS 180-4
        assert_eq!(flyway("\u{feff}123\r\n456\n789\n"), 0xcbf4_3926_u32.cast_signed());
    }

    #[test]
    fn refinerys_is_its_own() {
        let theirs = refinery_core::Migration::unapplied("V7__a_b", "select 'é';\n").unwrap();
        // The first is what a build of refinery-core 0.10.1 without int8-versions answers.
        assert_eq!(refinery("a_b", 7, "select 'é';\n"), [7_373_943_629_737_455_983, theirs.checksum()]);
        assert_eq!(refinery("a_b", 20_240_101_000_000, "").len(), 1);
    }
}
