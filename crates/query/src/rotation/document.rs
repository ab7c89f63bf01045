//! Sealed columns as they are written down: in TOML, and in the tables of [`MIGRATIONS`](super::MIGRATIONS).

use pgkeel_connect::Ident;
use pgkeel_crypto::{BadSpec, ColumnSpec, Cost, IndexSpec, Padding};
use serde::{Deserialize, Serialize};

use super::{DescriptionProblem, RotationProblem, SealedColumn, SealedIndex};
use crate::{Error, Table};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    column: Vec<Described>,
}

/// All that is said of a column, in words: in a file, and between us and the tables.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Described {
    /// Of a table that is named without it: names may have points.
    schema: Option<String>,
    table: String,
    column: String,
    row: Vec<String>,
    tenant: Option<String>,
    context: String,
    kind: String,
    suite: Option<String>,
    also_opens: Option<String>,
    #[serde(default)]
    any_row: bool,
    #[serde(default)]
    per_tenant: bool,
    pad: Option<i64>,
    #[serde(default)]
    index: Vec<DescribedIndex>,
}

/// All that is said of an index, in words.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DescribedIndex {
    column: String,
    name: Option<String>,
    normalize: Option<String>,
    bits: Option<i64>,
    cost: Option<[i64; 3]>,
    #[serde(default)]
    per_tenant: bool,
}

/// Reads sealed columns that are written in TOML, in the words that the derive takes.
///
/// ```
/// use pgkeel_query::rotation;
///
/// let columns = rotation::from_toml(r#"
///     [[column]]
///     table = "app.users"
///     column = "email"
///     row = ["id"]                       # the primary key, in its order
///     context = "app.users.email"
///     kind = "text"                      # bytes, text, int, json, uuid, timestamp, decimal, bool, date
///     suite = "KC-XAES-256-GCM"          # the default; or XAES-256-GCM, AES-256-SIV
///     also_opens = "XAES-256-GCM"        # if it does; as what follows
///     any_row = false
///     tenant = "tenant_id"
///     per_tenant = true
///     pad = 64
///
///     [[column.index]]
///     column = "email_bidx"
///     name = "email_bidx"                # the default: as the column
///     normalize = "email"                # exact is the default; lower, email, digits, nfc
///     bits = 8                           # of a beacon
///     cost = [4096, 3, 1]                # of a slow one: memory in KiB, iterations, lanes
///     per_tenant = true
/// "#)?;
/// assert_eq!(columns[0].to_string(), "app.users.email");
/// # Ok::<(), pgkeel_query::Error>(())
/// ```
///
/// # Errors
/// [`Error::Rotation`] with what is wrong, and in which column.
pub fn from_toml(text: &str) -> Result<Vec<SealedColumn>, Error> {
    let document: Document =
        toml::from_str(text).map_err(DescriptionProblem::Document).map_err(RotationProblem::from)?;
    let columns: Result<_, _> = document.column.into_iter().map(Described::read).collect();
    Ok(columns.map_err(RotationProblem::from)?)
}

impl Described {
    /// In this table, which has a schema.
    pub(super) fn of(sealed: &SealedColumn, table: &Table) -> Self {
        let name = |name: &Ident| name.name().to_owned();
        let spec = &sealed.spec;
        Self {
            schema: table.schema().map(name),
            table: name(table.name()),
            column: name(&sealed.column),
            row: sealed.row.iter().map(name).collect(),
            tenant: sealed.tenant.as_ref().map(name),
            context: spec.context().to_owned(),
            kind: spec.kind().to_string(),
            suite: Some(spec.suite().to_string()),
            also_opens: spec.other_suite().map(|suite| suite.to_string()),
            any_row: !spec.is_row_bound(),
            per_tenant: spec.is_tenant_bound(),
            pad: spec.padding().map(|padding| padding.bytes().into()),
            index: sealed.indexes.iter().map(DescribedIndex::of).collect(),
        }
    }

