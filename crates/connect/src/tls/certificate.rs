//! The few fields of a server's certificate that rustls does not hand out, read by X.509's own rules.
//!
//! Sources: RFC 5280 section 4.1 for the order of the fields, RFC 5929 section 4.1 for the hash.

use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

/// What is used of an X.509 certificate, of any version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Certificate<'a> {
    /// The public key with its algorithm, as one DER value.
    pub(super) key: &'a [u8],
    /// Seconds since 1970.
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    /// The object identifier of the signature's algorithm, and its parameters.
    signed_with: (&'a [u8], &'a [u8]),
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The tag `[0]`: of the version in a certificate, of the hash in the parameters of RSA-PSS.
const FIRST: u8 = 0xa0;

impl<'a> Certificate<'a> {
    /// `None` if this is no certificate.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let mut certificate = Der(Der(der).expect(SEQUENCE)?);
        let mut body = Der(certificate.expect(SEQUENCE)?);
        let mut signed_with = Der(certificate.expect(SEQUENCE)?);
        let algorithm = signed_with.expect(OBJECT_IDENTIFIER)?;
        if body.0.first() == Some(&FIRST) {
            body.next()?; // the version, which the first has not
        }
        let (_serial, _algorithm, _issuer) = (body.next()?, body.next()?, body.next()?);
        let mut validity = Der(body.expect(SEQUENCE)?);
        let (not_before, not_after) = (time(&validity.next()?)?, time(&validity.next()?)?);
        let _subject = body.next()?;
        let key = body.next()?.whole;
        Some(Self { key, not_before, not_after, signed_with: (algorithm, signed_with.0) })
    }

    /// The hash of this certificate that a password can be bound to. `None` for signatures without a hash of their own,
    /// such as Ed25519, for which the standard defines none.
    pub(super) fn end_point(&self, der: &[u8]) -> Option<Vec<u8>> {
        let (algorithm, parameters) = self.signed_with;
        let hash = if algorithm == RSA_PSS { pss_hash(parameters)? } else { hash_of(algorithm)? };
        Some(match hash {
            Hash::Sha224 => Sha224::digest(der).to_vec(),
            Hash::Sha256 => Sha256::digest(der).to_vec(),
            Hash::Sha384 => Sha384::digest(der).to_vec(),
            Hash::Sha512 => Sha512::digest(der).to_vec(),
        })
    }
}

#[derive(Debug, Clone, Copy)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// 1.2.840.113549.1.1.10.
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];

/// The hash of each algorithm, by its object identifier. MD5 and SHA-1 count as SHA-256.
const HASHES: [(&[u8], Hash); 16] = [
    // RSA: 1.2.840.113549.1.1
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], Hash::Sha384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], Hash::Sha512),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14], Hash::Sha224),
    // ECDSA: 1.2.840.10045.4
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1], Hash::Sha224),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], Hash::Sha384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], Hash::Sha512),
    // The hashes alone, as RSA-PSS names them: SHA-1, and 2.16.840.1.101.3.4.2
    (&[0x2b, 0x0e, 3, 2, 0x1a], Hash::Sha256),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], Hash::Sha256),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2], Hash::Sha384),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3], Hash::Sha512),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4], Hash::Sha224),
];

fn hash_of(algorithm: &[u8]) -> Option<Hash> {
    HASHES.iter().find(|(identifier, _)| *identifier == algorithm).map(|(_, hash)| *hash)
}

/// RFC 4055: the hash is the first of the parameters, SHA-1 where it is left out.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let mut parameters = Der(Der(parameters).expect(SEQUENCE)?);
    let Some(algorithm) = parameters.expect(FIRST) else { return Some(Hash::Sha256) };
    hash_of(Der(Der(algorithm).expect(SEQUENCE)?).expect(OBJECT_IDENTIFIER)?)
}

/// A row of DER values: a tag, a length, and as many bytes.
struct Der<'a>(&'a [u8]);

struct Value<'a> {
    tag: u8,
    body: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Der<'a> {
    fn next(&mut self) -> Option<Value<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (body, behind) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - behind.len())?;
        self.0 = behind;
        Some(Value { tag, body, whole })
    }

    /// The body of the next value if it has this tag.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let value = Self(self.0).next().filter(|value| value.tag == tag)?;
        self.0 = self.0.get(value.whole.len()..)?;
        Some(value.body)
    }
}

/// RFC 5280 section 4.1.2.5: `YYMMDDHHMMSSZ` from 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(value: &Value<'_>) -> Option<i64> {
    let text = std::str::from_utf8(value.body).ok()?.strip_suffix('Z')?;
    let (year, rest) = text.split_at_checked(if value.tag == GENERALIZED_TIME { 4 } else { 2 })?;
    let year: i64 = match (value.tag, year.parse().ok()?) {
        (UTC_TIME, year @ 50..) => 1900 + year,
        (UTC_TIME, year) => 2000 + year,
        (GENERALIZED_TIME, year) => year,
        _ => return None,
    };
    let two = |at: usize| rest.get(at..at + 2)?.parse::<i64>().ok();
    let (month, day) = (two(0)?, two(2)?);
    Some(((days(year, month, day) * 24 + two(4)?) * 60 + two(6)?) * 60 + two(8)?)
}

/// Days from 1970 to a date of the Gregorian calendar, counting years from March so that the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    // 719468 days lie between the first of March of the year 0 and 1970.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    use super::*;

    #[test]
    fn key_validity_and_hash_are_those_of_the_certificate() {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let mut params = CertificateParams::new(["a.test".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2000, 2, 29);
        params.not_after = rcgen::date_time_ymd(2051, 12, 31);
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let certificate = Certificate::read(&der).unwrap();
        assert_eq!(certificate.not_before, 951_782_400);
        assert_eq!(certificate.not_after, 2_587_593_600);
        assert!(certificate.key.ends_with(key.public_key_raw()));
        assert_eq!(certificate.end_point(&der).unwrap(), Sha384::digest(&der).to_vec());
    }

    #[test]
    fn a_signature_without_a_hash_has_nothing_to_bind_to() {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let params = CertificateParams::new(["a.test".to_owned()]).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        assert_eq!(Certificate::read(&der).unwrap().end_point(&der), None);
    }

    #[test]
    fn the_hash_of_a_pss_signature_is_in_its_parameters() {
        let sha512 = b"\x30\x0f\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03";
        assert!(matches!(pss_hash(sha512), Some(Hash::Sha512)));
        assert!(matches!(pss_hash(b"\x30\x00"), Some(Hash::Sha256)));
        assert!(pss_hash(b"").is_none());
    }

    #[test]
    fn what_is_cut_off_or_broken_is_no_certificate() {
        let key = KeyPair::generate().unwrap();
        let der =
            CertificateParams::new(["a.test".to_owned()]).unwrap().self_signed(&key).unwrap().der().to_vec();
        for length in 0..der.len() {
            assert_eq!(Certificate::read(&der[..length]), None, "{length} bytes");
        }
        for at in 0..der.len() {
            let mut broken = der.clone();
            broken[at] ^= 0xff;
            let _ = Certificate::read(&broken);
        }
    }
}
