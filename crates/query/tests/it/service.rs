//! A list of a service: what users may ask for, page by page, of the rows of their tenant that are not deleted.

use std::time::SystemTime;

use pgkeel_pool::{Begin as _, Config, Pool};
use pgkeel_query::connect::{Address, Transaction};
use pgkeel_query::input::Request;
use pgkeel_query::page::CursorReason;
use pgkeel_query::{
    CursorKeys, Edges, Entity, Error, Executor as _, FieldSet, KeysetRequest, NewRow, PageRequest, fields,
    tenant,
};
use pgkeel_testkit::TestDatabase;

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "tasks", columns = t, tenant = "tenant", version = "version", soft_delete = "deleted_at")]
struct Task {
    #[pgkeel(id, generated)]
    id: i64,
    tenant: i32,
    title: String,
    due: Option<i32>,
    rank: Option<f64>,
    version: i32,
    deleted_at: Option<SystemTime>,
}

#[derive(NewRow)]
#[pgkeel(entity = Task, columns = t)]
struct NewTask {
    tenant: i32,
    title: &'static str,
}

const TABLE: &str = "create table tasks(id int8 generated always as identity primary key, tenant int4 not null,
        title text not null, due int4, rank float8, version int4 not null default 1, deleted_at timestamptz);
    insert into tasks(tenant, title, due, rank, deleted_at)
    select 1 + n % 2, 'task ' || n % 5, nullif(n % 4, 0), nullif(n % 3, 0)::float8 / 2, case when n % 7 = 0 then now() end
    from generate_series(1, 120) n";

static LIST: FieldSet<Task> = fields! {
    "title" => t::title [eq, contains, sort],
    "due" => t::due [range, is_null, sort],
    "rank" => t::rank [sort],
};

/// A pool of a role that policies hold for.
async fn tasks() -> (TestDatabase, Pool) {
    let database = TestDatabase::empty().await;
    let admin = database.connection().await;
    let role = format!("app_of_{}", database.address().database());
    admin.batch_execute(TABLE).await.unwrap();
    admin.batch_execute(&tenant::policy_sql::<Task>()).await.unwrap();
    let rights = format!("create role {role} login; grant select, insert, update, delete on tasks to {role}");
    admin.batch_execute(&rights).await.unwrap();
    let address = database.address();
    let address = Address::new(address.hosts()[0].clone(), role, address.database());
    let pool = Pool::lazy(Config::new(address).with_size(2, 0).unwrap());
    (database, pool)
}

fn keys() -> CursorKeys {
    CursorKeys::new(&[7; 32]).unwrap()
}

async fn list(
    tx: &impl Transaction,
    of: i32,
    asked: &[(&str, &str)],
    request: KeysetRequest<'_>,
) -> Result<Edges<Task>, Error> {
    tenant::enter(tx, &of).await?;
    let found = Task::repo().query().apply(&LIST, &Request::pairs(asked)).unwrap();
    found.keyset(&keys(), request.bound_to(of.to_be_bytes())).fetch(tx).await
}

async fn walked(tx: &impl Transaction, asked: &[(&str, &str)], is_backward: bool) -> Vec<i64> {
    let (mut walked, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let request = if is_backward {
            KeysetRequest::last(4).before(cursor.as_deref())
        } else {
            KeysetRequest::first(4).after(cursor.as_deref())
        };
        let page = list(tx, 1, asked, request).await.unwrap();
        let info = page.page_info.clone();
        let mut ids: Vec<i64> = page.into_nodes().map(|task| task.id).collect();
        if is_backward {
            ids.reverse();
        }
        walked.append(&mut ids);
        let (more, end) = if is_backward {
            (info.has_previous_page, info.start_cursor)
        } else {
            (info.has_next_page, info.end_cursor)
        };
        if !more {
            break;
        }
        cursor = end;
    }
    if is_backward {
        walked.reverse();
    }
    walked
}

