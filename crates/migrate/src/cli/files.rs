//! The verbs that need files alone: `new` and `validate`.

use std::path::Path;

use serde_json::json;

use super::exit::Exit;
use super::request::{Content, WayBack};
use super::screen::Screen;
use super::{checks, text};
use crate::files::unfit;
use crate::{Conflict, Error, Migration, Migrations, Template};

pub(super) fn template(
    name: String,
    content: Option<(Content, String)>,
    way_back: Option<WayBack>,
    newest: Option<i64>,
) -> Result<Template, Error> {
    let template = Template::named(name).above(newest.unwrap_or_default());
    let template = match way_back {
        None => template,
        Some(WayBack::Down) => template.with_down(),
        Some(WayBack::Irreversible) => template.irreversible(),
        Some(WayBack::Repeatable) => template.repeatable(),
    };
    match content {
        None => Ok(template),
        Some((Content::Index, of)) => template.index(&of),
        Some((Content::NotNull, of)) => template.not_null(&of),
        Some((Content::ForeignKey, of)) => template.foreign_key(&of),
        Some((Content::Backfill, of)) => template.backfill(&of),
    }
}

pub(super) fn new(
    screen: &mut Screen<'_>,
    directory: &Path,
    template: Result<Template, Error>,
    is_code: bool,
) -> Exit {
    if is_code {
        return match template.and_then(|template| template.code_for(directory)) {
            Ok(code) => {
                screen.answer(|| code.clone(), || json!({ "files": [], "code": code }));
                Exit::Done
            }
            Err(error) => screen.fail(&error, None),
        };
    }
    match template.and_then(|template| template.create_in(directory)) {
        Ok(paths) => {
            let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            screen.answer(|| paths.join("\n") + "\n", || json!({ "files": paths, "code": null }));
            Exit::Done
        }
        Err(error) => screen.fail(&error, None),
    }
}

/// What can be said of files without a database: those that are applied already could not be changed any more, so of
/// them too.
pub(super) fn validate(screen: &mut Screen<'_>, migrations: &Migrations, directory: &Path) -> Exit {
    let unfit = |migration: &Migration| {
        let scripts = [Some(migration.up()), migration.down()].into_iter().flatten();
        let found = scripts.filter_map(|script| Some((script.file().to_owned(), unfit::find(script)?)));
        let conflict = |(file, unfit)| Conflict::Unfit { file, unfit, version: migration.version() };
        found.map(conflict).collect::<Vec<_>>()
    };
    let conflicts: Vec<Conflict> = migrations.iter().flat_map(unfit).collect();
    if !conflicts.is_empty() {
        return screen.fail(&Error::Conflicts { conflicts }, None);
    }
    if let Err(exit) = checks::with_lock_file(screen, migrations, directory) {
        return exit;
    }
    let (count, repeatables) = (migrations.len(), migrations.repeatables().count());
    let checkpoints = migrations.checkpoints().count();
    screen.answer(
        || text::in_order(count, checkpoints, repeatables),
        || json!({ "migrations": count, "checkpoints": checkpoints, "repeatables": repeatables }),
    );
    Exit::Done
}
