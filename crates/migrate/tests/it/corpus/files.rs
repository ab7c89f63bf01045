//! The files of `tests/corpus`, which its README tells of.

use std::collections::BTreeSet;
use std::path::Path;

use pgkeel_migrate::Migrations;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");

/// In a file that only newer servers can run, with their major version behind it.
const FROM: &str = "-- from PostgreSQL ";

/// In a file whose statements mean something else one by one.
const WHOLE: &str = "-- needs its transaction";

const OUTSIDE: &str = "-- pgkeel: transaction=off";

/// Migrations with their ways back, in the order of their names.
#[derive(Debug, Clone)]
pub(crate) struct Corpus(Vec<(String, String)>);

impl Corpus {
    /// Those that a server of this major version can run.
    pub(crate) fn for_server(major: u32) -> Self {
        let files = read("migrations");
        let newer: Vec<String> = files.iter().filter(|(_, text)| from(text) > major).map(step).collect();
        Self(files.into_iter().filter(|file| !newer.contains(&step(file))).collect())
    }

    /// The first so many, with their ways back.
    pub(crate) fn first(mut self, steps: usize) -> Self {
        let kept: BTreeSet<String> = self.0.iter().map(step).collect();
        let kept: BTreeSet<String> = kept.into_iter().take(steps).collect();
        self.0.retain(|file| kept.contains(&step(file)));
        self
    }

    /// With ways back that do not do what they should, where there are such.
    pub(crate) fn with_rotten_downs(mut self) -> Self {
        for (file, text) in read("rotten") {
            if let Some(sound) = self.0.iter_mut().find(|(name, _)| *name == file) {
                sound.1 = text;
            }
        }
        self
    }

    /// Without ways back.
    pub(crate) fn ups(mut self) -> Self {
        self.0.retain(|(file, _)| !is_down(file));
        self
    }

    /// With each text made into another.
    pub(crate) fn edited(mut self, edit: impl Fn(&str, &str) -> String) -> Self {
        for (file, text) in &mut self.0 {
            *text = edit(file, text);
        }
        self
    }

    /// Statement by statement, but for those that cannot be without their transaction.
    pub(crate) fn one_by_one(self) -> Self {
        self.edited(|_, text| {
            if text.contains(WHOLE) || text.contains(OUTSIDE) {
                text.to_owned()
            } else {
                format!("{OUTSIDE}\n{}", text.trim_start_matches('\u{feff}'))
            }
        })
    }

    pub(crate) fn migrations(&self) -> Migrations {
        Migrations::from_static(&self.files()).unwrap()
    }

    /// Names and texts.
    pub(crate) fn files(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect()
    }
}

/// The SQL files of a directory beside the migrations, in the order of their names.
pub(crate) fn read(directory: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(Path::new(DIRECTORY).join(directory)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<(String, String)> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// What is expected of the files of a directory: a line each, its name and what is told.
pub(crate) fn expected(directory: &str) -> Vec<(String, String)> {
    let path = Path::new(DIRECTORY).join(directory).join("expected.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (file, told) = line.split_once(": ").unwrap();
            (file.to_owned(), told.to_owned())
        })
        .collect()
}

pub(crate) fn is_down(file: &str) -> bool {
    file.ends_with(".down.sql")
}

/// What a file and its way back have in common.
fn step((file, _): &(String, String)) -> String {
    file.split('.').next().unwrap_or(file).to_owned()
}

/// The oldest server that can run this.
fn from(text: &str) -> u32 {
    let line = text.lines().find_map(|line| line.strip_prefix(FROM));
    line.map_or(0, |number| number.trim().parse().unwrap())
}
