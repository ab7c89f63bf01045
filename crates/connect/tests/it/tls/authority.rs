//! Certificates, made on the spot.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, SignatureAlgorithm,
    SigningKey as _, date_time_ymd,
};

/// Somebody who issues certificates.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, both in PEM.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a sound set-up of the test"))
                .expect("a sound set-up of the test"),
        )
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a server of these names.
    pub(super) fn server(&self, names: &[&str]) -> Pair {
        self.issue(&params(names))
    }

    pub(super) fn expired_server(&self, names: &[&str]) -> Pair {
        let mut params = params(names);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
        self.issue(&params)
    }

    /// A certificate that names its holder in the old way alone.
    pub(super) fn named(&self, common_name: &str) -> Pair {
        let mut params = params(&[]);
        params.distinguished_name.push(DnType::CommonName, common_name);
        self.issue(&params)
    }

    pub(super) fn server_with_serial(&self, names: &[&str], serial: u64) -> Pair {
        let mut params = params(names);
        params.serial_number = Some(SerialNumber::from(serial));
        self.issue(&params)
    }

    pub(super) fn revoke(&self, serials: &[u64]) -> String {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(4000, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.0).expect("a sound set-up of the test").pem().expect("this works")
    }

    fn issue(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().expect("a sound set-up of the test");
        let certificate = params.signed_by(&key, &self.0).expect("a sound set-up of the test").pem();
        Pair { certificate, key: key.serialize_pem() }
    }
}

/// A certificate whose signature has no hash of its own.
pub(super) fn ed25519(names: &[&str]) -> Pair {
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let certificate = params(names).self_signed(&key).expect("it is well-formed").pem();
    // The key is made with its public half behind it (RFC 8410), which OpenSSL does not read: its 32 bytes begin at 16.
    let head = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    let alone = [head.as_slice(), &key.serialize_der()[16..48]].concat();
    Pair { certificate, key: pem("PRIVATE KEY", &alone) }
}

/// A self-signed certificate of X.509 version 1, which has no extensions, as OpenSSL makes them unless told otherwise.
pub(super) fn version_1(common_name: &str) -> Pair {
    let key = KeyPair::generate().expect("a key");
    let mut params = params(&[]);
    params.distinguished_name.push(DnType::CommonName, common_name);
    let der = params.self_signed(&key).expect("it is well-formed").der().to_vec();
    let [body, algorithm, _signature] = &parts(value(&der).0)[..] else {
        panic!("a certificate has three parts")
    };
    let of_version_3 = |field: &Vec<u8>| matches!(field[0], 0xa0 | 0xa3);
    let fields = parts(value(body).0).into_iter().filter(|field| !of_version_3(field));
    let body = sequence(&fields.collect::<Vec<_>>().concat());
    let signature = key.sign(&body).expect("it is well-formed");
    let bits = [&[0x03, byte(signature.len() + 1), 0], signature.as_slice()].concat();
    let der = sequence(&[body, algorithm.clone(), bits].concat());
    Pair { certificate: pem("CERTIFICATE", &der), key: key.serialize_pem() }
}

/// The body of the first DER value, and what is behind it.
fn value(der: &[u8]) -> (&[u8], &[u8]) {
    let (head, length) = match der[1] {
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        short => (2, usize::from(short)),
    };
    der[head..].split_at(length)
}

/// The values in a body, whole.
fn parts(mut body: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    while !body.is_empty() {
        let (_, behind) = value(body);
        parts.push(body[..body.len() - behind.len()].to_vec());
        body = behind;
    }
    parts
}

fn sequence(body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = match length {
        0..=0x7f => vec![0x30, byte(length)],
        0x80..=0xff => vec![0x30, 0x81, byte(length)],
        _ => vec![0x30, 0x82, byte(length >> 8), byte(length & 0xff)],
    };
    [head.as_slice(), body].concat()
}

fn byte(number: usize) -> u8 {
    u8::try_from(number).expect("a byte")
}

fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        for three in line.chunks(3) {
            let mut bits = 0;
            (0..3).for_each(|at| bits = bits << 8 | usize::from(three.get(at).copied().unwrap_or(0)));
            for at in 0..4 {
                let letter = ALPHABET[bits >> (18 - 6 * at) & 63];
                text.push(if at > three.len() { '=' } else { char::from(letter) });
            }
        }
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// A certificate that nobody but its holder vouches for.
pub(super) fn self_signed(names: &[&str], is_ca: bool, algorithm: &'static SignatureAlgorithm) -> Pair {
    let key = KeyPair::generate_for(algorithm).expect("a sound set-up of the test");
    let mut params = params(names);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    Pair {
        certificate: params.self_signed(&key).expect("a sound set-up of the test").pem(),
        key: key.serialize_pem(),
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("a sound set-up of the test");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "keel test");
    params
}

/// Files of a client, gone with this value.
pub(super) struct Files(tempfile::TempDir);

impl Files {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a sound set-up of the test"))
    }

    /// Readable by its owner alone.
    pub(super) fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("a file of the test");
        set_mode(&path, 0o600);
        path
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a file of the test");
}
