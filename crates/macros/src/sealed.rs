//! The word `sealed` of a field: how its values are sealed, and where equal ones are found.

use std::collections::HashSet;

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Error, GenericArgument, LitInt, LitStr, PathArguments, Result, Token, Type};

use crate::columns::{Column, wrong_name};
use crate::field::inside_option;
use crate::from_row::said;
use crate::home::once;
use crate::nearest;
use crate::role::Role;

const KNOWN: [&str; 7] = [
    "context = \"name\"",
    "pad = bytes",
    "any_row",
    "per_tenant",
    "deterministic",
    "uncommitted",
    "index(column = \"name\", …)",
];
/// Words that are methods of pgkeel-crypto's `Column`.
const FLAGS: [&str; 4] = ["any_row", "per_tenant", "deterministic", "uncommitted"];
const OF_INDEX: [&str; 5] = [
    "column = \"name\"",
    "normalize = \"email\"",
    "unique",
    "bits = number",
    "cost = [kib, iterations, lanes]",
];
/// Those of pgkeel-crypto's `Cost`: memory in KiB, iterations, lanes.
const COSTS: [std::ops::RangeInclusive<u32>; 3] = [4096..=2_097_152, 3..=64, 1..=64];
const NORMALIZERS: [(&str, &str); 5] =
    [("exact", "Exact"), ("lower", "Lower"), ("email", "Email"), ("digits", "Digits"), ("nfc", "Nfc")];
const CONTEXT: &str = "say of which context the values are: `context = \"app.users.email\"`, a name of 1 to 128 bytes that no other \
                       column has and that stays when the column is renamed";
pub(crate) const ALONE: &str = "a sealed column has no other word but `rename`, and no other role: the server cannot look into it; which values \
                                are equal tells `sealed(…, index(column = \"…\", unique))`";
const NO_ID: &str = "the values are bound to their row, and no field is its id: say `id` of one that is read as it is, or `any_row` here";
const NO_TENANT: &str = "the values are bound to a tenant: say `tenant = \"column\"` of the struct, of a field that is read as it is";
const TWICE: &str = "another field has this context: each column has its own, as keys are made of it";
const TAKEN: &str = "another field or index has this column";
const TYPE: &str = "the field of a sealed column is a `Sealed<…>`, or an `Option` of one";
const TWO_SUITES: &str = "`deterministic` and `uncommitted` are two ways to seal; a column has one";
const NO_ROW: &str = "a deterministic column is of no row anyway: leave `any_row` out";
const NO_TEXT: &str = "only texts are normalised: of another type leave `normalize` out";
const COST: &str =
    "say what a value costs: `cost = [4096, 3, 1]`, argon2id's memory in KiB, iterations and lanes";
const UNIQUE_BEACON: &str = "different values have the same bits, so an index with `bits` cannot be `unique`";

/// How the values of a column are sealed.
#[derive(Clone)]
pub(crate) struct Sealing {
    pub(crate) place: Span,
    pub(crate) context: LitStr,
    pub(crate) padding: Option<LitInt>,
    /// Of [`FLAGS`], those that are said.
    pub(crate) flags: Vec<&'static str>,
    pub(crate) indexes: Vec<Index>,
}

/// A blind index.
#[derive(Clone)]
pub(crate) struct Index {
    pub(crate) column: LitStr,
    /// As pgkeel-crypto calls it; of text.
    pub(crate) normalizer: Option<&'static str>,
    pub(crate) is_unique: bool,
    pub(crate) bits: Option<LitInt>,
    /// Of one that is slow.
    pub(crate) cost: Option<[LitInt; 3]>,
}

#[derive(Default)]
struct Said {
    context: Option<LitStr>,
    padding: Option<LitInt>,
    flags: Vec<&'static str>,
    indexes: Vec<Index>,
}

impl Sealing {
    /// Reads `sealed(…)`, of a field of this type.
    pub(crate) fn read(word: &ParseNestedMeta<'_>, kind: &Type) -> Result<Self> {
        let place = word.path.span();
        let value = value_type(kind).ok_or_else(|| Error::new(kind.span(), TYPE))?;
        let is_text = matches!(value, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "String"));
        let mut words = Said::default();
        if word.input.peek(syn::token::Paren) {
            word.parse_nested_meta(|word| words.take(&word, is_text))?;
        }
        words.checked(place)
    }

    pub(crate) fn is_row_bound(&self) -> bool {
        !self.flags.contains(&"any_row") && !self.flags.contains(&"deterministic")
    }

    pub(crate) fn is_per_tenant(&self) -> bool {
        self.flags.contains(&"per_tenant")
    }
}

impl Said {
    fn take(&mut self, word: &ParseNestedMeta<'_>, is_text: bool) -> Result<()> {
        let name = said(word);
        match name.as_str() {
            "context" => once(&mut self.context, word.value()?.parse()?, word, "said twice"),
            "pad" => once(&mut self.padding, number(word, 1..=65_535)?, word, "said twice"),
            "index" => {
                self.indexes.push(Index::read(word, is_text)?);
                Ok(())
            }
            _ => {
                let flag = FLAGS.iter().find(|flag| **flag == name);
                let flag = flag.ok_or_else(|| word.error(nearest::unknown(&name, &KNOWN)))?;
                if self.flags.contains(flag) {
                    return Err(word.error("said twice"));
                }
                self.flags.push(flag);
                Ok(())
            }
        }
    }

