use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use pgkeel_connect::{Address, Config, Connection, Executor as _, Ident};
use tokio::sync::{Mutex, OnceCell};

use crate::environment;
use crate::server::{self, Server, run};

/// Databases to copy from, by the name of their migrations.
static TEMPLATES: Mutex<BTreeMap<&'static str, Ident>> = Mutex::const_new(BTreeMap::new());

/// A database of one's own, on the server of this test process. Dropped with this value, sessions and all.
#[derive(Debug)]
pub struct TestDatabase {
    name: Ident,
    address: Address,
    server: Address,
    onlooker: OnceCell<Connection>,
}

impl TestDatabase {
    /// A database with nothing in it.
    ///
    /// # Panics
    /// If there is no PostgreSQL on the machine, saying how to install one.
    pub async fn empty() -> Self {
        Self::copy_of(server::server().await, &Ident::new("template1").expect("a name")).await
    }

    /// A copy of a database that was migrated once in this process, under this name.
    ///
    /// # Panics
    /// As [`empty`](Self::empty), and if `migrate` does.
    pub async fn migrated(name: &'static str, migrate: impl AsyncFnOnce(&Connection)) -> Self {
        let server = server::server().await;
        let mut templates = TEMPLATES.lock().await;
        let template = if let Some(template) = templates.get(name) {
            template.clone()
        } else {
            let template = make_template(server, migrate).await;
            templates.insert(name, template.clone());
            template
        };
        drop(templates);
        Self::copy_of(server, &template).await
    }

    async fn copy_of(server: &Server, template: &Ident) -> Self {
        let name = new_name("test");
        create(&server.admin().await, &name, template).await;
        let address = server.address.clone().with_database(name.name());
        if environment::keeps_databases() {
            eprintln!("PGKEEL_TEST_KEEP: {address}");
        }
        Self { name, address, server: server.address.clone(), onlooker: OnceCell::new() }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// How to connect to it.
    #[must_use]
    pub fn config(&self) -> Config {
        Config::new(self.address.clone())
    }

    /// A connection of its own to it, for looking at what others do.
    pub async fn connection(&self) -> Connection {
        server::admin(&self.address).await
    }

    /// The one connection for looking at what others do, opened by the first who looks. Its session should stay as it is.
    pub async fn onlooker(&self) -> &Connection {
        self.onlooker.get_or_init(|| self.connection()).await
    }
}

async fn make_template(server: &Server, migrate: impl AsyncFnOnce(&Connection)) -> Ident {
    let (admin, template) = (server.admin().await, new_name("template"));
    create(&admin, &template, &Ident::new("template1").expect("a name")).await;
    let address = server.address.clone().with_database(template.name());
    migrate(&server::admin(&address).await).await;
    // With a session in it nobody could copy it.
    run(&admin, &format!("alter database {template} allow_connections false is_template true")).await;
    template
}

/// Copying files beats writing them through the log where nothing is synced to disk.
async fn create(admin: &Connection, name: &Ident, template: &Ident) {
    let version: i32 = admin
        .query_scalar("select current_setting('server_version_num')::int", &[])
        .await
        .expect("every server knows its version");
    let strategy = if version >= 150_000 { " strategy file_copy" } else { "" };
    run(admin, &format!("create database {name} template {template}{strategy}")).await;
}

fn new_name(kind: &str) -> Ident {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Ident::new(format!("{kind}_{}_{count}", std::process::id())).expect("a name")
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if environment::keeps_databases() {
            return;
        }
        let (server, sql) = (self.server.clone(), format!("drop database {} with (force)", self.name));
        // A thread of its own: this may be dropped inside a runtime, which must not block on another.
        let dropping = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let dropped = runtime.block_on(async {
                let admin = pgkeel_connect::dial(&Config::new(server)).await?;
                // sql: DROP DATABASE has no parameters; the name is quoted
                admin.batch_execute(&sql).await
            });
            if let Err(error) = dropped {
                eprintln!("a test database stays until its server ends: {error}");
            }
        });
        wait_for_the_oldest(dropping);
    }
}

/// So many are dropped beside what tests do, as nobody knows them any more. What is not dropped by the end of the process goes
/// with its server.
const AT_ONCE: usize = 4;

fn wait_for_the_oldest(dropping: JoinHandle<()>) {
    static DROPPING: StdMutex<VecDeque<JoinHandle<()>>> = StdMutex::new(VecDeque::new());
    let mut all = DROPPING.lock().expect("nothing here panics");
    all.push_back(dropping);
    let oldest = if all.len() > AT_ONCE { all.pop_front() } else { None };
    drop(all);
    if let Some(oldest) = oldest {
        oldest.join().expect("dropping a database does not panic");
    }
}
