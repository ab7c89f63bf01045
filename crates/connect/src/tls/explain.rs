//! What a failed handshake means, and what the user can do about it.

use std::fmt::Write as _;
use std::io;

use rustls::{AlertDescription, CertificateError, Error as Rustls, PeerIncompatible};

use super::error::{Kind, TlsError};
use crate::{DialStep, Error};

/// What was tried.
pub(super) struct Circumstances<'a> {
    pub(super) host: &'a str,
    /// Where the authorities came from.
    pub(super) trusted: Option<&'a str>,
    pub(super) direct: bool,
    pub(super) has_key: bool,
}

pub(super) fn handshake_failed(error: io::Error, about: &Circumstances<'_>) -> TlsError {
    let said = match of_rustls(&error) {
        Some(Rustls::InvalidCertificate(why)) => certificate(why, about),
        Some(Rustls::AlertReceived(alert)) => refused(*alert, about.has_key),
        Some(Rustls::PeerIncompatible(why)) => incompatible(why),
        Some(Rustls::InvalidMessage(_)) => "what the server sent is no TLS".to_owned(),
        Some(_) => "the handshake failed".to_owned(),
        None => return broken_off(error, about),
    };
    TlsError::new(Kind::Handshake, said).because(error)
}

fn of_rustls(error: &io::Error) -> Option<&Rustls> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

fn broken_off(error: io::Error, about: &Circumstances<'_>) -> TlsError {
    let mut said = "the server closed the connection in the middle of the handshake".to_owned();
    if about.direct {
        said.push_str(
            "; servers before PostgreSQL 17 know no sslnegotiation=direct, so leave it out for them",
        );
    }
    TlsError::new(Kind::HandshakeLink, said).because(error)
}

fn certificate(why: &CertificateError, about: &Circumstances<'_>) -> String {
    let trusted = about.trusted.unwrap_or_default();
    match why {
        CertificateError::BadSignature => "a signature of the handshake or of the server's certificate is wrong; somebody may \
                                           stand between"
            .to_owned(),
        CertificateError::UnknownIssuer => format!(
            "the server's certificate comes from an authority that {trusted} does not name; name the file that has it \
             with sslrootcert"
        ),
        CertificateError::NotValidForName => wrong_name(about.host, &[]),
        CertificateError::NotValidForNameContext { presented, .. } => wrong_name(about.host, presented),
        CertificateError::ExpiredContext { time, not_after } => format!(
            "the server's certificate expired {} ago; renew it at the server, or set this machine's clock",
            days(time.as_secs().saturating_sub(not_after.as_secs()))
        ),
        CertificateError::Expired => {
            "the server's certificate has expired; renew it at the server, or set this machine's clock".to_owned()
        }
        CertificateError::NotValidYetContext { .. } | CertificateError::NotValidYet => {
            "the server's certificate is not valid yet; is this machine's clock right?".to_owned()
        }
        CertificateError::Revoked => "the server's certificate has been revoked".to_owned(),
        CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. } => {
            "sslcrl has no list that is still valid for the authority of the server's certificate".to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the server's certificate may not be used for servers; issue it with extendedKeyUsage=serverAuth".to_owned()
        }
        _ => "the server's certificate cannot be verified; it has to be one of X.509 version 3 for a server, not for \
              an authority"
            .to_owned(),
    }
}

fn wrong_name(host: &str, presented: &[String]) -> String {
    let mut said = format!("the server's certificate is not for `{host}`");
    if presented.is_empty() {
        said.push_str(
            ", and for no other name: it has no subjectAltName, and a common name alone does not count",
        );
    } else {
        let names: Vec<&str> = presented.iter().map(|name| plain(name)).collect();
        let _ = write!(said, ", only for {}", names.join(", "));
    }
    said + "; connect by a name that it has, or issue it with this one as subjectAltName"
}

/// webpki writes `DnsName("a.test")` and `IpAddress(127.0.0.1)`.
fn plain(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

fn days(seconds: u64) -> String {
    match seconds / (24 * 60 * 60) {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn refused(alert: AlertDescription, has_key: bool) -> String {
    use AlertDescription as Alert;
    match alert {
        Alert::UnknownCA
        | Alert::BadCertificate
        | Alert::CertificateUnknown
        | Alert::CertificateExpired
        | Alert::CertificateRevoked
        | Alert::UnsupportedCertificate
        | Alert::DecryptError
            if has_key =>
        {
            format!(
                "the server refused the client's certificate ({alert:?}); sslcert has to come from an authority in the \
                 server's ssl_ca_file, and has to be valid"
            )
        }
        Alert::CertificateRequired => {
            "the server wants a client certificate; name it with sslcert".to_owned()
        }
        Alert::ProtocolVersion => {
            "the server speaks none of the versions of TLS that are allowed here; look at its \
                                   ssl_min_protocol_version and ssl_max_protocol_version"
                .to_owned()
        }
        Alert::NoApplicationProtocol => "the server does not speak PostgreSQL's protocol here".to_owned(),
        Alert::HandshakeFailure | Alert::InsufficientSecurity => {
            "the server has no cipher suite in common with this side; look at its ssl_ciphers".to_owned()
        }
        other => format!("the server broke the handshake off ({other:?})"),
    }
}

fn incompatible(why: &PeerIncompatible) -> String {
    format!(
        "the server's TLS does not go with this side's ({why:?}); it has to speak TLS 1.2 or 1.3, as far as \
         ssl_min_protocol_version and ssl_max_protocol_version allow"
    )
}

/// Whether `sslmode=prefer` goes on in the clear after this failure, as in libpq: if the handshake failed, but not if the
/// question for TLS did.
pub(crate) fn falls_back(error: &Error) -> bool {
    kind(error).is_some_and(|kind| matches!(kind, Kind::Handshake | Kind::HandshakeLink))
}

/// Whether the server has no TLS.
pub(crate) fn is_not_offered(error: &Error) -> bool {
    kind(error) == Some(Kind::NotOffered)
}

fn kind(error: &Error) -> Option<Kind> {
    match error {
        Error::Dial { step: DialStep::Tls, source, .. } => {
            source.downcast_ref::<TlsError>().map(|error| error.kind)
        }
        _ => None,
    }
}

/// Whether another try may get through where this failed.
pub(crate) fn may_pass(source: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let kind = source.downcast_ref::<TlsError>().map(|error| error.kind);
    !matches!(kind, Some(Kind::NotOffered | Kind::Lasting | Kind::Handshake))
}

/// With TLS 1.3 the server looks at the client's certificate when the client is done, so that its refusal comes where the
/// first answer is waited for. It belongs to the handshake all the same.
pub(crate) fn late(error: Error) -> Error {
    let Error::Dial { host, step: DialStep::StartUp, source } = error else { return error };
    let alert = source.source().and_then(|cause| cause.downcast_ref()).and_then(of_rustls).cloned();
    match alert {
        Some(Rustls::AlertReceived(alert)) => {
            let refusal = TlsError::new(Kind::Lasting, refused(alert, true)).because(source);
            Error::Dial { host, step: DialStep::Tls, source: refusal.into() }
        }
        _ => Error::Dial { host, step: DialStep::StartUp, source },
    }
}
