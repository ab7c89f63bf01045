/// What a column of an entity is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Id,
    Generated,
    Created,
    Updated,
    Unique,
    Version,
    SoftDelete,
    Tenant,
}

/// Those that are words of a field; the others are words of the struct.
pub(crate) const KNOWN: [&str; 5] = ["id", "generated", "created", "updated", "unique"];

impl Role {
    pub(crate) fn of_field(word: &str) -> Option<Self> {
        Some(match word {
            "id" => Self::Id,
            "generated" => Self::Generated,
            "created" => Self::Created,
            "updated" => Self::Updated,
            "unique" => Self::Unique,
            _ => return None,
        })
    }

    /// Whether a column that has the other one already may have this role, which is a word of the struct.
    pub(crate) fn goes_with(self, other: Self) -> bool {
        matches!((self, other), (Self::Tenant, Self::Id | Self::Unique))
    }

    /// As pgkeel-query calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "Id",
            Self::Generated => "Generated",
            Self::Created => "Created",
            Self::Updated => "Updated",
            Self::Unique => "Unique",
            Self::Version => "Version",
            Self::SoftDelete => "SoftDelete",
            Self::Tenant => "Tenant",
        }
    }
}
