//! Who a server may be: nobody in particular, whoever an authority vouches for, or the host that was asked for.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::Certificate;

/// Checks a server's certificate as far as `sslmode` asks for. That the server holds the certificate's key is checked
/// in every mode: without it, binding the password to the channel would prove nothing.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Option<Trust>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Whom to trust.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) webpki: Arc<WebPkiServerVerifier>,
    /// Certificates that were named one by one: a self-signed one may be its own authority, as in OpenSSL, which webpki
    /// refuses if it is marked as an authority or of version 1. Empty where revocations are to be looked at.
    pub(super) named: Vec<CertificateDer<'static>>,
    /// Whether the certificate has to be for the host.
    pub(super) by_name: bool,
}

impl Verifier {
    pub(super) fn new(trust: Option<Trust>, provider: &CryptoProvider) -> Self {
        Self { trust, algorithms: provider.signature_verification_algorithms }
    }
}

impl Trust {
    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        match self.webpki.verify_server_cert(certificate, between, host, &[], now) {
            // The name is what webpki looks at last, so the rest is well.
            Err(Error::InvalidCertificate(error)) if !self.by_name && is_about_the_name(&error) => Ok(()),
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if self.named.iter().any(|named| named == certificate) =>
            {
                self.verify_named(certificate, host, now)
            }
            other => other.map(drop),
        }
    }

    fn verify_named(
        &self,
        certificate: &CertificateDer<'_>,
        host: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let fields = Certificate::read(certificate).ok_or(CertificateError::BadEncoding)?;
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if seconds < fields.not_before {
            return Err(CertificateError::NotValidYet.into());
        }
        if seconds > fields.not_after {
            return Err(CertificateError::Expired.into());
        }
        if self.by_name {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, host)
        } else {
            Ok(())
        }
    }
}

fn is_about_the_name(error: &CertificateError) -> bool {
    matches!(error, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(trust) = &self.trust {
            trust.verify(end_entity, intermediates, server_name, now)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    /// Takes the key out of the certificate itself, as webpki reads no certificates of version 1, which OpenSSL makes
    /// unless told otherwise.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let fields = Certificate::read(cert).ok_or(CertificateError::BadEncoding)?;
        let key = SubjectPublicKeyInfoDer::from(fields.key);
        verify_tls13_signature_with_raw_key(message, &key, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
