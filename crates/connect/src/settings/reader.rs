use std::collections::BTreeMap;
use std::fmt;

use super::{About, Origin, Problem, Problems, Setting, Settings, secret_file, unknown};

/// A value as it was written, and where. `Debug` does not show it, as it may be a secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// The value.
    pub text: String,
    /// Where it was written.
    pub origin: Origin,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// A setting with the value that won, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effective {
    /// The setting's dotted name.
    pub name: String,
    /// The value as a user would write it; `********` for a secret, empty if there is none.
    pub value: String,
    /// Where it was found.
    pub origin: Origin,
}

/// Takes values out of [`Settings`], and notes what is wrong with them.
#[derive(Debug)]
pub struct Reader<'a> {
    settings: &'a Settings,
    known: Vec<About>,
    effective: Vec<Effective>,
    notices: Vec<String>,
    problems: Vec<Problem>,
}

const MASK: &str = "********";

impl<'a> Reader<'a> {
    pub(super) fn new(settings: &'a Settings, problems: Vec<Problem>) -> Self {
        Self { settings, known: Vec::new(), effective: Vec::new(), notices: Vec::new(), problems }
    }

    /// The value of a setting. A value that cannot be used is noted as a problem, and the default stands in for it so
    /// that the reading can go on.
    ///
    /// # Panics
    /// If the setting's own default is not one of its values.
    pub fn get<T>(&mut self, setting: &Setting<T>) -> T {
        self.explicit(setting).unwrap_or_else(|| {
            let about = setting.about();
            self.show(about.name, about.default, Origin::Default);
            setting.parse(about.default).expect("a setting's default is one of its values")
        })
    }

    /// The value of a setting if somebody wrote one that can be used.
    pub fn explicit<T>(&mut self, setting: &Setting<T>) -> Option<T> {
        let about = setting.about();
        let found = self.find(about)?;
        match setting.parse(&found.text) {
            Ok(value) => {
                let shown = if about.secret { MASK } else { &found.text };
                self.show(about.name, shown, found.origin);
                Some(value)
            }
            Err(reason) if about.secret => {
                self.problem(Problem::new(about.name, found.origin, format!("the value {reason}")));
                None
            }
            Err(reason) => {
                let reason = format!("`{}` {reason}", found.text);
                self.problem(Problem::new(about.name, found.origin, reason));
                None
            }
        }
    }

    /// The first place that has a value for the setting.
    pub fn find(&mut self, about: &About) -> Option<Found> {
        self.known.push(*about);
        let given = |values: &BTreeMap<String, String>| values.get(about.name).cloned();
        let code = given(&self.settings.code).map(|text| (text, Origin::Code));
        let flag = given(&self.settings.flags).map(|text| (text, Origin::Flag(about.flag())));
        let environment = self.find_in_environment(about);
        let file = self.settings.file.get(about.name).cloned();
        // An empty value is none, wherever it is written.
        let written = |found: &(String, Origin)| !found.0.trim().is_empty();
        let found = |(text, origin)| Found { text, origin };
        let first = code.filter(written).or(flag.filter(written)).map(found);
        first
            .or(environment.filter(|found| !found.text.trim().is_empty()))
            .or(file.filter(written).map(found))
    }

    /// The variable that is the setting's, or an alias of it; two of them with different values are a problem.
    fn find_in_environment(&mut self, about: &About) -> Option<Found> {
        let own = about.variable();
        let names = std::iter::once(own.as_str()).chain(about.aliases.iter().copied());
        let found: Vec<Found> =
            names.filter_map(|name| self.variable(name, about.secret, about.name)).collect();
        if let [first, .., last] = found.as_slice()
            && found.iter().any(|other| other.text.trim() != first.text.trim())
        {
            let reason = format!("differs from {}; both mean the same, so keep one", first.origin);
            self.problem(Problem::new(about.name, last.origin.clone(), reason));
        }
        found.into_iter().next()
    }

    /// A plain environment variable that is no setting of ours, such as `PGHOST`; `setting` is named in problems.
    /// A secret may also stand in the file named by the variable with `_FILE` behind it.
    pub fn variable(&mut self, name: &str, secret: bool, setting: &str) -> Option<Found> {
        let environment = self.settings.environment.as_deref()?;
        let plain = match environment.variable(name) {
            Ok(value) => value.map(|text| Found { text, origin: Origin::Variable(name.to_owned()) }),
            Err(reason) => {
                self.problem(Problem::new(setting, Origin::Variable(name.to_owned()), reason));
                None
            }
        };
        if !secret {
            return plain;
        }
        match secret_file::find(environment, name, plain.is_some()) {
            Ok(from_file) => plain.or(from_file),
            Err((origin, reason)) => {
                self.problem(Problem::new(setting, origin, reason));
                plain
            }
        }
    }

