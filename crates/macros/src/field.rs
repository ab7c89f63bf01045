use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Error, Field as Parsed, GenericArgument, Ident, LitStr, PathArguments, Result, Type, Visibility};

use crate::from_row::{each_word, said};
use crate::home::once;
use crate::letter_case::LetterCase;
use crate::nearest;
use crate::role::{self, Role};
use crate::sealed::{self, Sealing};

const KNOWN_OF_ENTITY: &str = "sealed(context = \"name\", …)";
const KNOWN: [&str; 5] = ["rename = \"column\"", "flatten", "default", "json", "try_from = \"Type\""];
const UNSAID: &str = "say how its values are sealed: `#[pgkeel(sealed(context = \"app.users.email\"))]`";
const ONE_WAY: &str = "`flatten`, `json` and `try_from` are three ways to read a field; it has one";

/// A field of a struct that is read from a row.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) kind: Type,
    pub(crate) visibility: Visibility,
    pub(crate) way: Way,
    /// Whether the column may be missing.
    pub(crate) has_default: bool,
    /// What the column is for; of an entity.
    pub(crate) roles: Vec<Role>,
    /// How its values are sealed, if they are; of an entity.
    pub(crate) sealing: Option<Sealing>,
    rename: Option<LitStr>,
}

/// Which words a field may have.
#[derive(Clone, Copy)]
pub(crate) enum Words {
    OfRow,
    OfEntity,
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
    pub(crate) fn parse(field: &Parsed, of: Words) -> Result<Self> {
        let place = field.span();
        let Some(ident) = field.ident.clone() else { return Err(Error::new(place, "the field has no name")) };
        let (kind, visibility) = (field.ty.clone(), field.vis.clone());
        let mut parsed = Self {
            ident,
            kind,
            visibility,
            way: Way::Plain,
            has_default: false,
            roles: Vec::new(),
            sealing: None,
            rename: None,
        };
        each_word(&field.attrs, |word| parsed.take(word, of))?;
        if let Words::OfEntity = of {
            parsed.check_sealing()?;
        }
        if matches!(parsed.way, Way::Flatten) && (parsed.has_default || parsed.rename.is_some()) {
            let told =
                "a flattened field has no column of its own: `rename` and `default` belong to its fields";
            return Err(Error::new(parsed.ident.span(), told));
        }
        Ok(parsed)
    }

    /// Envelopes are read as they are, and of columns that are nothing else.
    fn check_sealing(&self) -> Result<()> {
        let is_alone = matches!(self.way, Way::Plain) && !self.has_default && self.roles.is_empty();
        match &self.sealing {
            Some(sealing) if !is_alone => Err(Error::new(sealing.place, sealed::ALONE)),
            None if is_alone && sealed::value_type(&self.kind).is_some() => {
                Err(Error::new(self.kind.span(), UNSAID))
            }
            _ => Ok(()),
        }
    }

    fn take(&mut self, word: &ParseNestedMeta<'_>, of: Words) -> Result<()> {
        if word.path.is_ident("rename") {
            return once(&mut self.rename, word.value()?.parse()?, word, "said twice");
        }
        if word.path.is_ident("sealed") && matches!(of, Words::OfEntity) {
            let sealing = Sealing::read(word, &self.kind)?;
            return once(&mut self.sealing, sealing, word, "said twice");
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
            return self.take_role(word, of);
        };
        match std::mem::replace(&mut self.way, way) {
            Way::Plain => Ok(()),
            _ => Err(word.error(ONE_WAY)),
        }
    }

    fn take_role(&mut self, word: &ParseNestedMeta<'_>, of: Words) -> Result<()> {
        let said = said(word);
        match (of, Role::of_field(&said)) {
            (Words::OfEntity, Some(role)) if self.roles.contains(&role) => Err(word.error("said twice")),
            (Words::OfEntity, Some(role)) => {
                self.roles.push(role);
                Ok(())
            }
            (Words::OfEntity, None) => {
                let known = [&KNOWN[..], &role::KNOWN, &[KNOWN_OF_ENTITY]].concat();
                Err(word.error(nearest::unknown(&said, &known)))
            }
            (Words::OfRow, _) => Err(word.error(nearest::unknown(&said, &KNOWN))),
        }
    }

    /// As Rust has it, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// Where its column's name is written.
    pub(crate) fn place(&self) -> Span {
        self.rename.as_ref().map_or_else(|| self.ident.span(), LitStr::span)
    }

    pub(crate) fn column(&self, case: Option<LetterCase>) -> String {
        match (&self.rename, case) {
            (Some(rename), _) => rename.value(),
            (None, Some(case)) => case.of(&self.name()),
            (None, None) => self.name(),
        }
    }
}

/// `T` of a type that is written `Option<T>`.
pub(crate) fn inside_option(kind: &Type) -> Option<&Type> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    match &last.arguments {
        PathArguments::AngleBracketed(of) => match of.args.first() {
            Some(GenericArgument::Type(inside)) => Some(inside),
            _ => None,
        },
        _ => None,
    }
}
