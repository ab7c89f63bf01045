use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::BytesMut;
use ring::digest;
use tokio_postgres::types::IsNull;

use crate::Error;
use crate::bind::Bind;
use crate::page::keyset::{Keys, Reader, put};
use crate::statement::{Parts, Writer};

/// As much of a hash as tells statements apart.
const BYTES: usize = 16;

/// What a cursor is good for: entity, filters with their values, order, and what the caller says besides. In a cursor it is
/// encrypted, so that nobody can try values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape([u8; BYTES]);

impl Shape {
    /// Without the columns that are read: these may change from one version of a program to the next.
    pub(crate) fn of(parts: &Parts<'_>, keys: &Keys, binding: &[u8]) -> Result<Self, Error> {
        parts.check()?;
        let mut out = Writer::new();
        parts.write_counted(&mut out);
        out.push(" order by ");
        out.list(", ", keys.each(), |out, by| by.write(out));
        let ready = out.finish()?.ready()?;
        let mut told = Vec::with_capacity(512);
        put(&mut told, Some(binding));
        put(&mut told, Some(ready.text.as_bytes()));
        for value in ready.values() {
            put_value(&mut told, value);
        }
        let mut shape = [0; BYTES];
        shape.copy_from_slice(&digest::digest(&digest::SHA256, &told).as_ref()[..BYTES]);
        Ok(Self(shape))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.take().map(Self)
    }
}

/// As its natural type, whatever Rust type it is held in. Of what has none its Rust type, as only the server tells how that
/// is written.
fn put_value(told: &mut Vec<u8>, value: &dyn Bind) {
    let Some(kind) = value.sent_as() else {
        return put(told, Some(value.type_name().as_bytes()));
    };
    let mut sent = BytesMut::new();
    // What does not fit is told when it is sent.
    let written = catch_unwind(AssertUnwindSafe(|| value.tell(&mut sent)));
    told.extend_from_slice(&kind.oid().to_be_bytes());
    put(told, matches!(written, Ok(Some(IsNull::No))).then_some(&sent));
}