    pub(super) fn read(self) -> Result<SealedColumn, DescriptionProblem> {
        let shown = match &self.schema {
            Some(schema) => format!("{schema}.{}.{}", self.table, self.column),
            None => format!("{}.{}", self.table, self.column),
        };
        let bad_name = |name: &str| {
            let (column, name) = (shown.clone(), name.to_owned());
            move |source| DescriptionProblem::Name { column, name, source }
        };
        let ident = |name: String| Ident::new(name.clone()).map_err(bad_name(&name));
        let table = match &self.schema {
            Some(schema) => Table::new(ident(self.table.clone())?).in_schema(ident(schema.clone())?),
            None => Table::parse(&self.table).map_err(bad_name(&self.table))?,
        };
        let spec = self.spec(&shown)?;
        let row = self.row.into_iter().map(ident).collect::<Result<_, _>>()?;
        let mut sealed = SealedColumn::new(table, ident(self.column)?, spec, row);
        sealed.tenant = self.tenant.map(ident).transpose()?;
        for index in self.index {
            let column = ident(index.column.clone())?;
            let spec = index.spec(&sealed.spec, &shown)?;
            sealed = sealed.index(SealedIndex::new(column, spec));
        }
        sealed.check()?;
        Ok(sealed)
    }

    fn spec(&self, shown: &str) -> Result<ColumnSpec, DescriptionProblem> {
        let padding = self.pad.map(|found| {
            let bytes = u16::try_from(found).ok().filter(|bytes| *bytes > 0);
            bytes.map(Padding::to).ok_or_else(|| figure(shown, "pad", found, "1 to 65535"))
        });
        let padding = padding.transpose()?;
        let read = || -> Result<ColumnSpec, BadSpec> {
            let mut spec = ColumnSpec::new(&*self.context, self.kind.parse()?)?;
            if let Some(suite) = &self.suite {
                spec = spec.sealed_with(suite.parse()?)?;
            }
            if let Some(suite) = &self.also_opens {
                spec = spec.also_opens(suite.parse()?);
            }
            Ok(spec)
        };
        let mut spec =
            read().map_err(|source| DescriptionProblem::Spec { column: shown.to_owned(), source })?;
        if self.any_row {
            spec = spec.any_row();
        }
        if self.per_tenant {
            spec = spec.per_tenant();
        }
        Ok(padding.into_iter().fold(spec, ColumnSpec::padded))
    }
}

impl DescribedIndex {
    fn of(index: &SealedIndex) -> Self {
        let spec = &index.spec;
        Self {
            column: index.column.name().to_owned(),
            name: Some(spec.name().to_owned()),
            normalize: Some(spec.normalizer().to_string()),
            bits: spec.bits().map(i64::from),
            cost: spec.cost().map(|cost| cost.figures().map(i64::from)),
            per_tenant: spec.is_tenant_bound(),
        }
    }

    fn spec(&self, column: &ColumnSpec, shown: &str) -> Result<IndexSpec, DescriptionProblem> {
        let bits = self.bits.map(|found| {
            u8::try_from(found).map_err(|_| figure(shown, "bits of an index", found, "1 to 64"))
        });
        let bits = bits.transpose()?;
        let read = || -> Result<IndexSpec, BadSpec> {
            let name = self.name.as_deref().unwrap_or(&self.column);
            let normalizer = self.normalize.as_deref().unwrap_or("exact").parse()?;
            let spec = IndexSpec::new(column, name, normalizer)?;
            bits.map_or(Ok(spec.clone()), |bits| spec.beacon(bits))
        };
        let mut spec =
            read().map_err(|source| DescriptionProblem::Spec { column: shown.to_owned(), source })?;
        if self.per_tenant {
            spec = spec.per_tenant();
        }
        match self.cost {
            None => Ok(spec),
            Some(cost) => Ok(spec.slow(cost_of(cost).ok_or_else(|| {
                figure(shown, "memory of a slow index", cost[0], "a cost that an index may have")
            })?)),
        }
    }
}

fn cost_of([memory_kib, iterations, lanes]: [i64; 3]) -> Option<Cost> {
    let figure = |figure: i64| u32::try_from(figure).ok();
    Cost::checked(figure(memory_kib)?, figure(iterations)?, figure(lanes)?)
}

fn figure(column: &str, figure: &'static str, found: i64, expected: &'static str) -> DescriptionProblem {
    DescriptionProblem::Figure { column: column.to_owned(), figure, found, expected }
}
