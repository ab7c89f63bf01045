//! Tenants that are held apart by the database: nothing is seen of another, whatever is forgotten, cancelled or breaks.

use pgkeel_pool::{Config, Pool, Transaction as _};
use pgkeel_query::connect::{Address, Begin as _, Connection};
use pgkeel_query::tenant::{self, Gap};
use pgkeel_query::{Entity, Error, Executor, NewRow, sql};
use pgkeel_testkit::{Random, TestDatabase, scaled};

#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "app.notes", columns = n, tenant = "tenant")]
struct Note {
    #[pgkeel(id, generated)]
    id: i64,
    tenant: i32,
    word: String,
}

#[derive(NewRow)]
#[pgkeel(entity = Note, columns = n)]
struct NewNote {
    tenant: i32,
    word: &'static str,
}

#[derive(Debug, Entity)]
#[pgkeel(table = "app.words", tenant = "owner")]
struct Word {
    #[pgkeel(id)]
    owner: String,
}

const TABLES: &str =
    "create schema app; create table app.notes(id int8 generated always as identity primary key,
        tenant int4 not null, word text not null);
    create table app.words(owner text primary key);
    insert into app.notes(tenant, word) values (1, 'one'), (2, 'two'), (2, 'three')";

/// A database with a role that neither owns tables nor is a superuser.
async fn database() -> (TestDatabase, Connection, String) {
    let database = TestDatabase::empty().await;
    let admin = database.connection().await;
    let role = format!("app_of_{}", database.address().database());
    admin.batch_execute(TABLES).await.unwrap();
    let rights = format!(
        "create role {role} login; grant usage on schema app to {role};
         grant select, insert, update, delete on all tables in schema app to {role}"
    );
    admin.batch_execute(&rights).await.unwrap();
    (database, admin, role)
}

async fn held_apart() -> (TestDatabase, Connection, String) {
    let (database, admin, role) = database().await;
    admin.batch_execute(&tenant::policy_sql::<Note>()).await.unwrap();
    admin.batch_execute(&tenant::policy_sql::<Word>()).await.unwrap();
    (database, admin, role)
}

fn pool_of(database: &TestDatabase, role: &str, sessions: u32) -> Pool {
    let address = database.address();
    let address = Address::new(address.hosts()[0].clone(), role, address.database());
    Pool::lazy(Config::new(address).with_size(sessions, 0).unwrap())
}

async fn all(on: &impl Executor) -> Vec<(i32, String)> {
    Note::select((n::tenant, n::word)).order_by(n::word.asc()).fetch_all(on).await.unwrap()
}

fn is_refused(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() == "42501")
}

#[tokio::test]
async fn a_tenant_sees_and_writes_its_own_rows_and_nobody_else_any() {
    let (database, admin, role) = held_apart().await;
    let pool = pool_of(&database, &role, 1);
    assert!(all(&pool).await.is_empty(), "no tenant, no row");
    let notes = Note::repo();
    assert!(is_refused(&notes.insert(&pool, &NewNote { tenant: 1, word: "x" }).await.unwrap_err()));
    assert_eq!(sql!("update app.notes set word = 'x'").execute(&pool).await.unwrap(), 0);
    assert_eq!(Note::delete().all_rows().execute(&pool).await.unwrap(), 0);

    let seen = pool.transaction(|tx| async move {
        tenant::enter(&tx, &2).await?;
        notes.insert(&tx, &NewNote { tenant: 2, word: "own" }).await?;
        assert_eq!(Note::update().set(n::word, "mine").filter(n::tenant.eq(1)).execute(&tx).await?, 0);
        let inner = (&tx).begin().await?;
        let moved =
            Note::update().set(n::tenant, 1).filter(n::word.eq("own")).execute(&inner).await.unwrap_err();
        assert!(is_refused(&moved), "{moved:?}");
        inner.rollback().await?;
        let inner = (&tx).begin().await?;
        tenant::enter(&inner, &1).await?;
        assert_eq!(all(&inner).await, [(1, "one".to_owned())]);
        inner.rollback().await?;
        Ok::<_, Error>(all(&tx).await)
    });
    let own = ["own", "three", "two"].map(|word| (2, word.to_owned()));
    assert_eq!(seen.await.unwrap(), own);
    assert!(all(&pool).await.is_empty(), "it ended with the transaction");
    for nobody in ["", "3"] {
        let seen = pool.transaction(|tx| async move {
            tenant::enter(&tx, nobody).await?;
            Ok::<_, Error>(all(&tx).await)
        });
        assert!(seen.await.unwrap().is_empty());
    }
    let odd = pool.transaction(|tx| async move {
        tenant::enter(&tx, "1; reset role").await?;
        Note::repo().list(&tx, (), n::id.asc(), 9).await
    });
    let odd = odd.await.unwrap_err();
    assert_eq!(odd.code().map(|code| code.code().to_owned()), Some("22P02".to_owned()));
    assert!(!format!("{odd:?}").contains("reset role"), "{odd:?}");
    assert_eq!(all(&admin).await.len(), 4, "a superuser sees all");
}

