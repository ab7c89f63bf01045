//! The verb `lint`.

use std::fmt::Write as _;
use std::path::Path;

use clap::ArgMatches;
use pgkeel_connect::{Config, dial};
use serde_json::{Value, json};

use super::exit::Exit;
use super::screen::Screen;
use super::{annotations, excerpt, text};
use crate::{Error, LintEdit, LintFinding, LintLevel, LintReport, Linter, Migrations, Migrator};

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lint {
    pub(crate) all: bool,
    pub(crate) strict: bool,
    pub(crate) github: bool,
    pub(crate) rules: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) server: Option<u32>,
}

impl Lint {
    pub(crate) fn of(words: &ArgMatches) -> Self {
        let names = |name| words.get_many::<String>(name).unwrap_or_default().cloned().collect();
        Self {
            all: words.get_flag("all"),
            strict: words.get_flag("strict"),
            github: words.get_one::<String>("format").is_some_and(|format| format == "github"),
            rules: names("rules"),
            exclude: names("exclude"),
            server: words.get_one("server-version").copied(),
        }
    }

    fn linter(&self, migrations: Migrations) -> Result<Linter, Error> {
        let mut linter = Linter::new(migrations);
        if !self.rules.is_empty() {
            linter = linter.only(self.rules.iter().map(String::as_str))?;
        }
        linter = linter.without(self.exclude.iter().map(String::as_str))?;
        Ok(for_server(linter, self.server))
    }
}

fn for_server(linter: Linter, version: Option<u32>) -> Linter {
    match version {
        Some(major) => linter.with_server_version(major),
        None => linter,
    }
}

pub(crate) fn every_file(
    screen: &mut Screen<'_>,
    (migrations, directory): (&Migrations, &Path),
    lint: &Lint,
) -> Exit {
    match lint.linter(migrations.clone()) {
        Ok(linter) => told(screen, &linter.lint(), (migrations, directory), lint),
        Err(error) => screen.fail(&error, None),
    }
}

pub(crate) async fn pending(
    screen: &mut Screen<'_>,
    (connect, migrations, directory): (Config, Migrations, &Path),
    lint: &Lint,
) -> Exit {
    let linted = async {
        let mut linter = lint.linter(migrations.clone())?;
        if lint.server.is_none() {
            linter = for_server(linter, server_version(&connect).await?);
        }
        let status = Migrator::new(connect, migrations.clone()).status().await?;
        Ok(linter.pending(&status).lint())
    };
    match linted.await {
        Ok(report) => told(screen, &report, (&migrations, directory), lint),
        Err(error) => screen.fail(&error, None),
    }
}

/// The major version that the server tells when it is connected to.
async fn server_version(connect: &Config) -> Result<Option<u32>, Error> {
    let connection = dial(connect).await.map_err(Error::Connect)?;
    let version = connection.parameter("server_version");
    connection.close().await;
    let major = |version: &str| version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
    Ok(version.as_deref().and_then(major))
}

fn told(
    screen: &mut Screen<'_>,
    report: &LintReport,
    (migrations, directory): (&Migrations, &Path),
    lint: &Lint,
) -> Exit {
    let page =
        || if lint.github { annotations::of(report, directory) } else { page(report, migrations, lint.all) };
    screen.answer(page, || json(report));
    let worst = if lint.strict { LintLevel::Warning } else { LintLevel::Error };
    if report.has(worst) { Exit::Findings } else { Exit::Done }
}

fn page(report: &LintReport, migrations: &Migrations, all: bool) -> String {
    let mut page = String::new();
    for finding in &report.findings {
        let text = text_of(&finding.file, migrations);
        let _ = writeln!(page, "{finding}");
        page.push_str(&excerpt::line(text, finding.from).unwrap_or_default());
        if let Some(help) = &finding.help {
            let _ = writeln!(page, "  help: {help}");
        }
        if let Some(fix) = &finding.fix {
            let lines = fix.lines(text).replace('\n', "\n       ");
            let _ = writeln!(page, "  fix: {lines}");
        }
    }
    page + &summary(report, all)
}

fn text_of<'a>(file: &str, migrations: &'a Migrations) -> &'a str {
    let mut scripts = migrations.all().flat_map(|it| [Some(it.up()), it.down()]).flatten();
    scripts.find(|script| script.file() == file).map_or("", |script| script.sql())
}

fn summary(report: &LintReport, all: bool) -> String {
    let files = text::count(report.files, "file");
    let levels = [LintLevel::Error, LintLevel::Warning, LintLevel::Info];
    let counts =
        levels.map(|level| (report.count(level), level)).into_iter().filter(|(number, _)| *number > 0);
    let counts: Vec<String> = counts.map(|(number, level)| text::count(number, &level.to_string())).collect();
    match (report.files, counts.is_empty()) {
        (0, _) if !all => "nothing is pending\n".to_owned(),
        (_, true) => format!("{files}, nothing found\n"),
        (_, false) => format!("{files}: {}\n", counts.join(", ")),
    }
}

fn json(report: &LintReport) -> Value {
    let findings: Vec<Value> = report.findings.iter().map(finding).collect();
    let count = |level| report.count(level);
    json!({
        "files": report.files,
        "findings": findings,
        "errors": count(LintLevel::Error),
        "warnings": count(LintLevel::Warning),
        "infos": count(LintLevel::Info),
    })
}

fn finding(it: &LintFinding) -> Value {
    let edit = |edit: &LintEdit| {
        json!({
            "line": edit.from.line, "column": edit.from.column,
            "end_line": edit.to.line, "end_column": edit.to.column, "text": edit.text,
        })
    };
    let fix = it.fix.as_ref();
    let fix =
        fix.map(|fix| json!({ "title": fix.title, "edits": fix.edits.iter().map(edit).collect::<Vec<_>>() }));
    json!({
        "file": it.file, "line": it.from.line, "column": it.from.column,
        "end_line": it.to.line, "end_column": it.to.column,
        "rule": it.rule, "level": it.level.to_string(), "message": it.message, "help": it.help, "fix": fix,
    })
}

/// The rules, for the help text.
pub(crate) fn rules() -> String {
    let mut page = "Rules:".to_owned();
    for level in [LintLevel::Error, LintLevel::Warning, LintLevel::Info] {
        let of_level = Linter::rules().filter(|(_, at, is_usual)| *at == level && *is_usual);
        let names: Vec<String> = of_level.map(|(rule, ..)| rule).collect();
        let _ = write!(page, "\n  {level}: {}", names.join(", "));
    }
    let others: Vec<String> =
        Linter::rules().filter(|(.., is_usual)| !is_usual).map(|(rule, ..)| rule).collect();
    let _ = write!(page, "\n  only if asked for: {}", others.join(", "));
    page
}
