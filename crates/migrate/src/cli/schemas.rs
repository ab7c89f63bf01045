//! The verbs that show schemas: `snapshot` and `diff`.

use std::path::{Path, PathBuf};

use pgkeel_connect::{Address, Config, dial};
use serde_json::{Value, json};

use super::checks::Page;
use super::exit::Exit;
use super::screen::Screen;
use crate::drift::made_by;
use crate::{Differences, LockFile, Migrations, Scope, Snapshot, Stop, VerifyError};

/// One side of a comparison, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Side {
    /// The database that the program's settings name.
    Database,
    /// What the migrations make of an empty database.
    Files,
    /// What `snapshot` wrote.
    Written(PathBuf),
    /// The address of another database.
    Other(String),
}

impl Side {
    /// From a word of the command line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "database" => Ok(Self::Database),
            "files" => Ok(Self::Files),
            url if url.contains("://") || url.contains('=') => {
                // Found out now, so that a wrong one is a wrong command line.
                url.parse::<Address>().map(|_| Self::Other(url.to_owned())).map_err(|error| error.to_string())
            }
            path => Ok(Self::Written(path.into())),
        }
    }

    async fn read(
        &self,
        connect: &Config,
        migrations: &Migrations,
        scope: &Scope,
        stop: &Stop,
    ) -> Result<Snapshot, VerifyError> {
        match self {
            Self::Database => taken(connect, scope).await,
            Self::Other(address) => {
                let address = address.parse().expect("it was parsed before");
                taken(&Config::new(address), scope).await
            }
            Self::Written(path) => read(path),
            Self::Files => made_by(connect, migrations.clone(), scope, stop).await,
        }
    }
}

async fn taken(connect: &Config, scope: &Scope) -> Result<Snapshot, VerifyError> {
    let connect = connect.clone().with_application_name("pgkeel-snapshot");
    let connection = dial(&connect).await.map_err(VerifyError::Connect)?;
    let taken = Snapshot::take(&connection, scope).await;
    connection.close().await;
    taken
}

fn read(path: &Path) -> Result<Snapshot, VerifyError> {
    let no_access = |source| VerifyError::SnapshotFile { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(no_access)?;
    Snapshot::parse(&text).map_err(|problem| VerifyError::BadSnapshotFile { path: path.to_owned(), problem })
}

/// That of the lock file, if there is one.
fn scope(directory: &Path) -> Result<Scope, VerifyError> {
    Ok(LockFile::read(directory)?.map_or_else(Scope::default, |lock| lock.scope().clone()))
}

pub(super) async fn snapshot(
    screen: &mut Screen<'_>,
    (connect, directory): (Config, &Path),
    output: Option<&Path>,
) -> Exit {
    let written = async {
        let snapshot = taken(&connect, &scope(directory)?).await?;
        if let Some(path) = output {
            let no_access = |source| VerifyError::SnapshotFile { path: path.to_owned(), source };
            std::fs::write(path, snapshot.to_text()).map_err(no_access)?;
        }
        Ok(snapshot)
    };
    match written.await {
        Ok(snapshot) => {
            screen.answer(
                || match output {
                    Some(path) => {
                        let (objects, fingerprint) = (snapshot.len(), snapshot.fingerprint());
                        format!("{} was written, {objects} objects, {fingerprint}\n", path.display())
                    }
                    None => snapshot.to_text(),
                },
                || in_json(&snapshot, output.is_none()),
            );
            Exit::Done
        }
        Err(error) => screen.fail_to_verify(&error),
    }
}

fn in_json(snapshot: &Snapshot, with_objects: bool) -> Value {
    let object = |object: &crate::Object| {
        let attributes: serde_json::Map<String, Value> =
            snapshot.attributes(object).map(|(name, value)| (name.to_owned(), value.into())).collect();
        json!({ "kind": object.kind(), "name": object.name(), "of": object.of(), "attributes": attributes })
    };
    let objects = with_objects.then(|| snapshot.objects().map(object).collect::<Vec<_>>());
    json!({
        "postgresql": snapshot.major(),
        "fingerprint": snapshot.fingerprint().to_string(),
        "count": snapshot.len(),
        "objects": objects,
    })
}

pub(super) async fn diff(
    screen: &mut Screen<'_>,
    (connect, migrations, directory): (Config, Migrations, &Path),
    (sides, page): (&[Side; 2], Page),
    stop: &Stop,
) -> Exit {
    let compared = async {
        let scope = scope(directory)?;
        let expected = sides[0].read(&connect, &migrations, &scope, stop).await?;
        let found = sides[1].read(&connect, &migrations, &scope, stop).await?;
        if expected.fingerprint() != found.fingerprint() && expected.major() != found.major() {
            return Err(VerifyError::OtherMajor { expected: expected.major(), found: found.major() });
        }
        Ok(Differences::between(&expected, &found))
    };
    match compared.await {
        Ok(differences) => {
            let text = || match page {
                _ if differences.is_empty() => "no difference\n".to_owned(),
                Page::Text => differences.to_string(),
                Page::Markdown => differences.to_markdown(),
            };
            let json = || json!({ "equal": differences.is_empty(), "differences": differences.to_json() });
            screen.answer(text, json);
            if differences.is_empty() { Exit::Done } else { Exit::Differs }
        }
        Err(error) => screen.fail_to_verify(&error),
    }
}