#[tokio::test]
async fn a_text_with_quotes_is_a_tenant_like_any_other() {
    let (database, admin, role) = held_apart().await;
    let pool = pool_of(&database, &role, 1);
    let odd = "O'Brien\"; drop table app.words; --\\";
    sql!("insert into app.words values ({odd}), ('other')").execute(&admin).await.unwrap();
    let seen = pool.transaction(|tx| async move {
        tenant::enter(&tx, odd).await?;
        Word::query().fetch_one(&tx).await
    });
    assert_eq!(seen.await.unwrap().owner, odd);
}

#[tokio::test]
async fn an_index_on_the_tenant_is_used() {
    let (_database, admin, role) = held_apart().await;
    let fill = "create index on app.notes (tenant); grant select on app.notes to public;
        insert into app.notes(tenant, word) select 100 + k % 1000, 'w' from generate_series(1, 20000) as k; analyze app.notes";
    admin.batch_execute(fill).await.unwrap();
    admin.batch_execute(&format!("set role {role}")).await.unwrap();
    let plan = sql!("select count(*) from app.notes").explain().estimate(&admin).await.unwrap();
    plan.assert_index_used("notes_tenant_idx");
}

/// What one of many tasks does; some of them break.
async fn one(pool: Pool, random: Random) -> Result<(), Error> {
    let mut random = random;
    let (tenant, ends) = (1 + i32::try_from(random.below(2)).unwrap(), random.below(8));
    if ends == 0 {
        assert!(all(&pool).await.is_empty(), "nobody's transaction sees nothing");
        assert!(is_refused(
            &Note::repo().insert(&pool, &NewNote { tenant, word: "nobody" }).await.unwrap_err()
        ));
        return Ok(());
    }
    let work = pool.transaction(|tx| async move {
        tenant::enter(&tx, &tenant).await?;
        let word = if tenant == 1 { "first" } else { "second" };
        Note::repo().insert(&tx, &NewNote { tenant, word }).await?;
        let foreign = all(&tx).await.into_iter().filter(|note| note.0 != tenant).count();
        assert_eq!(foreign, 0, "a filter was forgotten, and none of another's rows is seen");
        if ends == 1 {
            // Without the hook, which would print each.
            std::panic::resume_unwind(Box::new("some panic"));
        }
        if ends == 2 {
            let foreign = Note::repo().insert(&tx, &NewNote { tenant: 3 - tenant, word: "foreign" }).await;
            assert!(is_refused(foreign.as_ref().unwrap_err()));
            foreign?;
        }
        Ok::<_, Error>(())
    });
    work.await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_gets_through_with_tasks_that_break_and_are_cancelled() {
    let (database, admin, role) = held_apart().await;
    admin.batch_execute("truncate app.notes").await.unwrap();
    let pool = pool_of(&database, &role, 4);
    let random = Random::seeded();
    let tasks = (0..100).map(|number| {
        let (pool, mut random) = (pool.clone(), random.fork(number));
        tokio::spawn(async move {
            let (mut done, mut cancelled, mut panicked) = (0, 0, 0);
            for turn in 0..scaled(2, 60) {
                let task = tokio::spawn(one(pool.clone(), random.fork(turn)));
                if random.below(3) == 0 {
                    for _ in 0..random.below(400) {
                        tokio::task::yield_now().await;
                    }
                    task.abort();
                }
                match task.await {
                    Ok(Ok(())) => done += 1,
                    Ok(Err(error)) => assert!(is_refused(&error), "{error:?}"),
                    Err(error) if error.is_cancelled() => cancelled += 1,
                    Err(error) => {
                        let said = error.into_panic();
                        assert_eq!(said.downcast_ref::<&str>(), Some(&"some panic"), "a check failed");
                        panicked += 1;
                    }
                }
            }
            (done, cancelled, panicked)
        })
    });
    let mut all_of_it = (0, 0, 0);
    for task in tasks.collect::<Vec<_>>() {
        let (done, cancelled, panicked) = task.await.unwrap();
        all_of_it = (all_of_it.0 + done, all_of_it.1 + cancelled, all_of_it.2 + panicked);
    }
    println!("done, cancelled, panicked: {all_of_it:?}");
    assert!(all_of_it.0 > 0 && all_of_it.1 > 0 && all_of_it.2 > 0, "{all_of_it:?}");
    let mixed = sql!("select count(*) from app.notes where (tenant = 1) <> (word = 'first')");
    assert_eq!(mixed.scalar::<i64>(&admin).await.unwrap(), 0);
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(pool.session().await.unwrap());
    }
    for session in &sessions {
        let left = sql!("select coalesce(current_setting('pgkeel.tenant', true), '')");
        assert_eq!(left.scalar::<String>(session).await.unwrap(), "");
        assert!(all(session).await.is_empty());
    }
}

