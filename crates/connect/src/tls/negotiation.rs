//! The question whether the server has TLS.
//!
//! Source: PostgreSQL documentation, "Message Flow: SSL Session Encryption" and "Message Formats: `SSLRequest`".

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::error::{Kind, TlsError};

/// The length of the message and the code that stands for the protocol version 1234.5679.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Asks, and reads the one byte of the answer and no more: see the module above. `true` if the handshake is to follow.
pub(super) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut S) -> Result<bool, TlsError> {
    let asked = async {
        socket.write_all(&SSL_REQUEST).await?;
        socket.flush().await?;
        socket.read_u8().await
    };
    match asked.await {
        Ok(b'S') => Ok(true),
        Ok(b'N') => Ok(false),
        // Its text follows, but whose it is cannot be known here, so libpq does not show it either (CVE-2024-10977).
        Ok(b'E') => Err(TlsError::new(
            Kind::Passing,
            "the server answered with an error when it was asked for TLS; its log says which",
        )),
        Ok(other) => Err(TlsError::new(
            Kind::Lasting,
            format!(
                "the answer to the question for TLS begins with the byte {other:#04x}; is this a PostgreSQL?"
            ),
        )),
        Err(error) => {
            let said = "the server closed the connection when it was asked for TLS";
            Err(TlsError::new(Kind::Passing, said).because(error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_has_the_code_of_the_documentation() {
        assert_eq!(u32::from_be_bytes(SSL_REQUEST[4..].try_into().unwrap()), 80_877_103);
    }

    #[tokio::test]
    async fn one_byte_of_the_answer_is_read() {
        let (mut ours, mut theirs) = tokio::io::duplex(64);
        theirs.write_all(b"Sbehind").await.unwrap();
        assert!(ask(&mut ours).await.unwrap());
        let mut behind = [0; 6];
        ours.read_exact(&mut behind).await.unwrap();
        assert_eq!(&behind, b"behind");
        let mut request = [0; 8];
        theirs.read_exact(&mut request).await.unwrap();
        assert_eq!(request, SSL_REQUEST);
    }

    #[tokio::test]
    async fn other_answers_are_told_apart() {
        for (answer, kind) in [(b"E", Kind::Passing), (b"H", Kind::Lasting)] {
            let (mut ours, mut theirs) = tokio::io::duplex(64);
            theirs.write_all(answer).await.unwrap();
            assert_eq!(ask(&mut ours).await.unwrap_err().kind, kind);
        }
        let (mut ours, theirs) = tokio::io::duplex(64);
        drop(theirs);
        assert_eq!(ask(&mut ours).await.unwrap_err().kind, Kind::Passing);
    }
}
