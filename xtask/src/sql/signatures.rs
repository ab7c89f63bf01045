//! The calls that there are, as the sources say that offer them: the table of calls has to know each.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::{FnArg, Pat, Signature, Type};

use super::calls::{CALLS, CALLS_WITH_PARAMETERS, takes_text};
use super::sources;

/// What parameters are called that are statements.
const NAMES: [&str; 5] = ["query", "sql", "statement", "statements", "text"];
/// Types of texts, and what they are wrapped in.
const TEXTS: [&str; 6] = ["Arc", "Box", "Cow", "Option", "String", "str"];

/// Functions with a text of such a name that do not hand it to the server: where they are, and why.
const EXCEPTIONS: [(&str, &[&str], &str); 6] = [
    (
        "connect/src/settings/value.rs",
        &["duration", "duration_or_off", "path", "positive_duration", "text", "whole_number", "yes_or_no"],
        "they read what a setting is set to",
    ),
    ("pool/src/observe/slow.rs", &["new"], "it is told of a statement that was run"),
    ("query/src/input/value.rs", &["from_text"], "it reads a value of a request"),
    ("query/src/rotation/document.rs", &["from_toml"], "it reads which columns are sealed"),
    ("query/src/sql/audited.rs", &["new"], "it is given a reason, which is counted"),
    ("query/src/table.rs", &["parse"], "it reads a name, which is quoted"),
];

/// A public function.
struct Offer {
    file: PathBuf,
    signature: Signature,
}

impl Offer {
    fn name(&self) -> String {
        self.signature.ident.to_string()
    }

    /// Whether it is given a text that seems to be a statement.
    fn has_text(&self) -> bool {
        self.signature.inputs.iter().any(|argument| self.is_text(argument))
    }

    fn is_text(&self, argument: &FnArg) -> bool {
        let FnArg::Typed(argument) = argument else { return false };
        let Pat::Ident(pattern) = &*argument.pat else { return false };
        NAMES.iter().any(|name| pattern.ident == name) && self.may_be_text(&argument.ty)
    }

    /// Whatever it is, unless it is a type that is no text, such as a prepared statement.
    fn may_be_text(&self, kind: &Type) -> bool {
        match kind {
            Type::Reference(lent) => self.may_be_text(&lent.elem),
            Type::Path(path) => path.path.segments.last().is_some_and(|last| {
                let is_generic = self.signature.generics.type_params().any(|kind| kind.ident == last.ident);
                is_generic || TEXTS.iter().any(|text| last.ident == text)
            }),
            _ => true,
        }
    }

    fn is_in_table(&self) -> bool {
        let behind_self =
            || self.signature.inputs.iter().filter(|argument| matches!(argument, FnArg::Typed(_)));
        let comes_first = behind_self().next().is_some_and(|first| self.is_text(first));
        comes_first && takes_text(&self.name(), behind_self().count())
    }

    fn is_excepted_by(&self, (file, names, _): &(&str, &[&str], &str)) -> bool {
        self.file.ends_with(file) && names.contains(&self.name().as_str())
    }
}

/// Of what runs statements: of pgkeel all, of the driver and of deadpool the types that have an `Executor`.
fn offers() -> Vec<Offer> {
    let mut files = of_packages(&[
        ("tokio-postgres", &["client.rs", "generic_client.rs", "transaction.rs"]),
        ("deadpool-postgres", &["generic_client.rs", "lib.rs"]),
    ]);
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    for name in ["connect", "pool", "query"] {
        files.extend(sources(&crates.join(name).join("src")).unwrap());
    }
    let mut offers = Vec::new();
    for file in files {
        let mut found = Vec::new();
        let tokens = fs::read_to_string(&file).unwrap().parse().unwrap();
        find_public(without_marks(tokens), false, &mut found);
        offers.extend(found.into_iter().map(|signature| Offer { file: file.clone(), signature }));
    }
    offers
}

