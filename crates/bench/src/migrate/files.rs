//! The files, in the way each peer wants them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;

/// How many objects the files have made.
pub(crate) const MADE: &str = "
    select (select count(*) from pg_class where relname ~ '^(t|i)[0-9]+$' and relkind in ('r', 'i'))
         + (select count(*) from pg_proc where proname ~ '^f[0-9]+$')
         + (select count(*) from pg_attribute where attname ~ '^added[0-9]+$')";

/// A directory for each way of naming files.
#[derive(Debug)]
pub(crate) struct Files {
    directory: TempDir,
    count: usize,
}

impl Files {
    pub(crate) fn write(count: usize) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let files = Self { directory, count };
        for path in [files.refinerys(), files.sqlxs(), files.dbmates()] {
            fs::create_dir(&path).with_context(|| format!("making {}", path.display()))?;
        }
        for number in 1..=count {
            let text = text(number);
            fs::write(files.refinerys().join(format!("V{number}__step.sql")), &text)?;
            fs::write(files.sqlxs().join(format!("{number}_step.sql")), &text)?;
            let text = format!("-- migrate:up\n{text}\n-- migrate:down\n");
            // It orders files by their names.
            fs::write(files.dbmates().join(format!("{number:08}_step.sql")), text)?;
        }
        Ok(files)
    }

    /// As refinery and pgkeel name them.
    pub(crate) fn refinerys(&self) -> PathBuf {
        self.at("refinery")
    }

    pub(crate) fn sqlxs(&self) -> PathBuf {
        self.at("sqlx")
    }

    pub(crate) fn dbmates(&self) -> PathBuf {
        self.at("dbmate")
    }

    fn at(&self, name: &str) -> PathBuf {
        Path::join(self.directory.path(), name)
    }

    /// How many objects they make.
    pub(crate) fn expected(&self) -> i64 {
        i64::try_from(self.count).expect("there are fewer files")
    }
}

/// One object each, of the sort that grows with an application.
fn text(number: usize) -> String {
    let table = number - (number - 1) % 5;
    match number % 5 {
        1 => format!(
            "create table t{number} (\n    id bigint generated always as identity primary key,\n    name text not null check (name <> ''),\n    \
             amount numeric(10, 2) not null default 0,\n    made timestamptz not null default now()\n);\n"
        ),
        2 => format!("create index i{number} on t{table} (name, made desc);\n"),
        3 => format!(
            "alter table t{table} add column added{number} text;\ncomment on column t{table}.added{number} is 'later';\n"
        ),
        4 => format!(
            "create function f{number}(n integer) returns bigint language sql stable as $$\n    \
             select count(*) from t{table} where id > n; -- of all\n$$;\n"
        ),
        _ => format!(
            "insert into t{table} (name) select 'row ' || n from generate_series(1, 20) as n;\n\
             create index i{number} on t{table} (amount) where amount > 0;\n"
        ),
    }
}
