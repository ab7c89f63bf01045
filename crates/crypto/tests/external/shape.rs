use pgkeel_crypto::{Column, Padding, Place, Plain, RowId, Sealed, Vault};
use pgkeel_testkit::Random;
use serde_json::{Value, json};

use crate::sample::{Sample, bytes, dashed, hex, number, text, unhex, uuid};

/// What a cell is bound to, and how it is sealed.
pub(crate) struct Shape {
    context: &'static str,
    suite: u8,
    bucket: Option<u16>,
    row: Option<Row>,
    tenant: Option<String>,
    is_text: bool,
}

enum Row {
    Int(i64),
    Uuid([u8; 16]),
    Text(String),
    Bytes(Vec<u8>),
    Two(i64, String),
}

impl Shape {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let suite = [1, 2, 3][usize::try_from(random.below(3)).unwrap()];
        let row = match random.below(6) {
            _ if suite == 3 => None,
            0 => None,
            1 => Some(Row::Int(number(random))),
            2 => Some(Row::Uuid(uuid(random))),
            3 => Some(Row::Text(text(random))),
            4 => Some(Row::Bytes(bytes(random))),
            _ => Some(Row::Two(number(random), text(random))),
        };
        Self {
            context: ["app.users.email", "a", "پیام.متن"][usize::try_from(random.below(3)).unwrap()],
            suite,
            bucket: [None, Some(1), Some(32), Some(255)][usize::try_from(random.below(4)).unwrap()],
            row,
            tenant: (random.below(2) == 1).then(|| text(random).chars().take(20).collect()),
            is_text: random.below(2) == 1,
        }
    }

    fn column<T: Plain>(&self) -> Column<T> {
        let mut column = Column::new(self.context);
        column = match self.suite {
            1 => column.uncommitted(),
            2 => column,
            _ => column.deterministic(),
        };
        column = self.bucket.map_or(column, |bytes| column.padded(Padding::to(bytes)));
        column = if self.tenant.is_some() { column.per_tenant() } else { column };
        if self.row.is_none() { column.any_row() } else { column }
    }

    fn at<R>(&self, call: impl FnOnce(Place<'_>) -> R) -> R {
        let parts;
        let place = match &self.row {
            None => Place::any_row(),
            Some(Row::Int(id)) => Place::row(*id),
            Some(Row::Uuid(id)) => Place::row(RowId::Uuid(*id)),
            Some(Row::Text(id)) => Place::row(id.as_str()),
            Some(Row::Bytes(id)) => Place::row(RowId::Bytes(id)),
            Some(Row::Two(first, second)) => {
                parts = [RowId::Int(*first), RowId::Text(second)];
                Place::row(&parts)
            }
        };
        call(self.tenant.as_deref().map_or(place, |tenant| place.tenant(tenant)))
    }

    fn to_json(&self) -> Value {
        let mut cell = json!({ "context": self.context, "suite": self.suite });
        let row = self.row.as_ref().map(|row| match row {
            Row::Int(id) => json!({ "int": id }),
            Row::Uuid(id) => json!({ "uuid": dashed(*id) }),
            Row::Text(id) => json!({ "text": id }),
            Row::Bytes(id) => json!({ "bytes": hex(id) }),
            Row::Two(first, second) => json!([{ "int": first }, { "text": second }]),
        });
        let optional = [
            ("row", row),
            ("tenant", self.tenant.clone().map(Into::into)),
            ("bucket", self.bucket.map(Into::into)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                cell[name] = value;
            }
        }
        cell
    }

    /// A cell that is sealed here, for another program to open, and its value.
    pub(crate) fn sealed<T: Sample>(&self, vault: &Vault, random: &mut Random) -> (Value, Value) {
        let (column, value) = (self.column::<T>(), T::draw(random));
        let sealed = self.at(|place| vault.seal(&column, value.lend(), place)).unwrap();
        let mut cell = self.to_json();
        cell["envelope"] = if self.is_text { sealed.to_text() } else { hex(sealed.as_bytes()) }.into();
        (cell, json!({ "type": T::NAME, "value": value.to_json() }))
    }

    /// A cell for another program to seal under this key, and its value.
    pub(crate) fn unsealed<T: Sample>(&self, key: &str, random: &mut Random) -> (Value, Value) {
        let (mut cell, value) = (self.to_json(), T::draw(random).to_json());
        cell["key"] = key.into();
        cell["type"] = T::NAME.into();
        cell["value"] = value.clone();
        (cell, value)
    }

    /// The value of a cell that another program has sealed.
    pub(crate) fn open<T: Sample>(&self, vault: &Vault, envelope: &str) -> Value {
        let sealed = Sealed::<T>::from_bytes(unhex(envelope)).unwrap();
        let opened = self.at(|place| vault.open(&self.column(), &sealed, place));
        opened.unwrap().expose().to_json()
    }
}
