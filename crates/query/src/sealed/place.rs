//! Where a value stands, read off the values that a row has, or gets.

use bytes::BytesMut;
use pgkeel_crypto::{Place, RowId};
use tokio_postgres::types::{IsNull, Type};

use super::facts::SealedFacts;
use super::problem::SealedProblem;
use super::sealer::SealedRow;
use crate::bind::Bind;

/// What values of a row can be bound to.
#[derive(Default)]
pub(crate) struct RowPlace {
    ids: Vec<Id>,
    tenant: Option<String>,
}

/// A part of a primary key.
#[derive(PartialEq)]
enum Id {
    Int(i64),
    Uuid([u8; 16]),
    Text(String),
    Bytes(Vec<u8>),
}

impl RowPlace {
    /// Of a row that was read.
    pub(super) fn of_row<E: SealedRow>(row: &E, facts: &SealedFacts) -> Result<Self, SealedProblem> {
        let mut place = Self::default();
        if facts.is_row_bound() {
            let mut at = 0;
            let mut done = Ok(());
            row.each_id(&mut |id| {
                if done.is_ok() {
                    done = place.put_id(facts, at, id);
                }
                at += 1;
            });
            done?;
        }
        if let (Some(_), Some(tenant)) = (facts.tenant(), row.tenant()) {
            place.put_tenant(facts, tenant)?;
        }
        Ok(place)
    }

    /// Whether a row that was read is where values were sealed for.
    pub(crate) fn is_of<E: SealedRow>(&self, row: &E) -> bool {
        let mut ids = Vec::with_capacity(self.ids.len());
        if !self.ids.is_empty() {
            row.each_id(&mut |id| ids.extend(Id::of(id)));
        }
        let is_of_tenant = self.tenant.is_none() || row.tenant().and_then(tenant_name) == self.tenant;
        ids == self.ids && is_of_tenant
    }

    /// The next part of its id.
    pub(crate) fn put_id(
        &mut self,
        facts: &SealedFacts,
        at: usize,
        id: &dyn Bind,
    ) -> Result<(), SealedProblem> {
        let unusable = || {
            let name = facts.ids.get(at).map_or("id", |id| id.name());
            SealedProblem::UnusableId { column: format!("{}.{name}", facts.entity.table()) }
        };
        self.ids.push(Id::of(id).ok_or_else(unusable)?);
        Ok(())
    }

    pub(crate) fn put_tenant(&mut self, facts: &SealedFacts, tenant: &dyn Bind) -> Result<(), SealedProblem> {
        let name = tenant_name(tenant);
        self.tenant = Some(name.ok_or(SealedProblem::NoTenant { table: facts.entity.table() })?);
        Ok(())
    }

    /// Lends it as far as values of the column are bound to it.
    pub(crate) fn lend<R>(&self, facts: &SealedFacts, to: impl FnOnce(Place<'_>) -> R) -> R {
        let of_tenant = |place: Place<'_>| match self.tenant(facts) {
            Some(tenant) => to(place.tenant(tenant)),
            None => to(place),
        };
        match &self.ids[..] {
            _ if !facts.is_row_bound() => of_tenant(Place::any_row()),
            [] => of_tenant(Place::any_row()),
            [id] => of_tenant(Place::row(id.lend())),
            several => of_tenant(Place::row(&several.iter().map(Id::lend).collect::<Vec<_>>()[..])),
        }
    }

    pub(crate) fn tenant(&self, facts: &SealedFacts) -> Option<&str> {
        self.tenant.as_deref().filter(|_| facts.values.is_tenant_bound())
    }
}

impl Id {
    fn of(value: &dyn Bind) -> Option<Self> {
        let (kind, bytes) = told(value)?;
        Some(match kind {
            Type::INT2 | Type::INT4 | Type::INT8 => Self::Int(integer(&bytes)?),
            Type::UUID => Self::Uuid(bytes.as_ref().try_into().ok()?),
            Type::TEXT => Self::Text(text(&bytes)?),
            Type::BYTEA => Self::Bytes(bytes.to_vec()),
            _ => return None,
        })
    }

    fn lend(&self) -> RowId<'_> {
        match self {
            Self::Int(id) => RowId::Int(*id),
            Self::Uuid(id) => RowId::Uuid(*id),
            Self::Text(id) => RowId::Text(id),
            Self::Bytes(id) => RowId::Bytes(id),
        }
    }
}

/// As the server writes it for `column::text`.
pub(super) fn tenant_name(value: &dyn Bind) -> Option<String> {
    let (kind, bytes) = told(value)?;
    match kind {
        Type::INT2 | Type::INT4 | Type::INT8 => Some(integer(&bytes)?.to_string()),
        Type::UUID => Some(hyphenated(bytes.as_ref().try_into().ok()?)),
        Type::TEXT => text(&bytes),
        _ => None,
    }
}

/// The server's type that is most like its own, and its bytes for that. `None` of NULL.
fn told(value: &dyn Bind) -> Option<(Type, BytesMut)> {
    let (kind, mut bytes) = (value.sent_as()?, BytesMut::new());
    match value.tell(&mut bytes)? {
        IsNull::Yes => None,
        IsNull::No => Some((kind, bytes)),
    }
}

fn integer(bytes: &[u8]) -> Option<i64> {
    Some(match *bytes {
        [a, b] => i16::from_be_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_be_bytes([a, b, c, d]).into(),
        _ => i64::from_be_bytes(bytes.try_into().ok()?),
    })
}

fn text(bytes: &BytesMut) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

fn hyphenated(id: [u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(id));
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_called_as_the_server_writes_them() {
        let named = |value: &dyn Bind| tenant_name(value);
        assert_eq!(named(&-7_i16).as_deref(), Some("-7"));
        assert_eq!(named(&i32::MAX).as_deref(), Some("2147483647"));
        assert_eq!(named(&i64::MIN).as_deref(), Some("-9223372036854775808"));
        assert_eq!(named(&Some("Acme ")).as_deref(), Some("Acme "));
        assert_eq!(hyphenated([0xab; 16]), "abababab-abab-abab-abab-abababababab");
        assert_eq!((named(&None::<i64>), named(&7.5), named(&true)), (None, None, None));
    }
}