    /// Whether environment variables are looked at.
    pub(crate) fn has_environment(&self) -> bool {
        self.settings.environment.is_some()
    }

    /// Notes that something cannot be used; once, however often it is read.
    pub fn problem(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Notes something that was accepted but does nothing: a whole sentence without a final stop.
    pub fn notice(&mut self, sentence: impl Into<String>) {
        self.notices.push(sentence.into());
    }

    /// Shows a value among the effective ones, instead of one shown before under this name. The caller masks secrets.
    pub fn show(&mut self, name: impl Into<String>, value: impl Into<String>, origin: Origin) {
        let row = Effective { name: name.into(), value: value.into(), origin };
        match self.effective.iter_mut().find(|shown| shown.name == row.name) {
            Some(shown) => *shown = row,
            None => self.effective.push(row),
        }
    }

    /// Where the value of a setting that was read came from.
    #[must_use]
    pub fn origin(&self, about: &About) -> Origin {
        let row = self.effective.iter().find(|row| row.name == about.name);
        row.map_or(Origin::Default, |row| row.origin.clone())
    }

    /// Whether anything was wrong so far.
    #[must_use]
    pub fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// How much was wrong so far.
    pub(crate) fn problem_count(&self) -> usize {
        self.problems.len()
    }

    pub(super) fn finish(mut self) -> Result<(Vec<Effective>, Vec<String>), Problems> {
        self.problems.extend(unknown::find(self.settings, &self.known));
        Problems::check(self.problems)?;
        Ok((self.effective, self.notices))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{whole_number, yes_or_no};
    use super::*;

    static SIZE: Setting<u32> =
        Setting::new("pool.size", "20", whole_number).alias(&["DB_POOL_SIZE"]).help("COUNT", "");
    static PING: Setting<bool> = Setting::new("pool.pre_ping", "true", yes_or_no);
    static KEY: Setting<u32> = Setting::new("pool.key", "0", whole_number).secret();

    #[test]
    fn the_first_place_wins_and_is_named() {
        let all = || {
            let settings = Settings::new().environment([("PGKEEL_POOL_SIZE", "3")]);
            (settings.set("pool.size", &1), Settings::new().flag("pool.size", "2"))
        };
        let size = |settings: Settings| settings.resolve(|reader| reader.get(&SIZE)).unwrap();
        let (with_code, with_flag) = all();
        assert_eq!(size(with_code).effective[0].origin, Origin::Code);
        let flagged = size(with_flag.environment([("DB_POOL_SIZE", "3")]));
        assert_eq!((flagged.value, flagged.effective[0].origin.to_string()), (2, "flag --pool-size".into()));
        let found = size(Settings::new().environment([("DB_POOL_SIZE", "4")]));
        assert_eq!((found.value, &found.effective[0].origin), (4, &Origin::Variable("DB_POOL_SIZE".into())));
        assert_eq!(size(Settings::new()).value, 20);
    }

    #[test]
    fn all_problems_come_together() {
        let settings =
            Settings::new().environment([("DB_POOL_SIZE", "-5"), ("PGKEEL_POOL_PRE_PING", "maybe")]);
        let problems = settings.resolve(|reader| (reader.get(&SIZE), reader.get(&PING))).unwrap_err();
        let names: Vec<&str> = problems.iter().map(|problem| problem.setting.as_str()).collect();
        assert_eq!(names, ["pool.size", "pool.pre_ping"]);
    }

    #[test]
    fn an_alias_that_differs_is_refused_and_one_that_agrees_is_not() {
        let with = |alias: &'static str| {
            let settings = Settings::new().environment([("PGKEEL_POOL_SIZE", "3"), ("DB_POOL_SIZE", alias)]);
            settings.resolve(|reader| reader.get(&SIZE))
        };
        assert_eq!(with("3").unwrap().value, 3);
        assert!(
            with("4").unwrap_err().to_string().contains("differs from environment variable PGKEEL_POOL_SIZE")
        );
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let settings = Settings::new().environment([("DB_POOL_SIZE", "")]);
        assert_eq!(settings.resolve(|reader| reader.get(&SIZE)).unwrap().value, 20);
    }

    #[test]
    fn secrets_are_shown_neither_as_values_nor_in_problems() {
        let read = |value: &'static str| {
            let settings = Settings::new().environment([("PGKEEL_POOL_KEY", value)]);
            settings.resolve(|reader| reader.get(&KEY))
        };
        assert_eq!(read("4711").unwrap().effective[0].value, MASK);
        assert!(!read("hunter2").unwrap_err().to_string().contains("hunter2"));
    }
}
