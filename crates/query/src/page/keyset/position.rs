use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, Kind, Type};

use super::Keys;
use super::codec::{Reader, put};
use crate::bind::{Bind, Misfit, MisfitReason, base};
use crate::page::PageProblem;

/// As errors name the type of a value that came back from a position.
pub(super) const MOVED: &str = "a position";

/// Where a row stands in an order: what it has in the columns of that, in the form in which the server sent it, so that it
/// goes back exactly as it came.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Position(Vec<Value>);

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Value {
    kind: u32,
    /// `None` for NULL.
    bytes: Option<Vec<u8>>,
}

impl Position {
    /// Of a row whose last columns are those of the order.
    pub(crate) fn of(row: &Row, keys: &Keys) -> Result<Self, PageProblem> {
        let first = row.len().saturating_sub(keys.each().len());
        let values = keys.each().iter().zip(first..).map(|(by, index)| {
            let raw: Option<Raw<'_>> = row.try_get(index).unwrap_or_default();
            if raw.is_none() && !by.is_nullable {
                return Err(PageProblem::NullInKey);
            }
            let kind = row.columns().get(index).map_or(&Type::UNKNOWN, |column| base(column.type_()));
            if is_composite(kind) {
                return Err(PageProblem::Composite { column: by.column.path });
            }
            Ok(Value { kind: kind.oid(), bytes: raw.map(|Raw(bytes)| bytes.to_vec()) })
        });
        values.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn values(&self) -> &[Value] {
        &self.0
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for Value { kind, bytes } in &self.0 {
            out.extend_from_slice(&kind.to_be_bytes());
            put(out, bytes.as_deref());
        }
    }

    /// Of an order of so many columns. `None` if it is something else.
    pub(crate) fn read(reader: &mut Reader<'_>, keys: &Keys) -> Option<Self> {
        let values = keys.each().iter().map(|_| {
            let kind = u32::from_be_bytes(reader.take()?);
            Some(Value { kind, bytes: reader.bytes().ok()?.map(<[u8]>::to_vec) })
        });
        let values = values.collect::<Option<_>>()?;
        reader.is_done().then_some(Self(values))
    }
}

impl Value {
    pub(super) fn is_null(&self) -> bool {
        self.bytes.is_none()
    }
}

impl Bind for Value {
    fn type_name(&self) -> Cow<'static, str> {
        MOVED.into()
    }

    fn sent_as(&self) -> Option<Type> {
        None
    }

    fn write_checked(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Misfit> {
        if !has_form_of(self.kind, base(kind).oid()) {
            return Err(Misfit::of(self, kind, MisfitReason::OtherType));
        }
        let Some(bytes) = &self.bytes else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }
}

/// The server compares these as `record`, of which it reads no value.
fn is_composite(kind: &Type) -> bool {
    matches!(kind.kind(), Kind::Composite(_)) || *kind == Type::RECORD
}

/// Whether a value of the one type is written as one of the other. The server compares a `varchar` as `text`, a `cidr` as `inet`,
/// and a `regclass` and its like as `oid`, so that is what their parameters are.
fn has_form_of(sent: u32, wanted: u32) -> bool {
    let as_compared = |kind: u32| match Type::from_oid(kind) {
        Some(Type::VARCHAR) => Type::TEXT.oid(),
        Some(Type::CIDR) => Type::INET.oid(),
        Some(
            Type::REGCLASS
            | Type::REGTYPE
            | Type::REGPROC
            | Type::REGPROCEDURE
            | Type::REGOPER
            | Type::REGOPERATOR
            | Type::REGROLE
            | Type::REGNAMESPACE
            | Type::REGCONFIG
            | Type::REGDICTIONARY,
        ) => Type::OID.oid(),
        _ => kind,
    };
    as_compared(sent) == as_compared(wanted)
}

/// A value as it was sent.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Without values.
impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Position").field("columns", &self.0.len()).finish_non_exhaustive()
    }
}
