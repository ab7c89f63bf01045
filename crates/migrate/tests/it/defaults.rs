//! What a file finds set behind others is what it finds alone, whatever server, database and role have as defaults.

use futures_util::future::join;
use pgkeel_connect::{Connection, Executor as _};
use pgkeel_migrate::{Migrations, Migrator};
use pgkeel_testkit::{TestCluster, TestDatabase, eventually};

use crate::{count, history, migrator};

/// That a server of any major version knows.
const DEFAULTS: [(&str, &str); 16] = [
    ("statement_timeout", "'20s'"),
    ("lock_timeout", "'1ms'"),
    ("idle_in_transaction_session_timeout", "'1ms'"),
    ("client_connection_check_interval", "'20s'"),
    ("default_transaction_isolation", "'serializable'"),
    ("default_transaction_read_only", "on"),
    ("default_transaction_deferrable", "on"),
    ("standard_conforming_strings", "off"),
    ("synchronous_commit", "off"),
    ("search_path", "\"$user\", other, public"),
    ("client_encoding", "'latin1'"),
    ("role", "pg_read_all_data"),
    ("row_security", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("session_replication_role", "replica"),
    ("pgkeel.other", "'it'"),
];

/// Files that each write down by their first statement what they find.
const FILES: [&str; 4] = ["V1__a.sql", "V2__b.sql", "V3__c.sql", "V4__d.sql"];

/// What they have written down, one behind the other, or each in a call of its own.
async fn found(setting: &str, default: &str, is_together: bool) -> Vec<String> {
    let database = TestDatabase::empty().await;
    let (admin, name) = (database.connection().await, database.address().database());
    // The role may do nothing by itself.
    let alter = format!(
        "grant create on database {name} to pg_read_all_data; grant create on schema public to pg_read_all_data;
         alter role current_user in database {name} set {setting} = {default}"
    );
    admin.batch_execute(&alter).await.unwrap();
    let texts = FILES.map(|file| {
        let table = &file[4..5];
        format!(
            r"create table public.{table} as select name, setting from pg_settings
              union all select 'text', 'a\b' union all select 'user', current_user
              union all select 'other', current_setting('pgkeel.other', true);"
        )
    });
    let files: Vec<(&str, &str)> = FILES.into_iter().zip(texts.iter().map(String::as_str)).collect();
    for upto in if is_together { files.len()..=files.len() } else { 1..=files.len() } {
        migrator(&database, &files[..upto]).up().await.unwrap();
    }
    assert_eq!(history(&database).await, [1, 2, 3, 4]);
    let handed_over =
        "select count(*) from pgkeel.migration_log one join pgkeel.migration_log next on one.xmin = next.xmin
        where one.status = 'ok' and next.status = 'running'";
    assert_eq!(count(&database, handed_over).await, if is_together { 3 } else { 0 }, "{setting}");
    let mut found = Vec::new();
    for table in ["a", "b", "c", "d"] {
        let sql =
            format!("select string_agg(name || '=' || setting, ', ' order by name) from public.{table}");
        found.push(admin.query_scalar(&sql, &[]).await.unwrap());
    }
    found
}

#[tokio::test]
async fn behind_others_a_file_finds_what_it_finds_alone() {
    for (setting, default) in DEFAULTS {
        let alone = found(setting, default, false).await;
        assert_eq!(found(setting, default, true).await, alone, "{setting}");
    }
}

/// When the session has read the server's configuration.
async fn loaded(admin: &Connection) -> String {
    admin.query_scalar("select pg_conf_load_time()::text", &[]).await.unwrap()
}

async fn is_loaded_since(admin: &Connection, before: &str) {
    let is_since = async || (loaded(admin).await != before).then_some(());
    eventually("the configuration is read", is_since).await;
}

/// What it needs is what the server begins with, and the second file has that change.
#[tokio::test]
async fn behind_a_change_of_the_configuration_a_file_finds_what_it_finds_alone() {
    let changes = [
        ("statement_timeout", "'1h'", "'100ms'", "select pg_sleep(0.3); create table d ();"),
        ("standard_conforming_strings", "on", "off", r"create table d as select 'a\' as text;"),
    ];
    let reload = "create table seen ();
        select pg_reload_conf();
        do $$ declare looks int = 0; begin
          while not exists (select from public.read) loop
            looks := looks + 1;
            if looks > 6000 then raise 'nobody has read the configuration'; end if;
            perform pg_sleep(0.01);
          end loop;
        end $$;";
    for (setting, before, after, text) in changes {
        let cluster = TestCluster::start().await;
        let admin = cluster.connection().await;
        let alter = async |value: &str| {
            admin.batch_execute(&format!("alter system set {setting} = {value}")).await.unwrap();
        };
        admin.batch_execute("create table public.read (id int); set statement_timeout = 0").await.unwrap();
        let first = loaded(&admin).await;
        alter(before).await;
        admin.batch_execute("select pg_reload_conf()").await.unwrap();
        is_loaded_since(&admin, &first).await;
        let second = loaded(&admin).await;
        alter(after).await;
        let files = [
            ("V1__a.sql", "select 1;"),
            ("V2__b.sql", reload),
            ("V3__c.sql", "select 3;"),
            ("V4__d.sql", text),
            ("V5__e.sql", "select 5;"),
        ];
        let migrator = Migrator::new(cluster.config(), Migrations::from_static(&files).unwrap());
        let migrator = migrator.without_record();
        let seeing = async {
            is_loaded_since(&admin, &second).await;
            admin.batch_execute("insert into public.read values (1)").await.unwrap();
        };
        let (report, ()) = join(migrator.up(), seeing).await;
        assert_eq!(report.unwrap().done.len(), files.len(), "{setting}");
    }
}