#[tokio::test]
async fn pages_of_a_users_sort_have_every_row_once_where_columns_have_null() {
    let (_database, pool) = tasks().await;
    let mut session = pool.session().await.unwrap();
    let tx = session.begin().await.unwrap();
    for sort in ["due", "-due", "rank", "-rank,due", "due,-rank", "title,-due", "-due,-rank,-title"] {
        for filter in [("filter[title][contains]", "task"), ("filter[due][is_null]", "false")] {
            let asked = [("sort", sort), filter];
            tenant::enter(&tx, &1).await.unwrap();
            let all = Task::repo().query().apply(&LIST, &Request::pairs(&asked)).unwrap();
            let id =
                if sort.rsplit(',').next().unwrap().starts_with('-') { t::id.desc() } else { t::id.asc() };
            let all = all.order_by(id).fetch_all(&tx).await.unwrap();
            assert!(all.iter().all(|task| task.tenant == 1 && task.deleted_at.is_none()));
            let all: Vec<i64> = all.iter().map(|task| task.id).collect();
            assert!(all.len() > 20, "{}", all.len());
            assert_eq!(walked(&tx, &asked, false).await, all, "{asked:?}");
            assert_eq!(walked(&tx, &asked, true).await, all, "{asked:?} backwards");
        }
    }
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn a_cursor_of_another_tenant_scope_or_filter_is_refused() {
    let (_database, pool) = tasks().await;
    let mut session = pool.session().await.unwrap();
    let tx = session.begin().await.unwrap();
    let asked = [("sort", "due"), ("filter[title]", "task 1")];
    let cursor = list(&tx, 1, &asked, KeysetRequest::first(2)).await.unwrap().page_info.end_cursor.unwrap();
    let request = || KeysetRequest::first(2).after(&*cursor);
    assert!(list(&tx, 1, &asked, request()).await.is_ok());
    let other = [("sort", "due"), ("filter[title]", "task 2")];
    let refused = [list(&tx, 2, &asked, request()).await, list(&tx, 1, &other, request()).await];
    let select = Task::repo().with_deleted().query().apply(&LIST, &Request::pairs(&asked)).unwrap();
    let scope = select.keyset(&keys(), request().bound_to(1_i32.to_be_bytes())).fetch(&tx).await;
    for refused in refused.into_iter().chain([scope]) {
        let error = refused.unwrap_err();
        assert!(
            matches!(&error, Error::Cursor(cursor) if cursor.reason() == CursorReason::OtherStatement),
            "{error:?}"
        );
    }
    let shown = format!("{:?}", KeysetRequest::first(2).after("Zanzibar").bound_to("Zanzibar"));
    assert!(shown.contains("has_after: true") && !shown.contains("Zanzibar"), "{shown}");
    assert!(!shown.contains("90, 97, 110"), "neither in bytes: {shown}");
}

#[tokio::test]
async fn a_page_of_a_repository_leaves_out_what_is_deleted_and_counts_without_it() {
    let (_database, pool) = tasks().await;
    let mut session = pool.session().await.unwrap();
    let tx = session.begin().await.unwrap();
    tenant::enter(&tx, &1).await.unwrap();
    let task = Task::repo().insert(&tx, &NewTask { tenant: 1, title: "last" }).await.unwrap();
    let seen = || Task::repo().query().order_by(t::id.asc());
    let before = seen().page(PageRequest::offset(1, 10)).fetch(&tx).await.unwrap();
    Task::repo().delete_row(&tx, &task).await.unwrap();
    let after = seen().page(PageRequest::offset(1, 10)).fetch(&tx).await.unwrap();
    assert_eq!(before.total.rows().map(|rows| rows - 1), after.total.rows());
    let last = seen().page(PageRequest::offset(after.pages().unwrap(), 10)).fetch(&tx).await.unwrap();
    assert!(!last.items.is_empty() && last.items.iter().all(|seen| seen.id != task.id && seen.tenant == 1));
    let all = Task::repo().with_deleted().query().page(PageRequest::offset(1, 10)).fetch(&tx).await.unwrap();
    assert!(all.total.rows() > before.total.rows());
    let _ = |task: Task| (task.title, task.due, task.rank, task.version);
}