/// Sources of packages that this workspace is built with.
fn of_packages(wanted: &[(&str, &[&str])]) -> Vec<PathBuf> {
    let mut cargo = MetadataCommand::new();
    // What is not for this machine may not be there.
    let options = ["--offline", "--locked", "--filter-platform", "host-tuple"].map(str::to_owned);
    let metadata = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).other_options(options).exec().unwrap();
    let files = wanted.iter().flat_map(|(package, names)| {
        let found = metadata.packages.iter().find(|found| found.name.as_str() == *package).expect(package);
        let directory = found.manifest_path.parent().unwrap().join("src");
        names.iter().map(move |name| directory.join(name).into_std_path_buf())
    });
    files.collect()
}

/// Public functions, and those of public traits. By tokens, as macros write some of them.
fn find_public(tokens: TokenStream, in_trait: bool, found: &mut Vec<Signature>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let (mut is_public, mut begins_trait) = (in_trait, false);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "pub" => {
                let is_bound = |next| is_group(next, Delimiter::Parenthesis);
                is_public = !tokens.get(at + 1).is_some_and(is_bound);
            }
            TokenTree::Ident(word) if word == "trait" => begins_trait = is_public,
            TokenTree::Ident(word) if word == "fn" && is_public => {
                let head: TokenStream =
                    tokens[at..].iter().take_while(|token| !ends_head(token)).cloned().collect();
                let signature = syn::parse2(head.clone()).unwrap_or_else(|error| panic!("{error}: {head}"));
                found.push(signature);
            }
            TokenTree::Group(group) => {
                find_public(group.stream(), begins_trait && ends_head(token), found);
            }
            _ => {}
        }
        if ends_head(token) {
            (is_public, begins_trait) = (in_trait, false);
        }
    }
}

/// What a macro fills in, such as `$type`, as a name.
fn without_marks(tokens: TokenStream) -> TokenStream {
    let mut is_marked = false;
    let plain = tokens.into_iter().filter_map(|token| {
        let was_marked = std::mem::replace(&mut is_marked, is_punct(&token, '$'));
        match token {
            _ if is_marked => None,
            TokenTree::Ident(word) if was_marked => {
                Some(Ident::new(&format!("filled_in_{word}"), word.span()).into())
            }
            TokenTree::Group(group) => {
                Some(Group::new(group.delimiter(), without_marks(group.stream())).into())
            }
            token => Some(token),
        }
    });
    plain.collect()
}

/// Whether it is `;` or `{ … }`.
fn ends_head(token: &TokenTree) -> bool {
    is_punct(token, ';') || is_group(token, Delimiter::Brace)
}

fn is_punct(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

#[test]
fn every_call_that_takes_a_text_is_in_the_table() {
    let is_unknown = |offer: &Offer| {
        let is_excepted = EXCEPTIONS.iter().any(|exception| offer.is_excepted_by(exception));
        offer.has_text() && !offer.is_in_table() && !is_excepted
    };
    let unknown = offers().into_iter().filter(is_unknown);
    let unknown: Vec<_> =
        unknown.map(|offer| format!("{}: {}", offer.file.display(), offer.name())).collect();
    assert!(unknown.is_empty(), "neither in calls.rs nor an exception: {unknown:#?}");
}

#[test]
fn every_call_of_the_table_and_every_exception_is_there() {
    let offers = offers();
    for call in CALLS.iter().chain(&CALLS_WITH_PARAMETERS) {
        assert!(offers.iter().any(|offer| offer.signature.ident == call), "{call}");
    }
    for exception in &EXCEPTIONS {
        let (file, names, _) = exception;
        for name in *names {
            let is_it = |offer: &Offer| offer.name() == *name && offer.is_excepted_by(exception);
            assert!(offers.iter().filter(|offer| is_it(offer)).any(Offer::has_text), "{file}: {name}");
        }
    }
}
