//! What the name of a file in a directory of migrations says.

/// The kinds of files that a directory of migrations may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileName<'a> {
    /// `V<version>__<name>.sql`.
    Up { stem: &'a str, version: i64 },
    /// `V<version>__<name>.down.sql`, beside the file that it undoes.
    Down { stem: &'a str },
    /// `V<version>__<name>.verify.sql` or `R__<name>.verify.sql`, beside the file that it verifies.
    Verify { stem: &'a str },
    /// `B<version>__<name>.sql`.
    Checkpoint { stem: &'a str, version: i64 },
    /// `R__<name>.sql`.
    Repeatable { stem: &'a str, name: &'a str },
    /// `before_run.sql`.
    BeforeRun,
    /// `after_run.sql`.
    AfterRun,
    /// A file about the others.
    Beside,
}

const BESIDE: [&str; 2] = ["README.md", "migrations.lock"];

/// How drafts begin, of `migrations.lock` and of checkpoints, of which one may be left behind when it is being written.
pub(crate) const DRAFT: &str = ".migrations.lock.";

impl<'a> FileName<'a> {
    /// What the name says, or `None` if it is not the name of a migration.
    pub(crate) fn parse(file: &'a str) -> Option<Self> {
        if BESIDE.contains(&file) || file.starts_with(DRAFT) {
            return Some(Self::Beside);
        }
        let stem = file.strip_suffix(".sql")?;
        if let Some(stem) = stem.strip_suffix(".down") {
            return version(stem).map(|_| Self::Down { stem });
        }
        if let Some(stem) = stem.strip_suffix(".verify") {
            let is_known = version(stem).is_some() || repeatable(stem).is_some();
            return is_known.then_some(Self::Verify { stem });
        }
        match (stem, repeatable(stem)) {
            ("before_run", _) => Some(Self::BeforeRun),
            ("after_run", _) => Some(Self::AfterRun),
            (_, Some(name)) => Some(Self::Repeatable { stem, name }),
            (_, None) => match checkpoint(stem) {
                Some(version) => Some(Self::Checkpoint { stem, version }),
                None => version(stem).map(|version| Self::Up { stem, version }),
            },
        }
    }

    /// Whether it has a text that says what is done.
    pub(crate) fn is_run(file: &'a str) -> bool {
        !matches!(Self::parse(file), None | Some(Self::Beside))
    }
}

/// The name in `R__<name>`.
fn repeatable(stem: &str) -> Option<&str> {
    stem.strip_prefix("R__").filter(|name| is_name(name))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The version in `V<version>__<name>`.
fn version(stem: &str) -> Option<i64> {
    numbered(stem.strip_prefix('V')?).map(|(version, _)| version)
}

/// The version in `B<version>__<name>`.
fn checkpoint(stem: &str) -> Option<i64> {
    numbered(stem.strip_prefix('B')?).map(|(version, _)| version)
}

/// Version and name in `<version>__<name>`.
pub(crate) fn numbered(text: &str) -> Option<(i64, &str)> {
    let (version, name) = text.split_once("__")?;
    let is_version = version.bytes().all(|byte| byte.is_ascii_digit());
    if is_name(name) && is_version { Some((version.parse().ok()?, name)) } else { None }
}

/// Whether a file of this name is a migration, or belongs to one.
pub(crate) fn is_migration_file(file: &str) -> bool {
    FileName::parse(file).is_some_and(|name| name != FileName::Beside)
}

/// How a name that is almost one of a migration is spelled right.
pub(crate) fn suggestion(file: &str) -> Option<String> {
    let lower = file.to_ascii_lowercase();
    let ends = [".down.sql", ".verify.sql", ".sql"];
    let (stem, end) = ends.iter().find_map(|end| Some((lower.strip_suffix(end)?, *end)))?;
    if let Some(suggested) = unversioned(stem, end) {
        return Some(suggested);
    }
    let digits_at = stem.find(|c: char| c.is_ascii_digit())?;
    let (prefix, rest) = stem.split_at(digits_at);
    // `U` means "undo" to some tools and "in any order" to others; only the author knows.
    if !["", "v", "|", "b"].contains(&prefix) {
        return None;
    }
    let name_at = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (version, name) = rest.split_at(name_at);
    let kind = if prefix == "b" { 'B' } else { 'V' };
    let suggested = format!("{kind}{version}__{}{end}", snake_case(name)?);
    if FileName::parse(&suggested).is_some() { Some(suggested) } else { None }
}

/// `r_views`, `Before-Run` and the like.
fn unversioned(stem: &str, end: &str) -> Option<String> {
    let name = snake_case(stem)?;
    let name = match name.strip_prefix("r_") {
        Some(name) => format!("R__{name}"),
        None => name,
    };
    let suggested = format!("{name}{end}");
    FileName::is_run(&suggested).then_some(suggested)
}

/// The name in lower-case letters, digits and single underscores, or `None` if nothing of it is left.
pub(crate) fn snake_case(name: &str) -> Option<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("_").to_ascii_lowercase();
    if name.is_empty() { None } else { Some(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_migrations_are_known() {
        let up = |stem, version| Some(FileName::Up { stem, version });
        assert_eq!(FileName::parse("V1__init.sql"), up("V1__init", 1));
        assert_eq!(FileName::parse("V007__b_2.sql"), up("V007__b_2", 7));
        assert_eq!(
            FileName::parse("V20261122011743__Orders.sql"),
            up("V20261122011743__Orders", 20_261_122_011_743)
        );
        assert_eq!(FileName::parse("V1__init.down.sql"), Some(FileName::Down { stem: "V1__init" }));
        let views = FileName::Repeatable { stem: "R__views", name: "views" };
        assert_eq!(FileName::parse("R__views.sql"), Some(views));
        assert_eq!(FileName::parse("V1__init.verify.sql"), Some(FileName::Verify { stem: "V1__init" }));
        assert_eq!(FileName::parse("R__views.verify.sql"), Some(FileName::Verify { stem: "R__views" }));
        let checkpoint = FileName::Checkpoint { stem: "B7__all_before", version: 7 };
        assert_eq!(FileName::parse("B7__all_before.sql"), Some(checkpoint));
        assert_eq!(FileName::parse("before_run.sql"), Some(FileName::BeforeRun));
        assert_eq!(FileName::parse("after_run.sql"), Some(FileName::AfterRun));
        assert_eq!(FileName::parse("README.md"), Some(FileName::Beside));
        assert_eq!(FileName::parse("migrations.lock"), Some(FileName::Beside));
    }

    #[test]
    fn other_names_are_refused_with_the_right_spelling_if_there_is_one() {
        for (file, right) in [
            ("V1__add-user.sql", Some("V1__add_user.sql")),
            ("v1__x.sql", Some("V1__x.sql")),
            ("|1__x.sql", Some("V1__x.sql")),
            ("V1_x.sql", Some("V1__x.sql")),
            ("V1.1__x.sql", Some("V1__1_x.sql")),
            ("V1__x.SQL", Some("V1__x.sql")),
            ("1_x.down.sql", Some("V1__x.down.sql")),
            ("V1__naïve table.sql", Some("V1__na_ve_table.sql")),
            ("V99999999999999999999__x.sql", None),
            ("b3-all.sql", Some("B3__all.sql")),
            ("B3__all.down.sql", None),
            ("V1__.sql", None),
            ("U1__x.sql", None),
            ("r_views.sql", Some("R__views.sql")),
            ("R__my-views.sql", Some("R__my_views.sql")),
            ("R__views.down.sql", None),
            ("R1__views.sql", None),
            ("Before_Run.sql", Some("before_run.sql")),
            ("1_x.verify.sql", Some("V1__x.verify.sql")),
            ("notes.txt", None),
            (".V1__x.sql.swp", None),
        ] {
            assert_eq!(FileName::parse(file), None, "{file}");
            assert_eq!(suggestion(file).as_deref(), right, "{file}");
        }
    }
}
