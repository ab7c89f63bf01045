use std::borrow::Cow;
use std::net::IpAddr;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{IsNull, Type};

use super::kind::base;
use super::{BindType, MisfitReason};

/// The server's own numbers for the families (`PGSQL_AF_INET` and `PGSQL_AF_INET6` of `inet.h`).
const FOUR: u8 = 2;
const SIX: u8 = 3;

impl BindType for IpAddr {
    fn rust_type() -> Cow<'static, str> {
        "IpAddr".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::INET)
    }

    fn fits(kind: &Type) -> bool {
        *base(kind) == Type::INET
    }

    /// As a host: the mask is as long as the address, and it is no network.
    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        match self {
            Self::V4(address) => {
                out.put_slice(&[FOUR, 32, 0, 4]);
                out.put_slice(&address.octets());
            }
            Self::V6(address) => {
                out.put_slice(&[SIX, 128, 0, 16]);
                out.put_slice(&address.octets());
            }
        }
        Ok(IsNull::No)
    }
}