async fn gaps(on: &impl Executor) -> Vec<Gap> {
    let found = tenant::verify(on, &[Note::FACTS]).await.unwrap();
    assert!(found.iter().all(|finding| finding.table == "app.notes" && !finding.to_string().is_empty()));
    found.into_iter().map(|finding| finding.gap).collect()
}

#[tokio::test]
async fn what_leaves_a_door_open_is_found() {
    let (database, admin, role) = database().await;
    let app = database.connection().await;
    app.batch_execute(&format!("set role {role}")).await.unwrap();
    assert_eq!(gaps(&app).await, [Gap::NotEnabled, Gap::NotForced, Gap::NoPolicy]);
    admin.batch_execute(&tenant::policy_sql::<Note>()).await.unwrap();
    admin.batch_execute(&tenant::policy_sql::<Word>()).await.unwrap();
    assert!(tenant::verify(&app, &[Note::FACTS, Word::FACTS]).await.unwrap().is_empty());
    assert_eq!(gaps(&admin).await, [Gap::Superuser, Gap::BypassRls]);

    let named = |make: fn(String) -> Gap, policy: &str| make(policy.to_owned());
    let changes: [(&str, &str, Vec<Gap>); 8] = [
        (
            "alter table app.notes no force row level security",
            "alter table app.notes force row level security",
            vec![Gap::NotForced],
        ),
        (
            "alter table app.notes disable row level security",
            "alter table app.notes enable row level security",
            vec![Gap::NotEnabled],
        ),
        ("alter role ROLE bypassrls", "alter role ROLE nobypassrls", vec![Gap::BypassRls]),
        (
            "alter table app.notes owner to ROLE",
            "alter table app.notes owner to current_user",
            vec![Gap::Owner],
        ),
        (
            "create policy half on app.notes using (tenant::text = current_setting('pgkeel.tenant', true))",
            "drop policy half on app.notes",
            vec![named(|policy| Gap::NoCheck { policy }, "half")],
        ),
        (
            "create policy open on app.notes using (true) with check (tenant > 0)",
            "drop policy open on app.notes",
            vec![named(|policy| Gap::Open { policy }, "open")],
        ),
        (
            "create policy reads on app.notes for select; create policy other on app.notes to pg_monitor using (true)",
            "drop policy reads on app.notes; drop policy other on app.notes",
            vec![named(|policy| Gap::NoUsing { policy }, "reads")],
        ),
        ("alter table app.notes rename to gone", "alter table app.gone rename to notes", vec![Gap::Missing]),
    ];
    for (change, back, expected) in changes {
        admin.batch_execute(&change.replace("ROLE", &role)).await.unwrap();
        assert_eq!(gaps(&app).await, expected, "{change}");
        admin.batch_execute(&back.replace("ROLE", &role)).await.unwrap();
        assert_eq!(gaps(&app).await, [], "{back}");
    }
    let restrictive = "create policy open on app.notes using (true) with check (true);
        create policy narrow on app.notes as restrictive using (tenant::text = current_setting('pgkeel.tenant', true))";
    admin.batch_execute(restrictive).await.unwrap();
    assert_eq!(gaps(&app).await, [], "what one lets through the other holds back");
}
