use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Error, Field as Parsed, Ident, LitStr, Result, Type};

use crate::home::once;
use crate::letter_case::LetterCase;

const KNOWN: &str =
    "unknown word; known are: rename = \"column\", flatten, default, json, try_from = \"Type\"";
const ONE_WAY: &str = "`flatten`, `json` and `try_from` are three ways to read a field; it has one";

/// A field of a struct that is read from a row.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) kind: Type,
    pub(crate) way: Way,
    /// Whether the column may be missing.
    pub(crate) has_default: bool,
    rename: Option<LitStr>,
}

/// How its value comes out of a row.
pub(crate) enum Way {
    /// As it is.
    Plain,
    /// From several columns.
    Flatten,
    /// From JSON.
    Json,
    /// From a value of this type.
    TryFrom(Box<Type>),
}

impl Field {
    pub(crate) fn parse(field: Parsed) -> Result<Self> {
        let place = field.span();
        let Some(ident) = field.ident else { return Err(Error::new(place, "the field has no name")) };
        let mut parsed = Self { ident, kind: field.ty, way: Way::Plain, has_default: false, rename: None };
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("pgkeel")) {
            attribute.parse_nested_meta(|word| parsed.take(&word))?;
        }
        if matches!(parsed.way, Way::Flatten) && (parsed.has_default || parsed.rename.is_some()) {
            let told =
                "a flattened field has no column of its own: `rename` and `default` belong to its fields";
            return Err(Error::new(parsed.ident.span(), told));
        }
        Ok(parsed)
    }

    fn take(&mut self, word: &ParseNestedMeta<'_>) -> Result<()> {
        if word.path.is_ident("rename") {
            return once(&mut self.rename, word.value()?.parse()?, word, "said twice");
        }
        if word.path.is_ident("default") {
            if std::mem::replace(&mut self.has_default, true) {
                return Err(word.error("said twice"));
            }
            return Ok(());
        }
        let way = if word.path.is_ident("flatten") {
            Way::Flatten
        } else if word.path.is_ident("json") {
            Way::Json
        } else if word.path.is_ident("try_from") {
            let from: LitStr = word.value()?.parse()?;
            Way::TryFrom(Box::new(from.parse()?))
        } else {
            return Err(word.error(KNOWN));
        };
        match std::mem::replace(&mut self.way, way) {
            Way::Plain => Ok(()),
            _ => Err(word.error(ONE_WAY)),
        }
    }

    /// As Rust has it, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    pub(crate) fn column(&self, case: Option<LetterCase>) -> String {
        match (&self.rename, case) {
            (Some(rename), _) => rename.value(),
            (None, Some(case)) => case.of(&self.name()),
            (None, None) => self.name(),
        }
    }
}
