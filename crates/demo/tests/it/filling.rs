//! What a demo holds once it is whole.

use pgkeel_connect::{Connection, Executor as _, dial};
use pgkeel_demo::{Event, Progress, Step, Target, prepare, schema};
use pgkeel_migrate::Migrator;
use pgkeel_testkit::TestDatabase;

use crate::halt::small;

async fn count(connection: &Connection, rows: &str) -> i64 {
    connection.query_scalar(&format!("select count(*) from {rows}"), &[]).await.expect(rows)
}

/// What no plausible shop has; the constraints of the schema forbid more.
const IMPLAUSIBLE: &[&str] = &[
    "orders o join customers c on c.id = customer_id where o.created_at < c.created_at",
    "orders where placed_at < created_at or placed_at > now() or created_at < now() - interval '2 years 1 day'",
    "orders where number <> to_char(created_at, 'YYYY') || '-' || lpad(id::text, 6, '0')",
    "orders where (status = 'draft') <> (placed_at is null)",
    "orders where not exists (select from order_lines where order_id = orders.id)",
    "orders where shipping ->> 'name' is null or shipping ->> 'city' is null or shipping ->> 'street' is null",
    "orders o join customers c on c.id = customer_id where o.created_at > c.closed_at",
    "orders where status in ('placed', 'paid', 'shipped') and placed_at < now() - interval '30 days'",
    "(select o.id, sum(amount) as total from orders o join order_lines l on l.order_id = o.id
        where status in ('paid', 'shipped', 'delivered') group by o.id) o
     left join (select order_id, sum(amount) filter (where status = 'captured') as paid,
        bool_or(status = 'refunded') as is_refunded from payments group by order_id) p on p.order_id = o.id
     where paid is distinct from total and is_refunded is not true",
    "payments p join orders o on o.id = order_id where o.status = 'draft' or p.created_at < o.placed_at",
    "payments where captured_at < created_at or captured_at > now() or (status <> 'pending' and response is null)",
    "audit_log where actor not in ('checkout', 'warehouse', 'accounts', 'customer', 'privacy') or before = '{}'",
    "customers where search = '' or email ~ '[^a-z0-9.@]' or preferences ->> 'theme' is null",
];

/// What every shop has some of.
const PLAUSIBLE: &[&str] = &[
    "orders where status = 'draft'",
    "orders where status = 'placed'",
    "orders where status = 'paid'",
    "orders where status = 'shipped'",
    "orders where status = 'delivered'",
    "orders where status = 'cancelled'",
    "orders where channel = 'phone' and note is not null",
    "payments where status = 'pending' and response is null",
    "payments where status = 'failed'",
    "payments where status = 'refunded' and captured_at is not null",
    "payments where method = 'transfer'",
    "order_lines where discount > 0 and cardinality(options) > 1",
    "customers where closed_at is not null",
    "customers where 'vip' = any (tags)",
    "customers where country <> 'DE'",
    "audit_log where action = 'delete'",
    "audit_log where table_name = 'payments'",
    "pg_stat_user_tables where n_dead_tup > 100",
    "pg_stats where schemaname = 'public' and tablename = 'order_lines' and attname = 'sku'",
];

#[tokio::test]
async fn at_full_size_every_table_is_plausible_and_there_are_100_000_rows() {
    let server = TestDatabase::empty().await;
    let target = Target::new_database(&format!("whole_{}", std::process::id())).unwrap();
    let demo = prepare(&server.config(), &target, |_| {}).await.unwrap();
    assert!(demo.rows() >= 100_000 && !demo.is_used_again(), "{demo:?}");
    let connection = dial(demo.connect()).await.unwrap();
    let mut rows = 0;
    for (table, least) in [
        ("customers", 4_000),
        ("orders", 29_000),
        ("order_lines", 70_000),
        ("payments", 27_000),
        ("audit_log", 9_000),
    ] {
        let counted = count(&connection, table).await;
        assert!(counted >= least, "{table} has {counted} rows");
        rows += counted;
    }
    assert_eq!(u64::try_from(rows).unwrap(), demo.rows());
    for rows in IMPLAUSIBLE {
        assert_eq!(count(&connection, rows).await, 0, "{rows}");
    }
    for rows in PLAUSIBLE {
        assert!(count(&connection, rows).await > 0, "{rows}");
    }
    let estimated = "pg_stat_user_tables t join (select 'audit_log' as name, count(*) as rows from audit_log
        union all select 'orders', count(*) from orders) counted on t.relname = name where n_live_tup = rows";
    assert_eq!(count(&connection, estimated).await, 2, "the server's figures are those of the tables");
    let status = Migrator::new(demo.connect().clone(), schema().unwrap()).status().await.unwrap();
    assert!(status.pending.is_empty() && status.conflicts.is_empty(), "{status:?}");
}

#[tokio::test]
async fn two_fillings_hold_the_same_rows_but_for_the_time() {
    let server = TestDatabase::empty().await;
    let mut seen = Vec::new();
    for name in ["once", "twice"] {
        let demo = prepare(&server.config(), &small(name), |_| {}).await.unwrap();
        let connection = dial(demo.connect()).await.unwrap();
        let sql = "select (select md5(string_agg(email || country || tags::text, ',' order by id)) from customers)
            || (select md5(string_agg(customer_id || channel::text || coalesce(note, ''), ',' order by id)) from orders)
            || (select md5(string_agg(sku || amount, ',' order by order_id, line)) from order_lines)";
        let digest: String = connection.query_scalar(sql, &[]).await.unwrap();
        seen.push((demo.rows(), digest));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn progress_goes_forward_through_all_steps_and_ends_with_everything() {
    let server = TestDatabase::empty().await;
    let mut told: Vec<Progress> = Vec::new();
    let observe = |event: Event<'_>| {
        if let Event::Progress(now) = event {
            told.push(now);
        }
    };
    let demo = prepare(&server.config(), &small("progress"), observe).await.unwrap();
    assert!(told.is_sorted_by_key(|now| now.done) && told.iter().all(|now| now.total == told[0].total));
    let last = told.last().unwrap();
    assert_eq!((last.step, last.percent()), (Step::Name, 100));
    let mut steps: Vec<Step> = told.iter().map(|now| now.step).collect();
    steps.dedup();
    let expected = [
        Step::Create,
        Step::Reserve,
        Step::Migrate,
        Step::Customers,
        Step::Orders,
        Step::OrderLines,
        Step::Payments,
        Step::History,
        Step::Analyze,
        Step::Name,
    ];
    assert_eq!(steps, expected);
    // What was deleted again was written too, so this is near, not equal.
    assert!(last.total.abs_diff(demo.rows()) < last.total / 20, "{} of {}", demo.rows(), last.total);
}