    fn checked(self, place: Span) -> Result<Sealing> {
        let context = self.context.ok_or_else(|| Error::new(place, CONTEXT))?;
        if !(1..=128).contains(&context.value().len()) {
            return Err(Error::new(context.span(), CONTEXT));
        }
        let has = |flag| self.flags.contains(&flag);
        if has("deterministic") && has("uncommitted") {
            return Err(Error::new(place, TWO_SUITES));
        }
        if has("deterministic") && has("any_row") {
            return Err(Error::new(place, NO_ROW));
        }
        Ok(Sealing { place, context, padding: self.padding, flags: self.flags, indexes: self.indexes })
    }
}

impl Index {
    fn read(word: &ParseNestedMeta<'_>, is_text: bool) -> Result<Self> {
        let (mut column, mut normalize, mut unique, mut bits, mut cost) = (None, None, None, None, None);
        let place = word.path.span();
        if word.input.peek(syn::token::Paren) {
            word.parse_nested_meta(|word| match said(&word).as_str() {
                "column" => once(&mut column, word.value()?.parse::<LitStr>()?, &word, "said twice"),
                "normalize" => once(&mut normalize, word.value()?.parse::<LitStr>()?, &word, "said twice"),
                "unique" => once(&mut unique, (), &word, "said twice"),
                "bits" => once(&mut bits, number(&word, 1..=64)?, &word, "said twice"),
                "cost" => once(&mut cost, costs(&word)?, &word, "said twice"),
                other => Err(word.error(nearest::unknown(other, &OF_INDEX))),
            })?;
        }
        let column = column.ok_or_else(|| {
            Error::new(place, "say in which column the index is: `index(column = \"email_bidx\")`")
        })?;
        if let Some(wrong) = wrong_name(&column.value()) {
            return Err(Error::new(column.span(), wrong));
        }
        if let (Some(bits), Some(())) = (&bits, unique) {
            return Err(Error::new(bits.span(), UNIQUE_BEACON));
        }
        let normalizer = normalize.map(|name| normalizer(&name, is_text)).transpose()?.flatten();
        Ok(Self { column, normalizer, is_unique: unique.is_some(), bits, cost })
    }
}

/// Whether each has what it is bound to, and what it alone may have.
pub(crate) fn check(columns: &[Column]) -> Result<()> {
    let sealings = || columns.iter().filter_map(|column| column.sealing.as_ref());
    let mut ids = columns.iter().filter(|column| column.roles.contains(&Role::Id)).peekable();
    let has_id = ids.peek().is_some() && ids.all(|column| column.is_plain);
    let has_tenant = columns.iter().any(|column| column.roles.contains(&Role::Tenant) && column.is_plain);
    let mut contexts = HashSet::new();
    let mut names: HashSet<String> = columns.iter().map(|column| column.name.clone()).collect();
    for sealing in sealings() {
        if sealing.is_row_bound() && !has_id {
            return Err(Error::new(sealing.place, NO_ID));
        }
        if sealing.is_per_tenant() && !has_tenant {
            return Err(Error::new(sealing.place, NO_TENANT));
        }
        if !contexts.insert(sealing.context.value()) {
            return Err(Error::new(sealing.context.span(), TWICE));
        }
        if let Some(index) = sealing.indexes.iter().find(|index| !names.insert(index.column.value())) {
            return Err(Error::new(index.column.span(), TAKEN));
        }
    }
    Ok(())
}

/// `None` of what leaves values as they are.
fn normalizer(name: &LitStr, is_text: bool) -> Result<Option<&'static str>> {
    let said = name.value();
    let found = NORMALIZERS.iter().find(|(known, _)| *known == said);
    let Some((_, normalizer)) = found else {
        let known = NORMALIZERS.map(|(known, _)| known).join(", ");
        return Err(Error::new(name.span(), format!("unknown way to normalise; known are: {known}")));
    };
    match *normalizer {
        "Exact" => Ok(None),
        _ if !is_text => Err(Error::new(name.span(), NO_TEXT)),
        normalizer => Ok(Some(normalizer)),
    }
}

/// Three numbers in brackets.
fn costs(word: &ParseNestedMeta<'_>) -> Result<[LitInt; 3]> {
    let inside;
    let input = word.value()?;
    let place = syn::bracketed!(inside in input);
    let figures = Punctuated::<LitInt, Token![,]>::parse_terminated(&inside)?;
    let figures: Vec<LitInt> = figures.into_iter().collect();
    let figures: [LitInt; 3] = figures.try_into().map_err(|_| Error::new(place.span.join(), COST))?;
    for (figure, of) in figures.iter().zip(COSTS) {
        check_within(figure, &of)?;
    }
    Ok(figures)
}

fn number(word: &ParseNestedMeta<'_>, of: std::ops::RangeInclusive<u32>) -> Result<LitInt> {
    let number: LitInt = word.value()?.parse()?;
    check_within(&number, &of)?;
    Ok(number)
}

fn check_within(number: &LitInt, of: &std::ops::RangeInclusive<u32>) -> Result<()> {
    if number.base10_parse::<u32>().is_ok_and(|number| of.contains(&number)) {
        return Ok(());
    }
    Err(Error::new(number.span(), format!("a number from {} to {}", of.start(), of.end())))
}

/// `T` of a type that is written `Sealed<T>`, or as an `Option` of one.
pub(crate) fn value_type(kind: &Type) -> Option<&Type> {
    let Type::Path(path) = inside_option(kind).unwrap_or(kind) else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Sealed")?;
    match &last.arguments {
        PathArguments::AngleBracketed(of) => match of.args.first() {
            Some(GenericArgument::Type(inside)) => Some(inside),
            _ => None,
        },
        _ => None,
    }
}
