use std::borrow::Cow;
use std::cell::Cell;

use bytes::{BufMut as _, BytesMut};
use serde::Serialize;
use tokio_postgres::types::{IsNull, Json, Type};

use super::finite::Finite;
use super::kind::base;
use super::{BindType, MisfitReason, short_name};

/// The one version that there is of jsonb's binary form.
const VERSION: u8 = 1;

impl BindType for serde_json::Value {
    fn rust_type() -> Cow<'static, str> {
        "serde_json::Value".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::JSONB)
    }

    fn fits(kind: &Type) -> bool {
        matches!(*base(kind), Type::JSON | Type::JSONB)
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        write_json(self, kind, out)
    }
}

impl<T: Serialize + Send + Sync> BindType for Json<T> {
    fn rust_type() -> Cow<'static, str> {
        short_name::<Self>().into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::JSONB)
    }

    fn fits(kind: &Type) -> bool {
        serde_json::Value::fits(kind)
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        write_json(&self.0, kind, out)
    }
}

fn write_json(value: &impl Serialize, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
    let is_jsonb = *base(kind) == Type::JSONB;
    if is_jsonb {
        out.put_u8(VERSION);
    }
    let begin = out.len();
    let has_refused = Cell::new(false);
    serde_json::to_writer(out.writer(), &Finite { inner: value, has_refused: &has_refused }).map_err(
        |_| {
            if has_refused.get() { MisfitReason::NotFinite } else { MisfitReason::Refused }
        },
    )?;
    if is_jsonb && has_zero(&out[begin..]) { Err(MisfitReason::ZeroByte) } else { Ok(IsNull::No) }
}

/// Whether a text in it has a zero byte, which jsonb has no place for; json keeps it as it is written.
fn has_zero(mut json: &[u8]) -> bool {
    // Most have no escapes at all, which `contains` sees many bytes at a time.
    if !json.contains(&b'\\') {
        return false;
    }
    while let Some(at) = json.iter().position(|byte| *byte == b'\\') {
        let escape = &json[at + 1..];
        if escape.starts_with(b"u0000") {
            return true;
        }
        json = escape.get(1..).unwrap_or_default();
    }
    false
}
