use crate::column::Padding;
use crate::envelope::{Header, MOST_TENANT};
use crate::error::{Difference, Error, Misplaced};
use crate::index::Form;
use crate::place::Place;
use crate::{KeyId, Kind, Suite};

/// What is known of a sealed column, wherever it is written down: all that sealing and opening go by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnShape<'a> {
    pub(crate) context: &'a str,
    /// Whether its name is a constant of the program.
    pub(crate) is_constant: bool,
    pub(crate) kind: Kind,
    pub(crate) suite: Suite,
    pub(crate) also_opens: Option<Suite>,
    pub(crate) is_row_bound: bool,
    pub(crate) is_tenant_bound: bool,
    pub(crate) padding: Option<Padding>,
}

impl ColumnShape<'_> {
    /// The header of its envelopes under this key.
    pub(crate) const fn header(&self, key: KeyId) -> Header {
        Header {
            suite: self.suite,
            is_padded: self.padding.is_some(),
            is_row_bound: self.is_row_bound,
            is_tenant_bound: self.is_tenant_bound,
            kind: self.kind,
            key,
        }
    }

    pub(crate) fn misplaced(&self, mistake: Misplaced) -> Error {
        Error::Misplaced { context: self.context.into(), mistake }
    }

    /// Whether this is a place of this column: with row and tenant if its values are bound to them, without if not.
    pub(crate) fn check_place(&self, place: Place<'_>) -> Result<(), Misplaced> {
        match (self.is_row_bound, place.row) {
            (true, None) => return Err(Misplaced::RowMissing),
            (false, Some(_)) => return Err(Misplaced::RowUnexpected),
            (true, Some(_)) | (false, None) => {}
        }
        check_tenant(self.is_tenant_bound, place.tenant)
    }

    /// Whether this header is one of this column's envelopes. One that is deterministic, and opened besides, has no row.
    pub(crate) fn check_header(&self, header: &Header) -> Result<(), Error> {
        let difference = if header.kind != self.kind {
            Difference::Kind { envelope: header.kind, column: self.kind }
        } else if header.suite != self.suite && Some(header.suite) != self.also_opens {
            Difference::Suite { envelope: header.suite, column: self.suite }
        } else if header.is_row_bound != (self.is_row_bound && header.suite.is_randomized()) {
            Difference::Row
        } else if header.is_tenant_bound != self.is_tenant_bound {
            Difference::Tenant
        } else {
            return Ok(());
        };
        Err(Error::WrongContext(difference))
    }
}

/// What is known of a blind index, wherever it is written down: all that indexing goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexShape<'a> {
    pub(crate) context: &'a str,
    pub(crate) name: &'a str,
    /// Whether these names are constants of the program.
    pub(crate) is_constant: bool,
    pub(crate) form: Form,
    pub(crate) is_tenant_bound: bool,
}

impl IndexShape<'_> {
    pub(crate) fn check_tenant(&self, tenant: Option<&str>) -> Result<(), Error> {
        let misplaced = |mistake| Error::Misplaced { context: self.context.into(), mistake };
        check_tenant(self.is_tenant_bound, tenant).map_err(misplaced)
    }
}

/// Whether there is a tenant, of 1 to 128 bytes, where there has to be one, and none where not.
fn check_tenant(is_bound: bool, tenant: Option<&str>) -> Result<(), Misplaced> {
    match (is_bound, tenant) {
        (true, None) => Err(Misplaced::TenantMissing),
        (false, Some(_)) => Err(Misplaced::TenantUnexpected),
        (true, Some(tenant)) if tenant.is_empty() || tenant.len() > MOST_TENANT => {
            Err(Misplaced::TenantLength)
        }
        (true, Some(_)) | (false, None) => Ok(()),
    }
}
