//! Pages, batches and streams of statements of several tables, and of what is computed in them.

use pgkeel_query::connect::{Begin as _, Connection, Executor as _};
use pgkeel_query::input::Request;
use pgkeel_query::page::{PageProblem, Total};
use pgkeel_query::relation::{BadStatement, Whole, Window, count, exists, lower, named, row_number, sum};
use pgkeel_query::{Alias, CountMode, Entity, Error, FieldSet, KeysetRequest, PageRequest, Select, fields};
use pgkeel_testkit::TestDatabase;

use crate::keyset::cursors;

#[derive(Debug, Clone, PartialEq, Entity)]
#[pgkeel(table = "users", columns = u)]
struct User {
    #[pgkeel(id)]
    id: i64,
    name: String,
    team: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[pgkeel(table = "teams", columns = t)]
struct Team {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(unique)]
    code: String,
    name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[pgkeel(table = "notes", columns = n)]
struct Note {
    text: String,
}

type Boss = Alias<User, 0>;
type Members = Select<'static, (User, Option<Team>), Whole>;
type Member = (User, Option<Team>);

/// Users have none, one or several teams; names are alike.
const TABLES: &str = "create table users(id int8, name text, team int8);
    create table teams(id int8, code text, name text);
    create table notes(text text);
    insert into teams select n, 'c' || n, case when n % 3 > 0 then 'T' || n % 2 end from generate_series(1, 7) n;
    insert into users select n, 'U' || n % 4, nullif(n % 6, 0) from generate_series(1, 40) n";

async fn filled() -> (TestDatabase, Connection) {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    (database, connection)
}

fn members() -> Members {
    User::query().left_join::<Team>(u::team.ge_expr(t::id) & t::id.ne(2))
}

/// Statements, and the same with all of the order that their pages have.
fn ordered() -> Vec<(Members, Members)> {
    let up = |statement: Members| (statement.clone(), statement.order_by(u::id.asc()).order_by(t::id.asc()));
    let down =
        |statement: Members| (statement.clone(), statement.order_by(u::id.desc()).order_by(t::id.desc()));
    vec![
        up(members()),
        up(members().order_by(t::name.asc()).order_by(u::name.asc())),
        up(members().order_by(u::name.desc()).order_by(t::name.asc().nulls_first())),
        down(members().order_by(u::name.asc()).order_by(t::name.desc())),
        down(members().order_by(t::id.desc().nulls_last())),
        down(members().order_by(u::id.desc())),
        (members().order_by(t::code.asc()).order_by(u::name.desc()), {
            members().order_by(t::code.asc()).order_by(u::name.desc()).order_by(u::id.desc())
        }),
    ]
}

#[tokio::test]
async fn joined_rows_are_walked_from_either_end_without_gap_or_repeat() {
    let (_database, connection) = filled().await;
    let cursors = cursors();
    for (statement, whole) in ordered() {
        let expected: Vec<Member> = whole.fetch_all(&connection).await.unwrap();
        assert!(expected.len() > 60 && expected.iter().any(|(_, team)| team.is_none()));
        for size in [1, 7, 200] {
            let (mut walked, mut after) = (Vec::new(), None::<String>);
            loop {
                let request = KeysetRequest::first(size).after(after.as_deref());
                let page = statement.clone().keyset(&cursors, request).fetch(&connection).await.unwrap();
                let info = page.page_info.clone();
                walked.extend(page.into_nodes());
                after = info.end_cursor.filter(|_| info.has_next_page);
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(walked, expected, "{statement:?}");
            let (mut walked, mut before) = (Vec::new(), None::<String>);
            loop {
                let request = KeysetRequest::last(size).before(before.as_deref());
                let page = statement.clone().keyset(&cursors, request).fetch(&connection).await.unwrap();
                let info = page.page_info.clone();
                walked.splice(0..0, page.into_nodes());
                before = info.start_cursor.filter(|_| info.has_previous_page);
                if before.is_none() {
                    break;
                }
            }
            assert_eq!(walked, expected, "{statement:?}");
        }
    }
}

#[tokio::test]
async fn rows_that_either_table_is_missing_from_are_walked_too() {
    let (_database, connection) = filled().await;
    let cursors = cursors();
    let full =
        || User::query().full_join::<Team>(u::team.eq_expr(t::id) & u::id.gt(9)).order_by(u::name.asc());
    let expected = full().order_by(u::id.asc()).order_by(t::id.asc()).fetch_all(&connection).await.unwrap();
    let missing =
        |of: fn(&(Option<User>, Option<Team>)) -> bool| expected.iter().filter(|row| of(row)).count();
    assert!(missing(|row| row.0.is_none()) > 1 && missing(|row| row.1.is_none()) > 9);
    let (mut walked, mut after) = (Vec::new(), None::<String>);
    loop {
        let request = KeysetRequest::first(3).after(after.as_deref());
        let page = full().keyset(&cursors, request).fetch(&connection).await.unwrap();
        let info = page.page_info.clone();
        walked.extend(page.into_nodes());
        after = info.end_cursor.filter(|_| info.has_next_page);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(walked, expected);
}

#[tokio::test]
async fn joined_rows_come_in_pages_batches_and_streams() {
    let (_database, mut connection) = filled().await;
    for (_, statement) in ordered() {
        let expected: Vec<Member> = statement.clone().fetch_all(&connection).await.unwrap();
        for mode in [CountMode::None, CountMode::Exact, CountMode::Estimated, CountMode::Auto] {
            let mut paged = Vec::new();
            for number in 1.. {
                let request = PageRequest::offset(number, 9).count(mode);
                let page = statement.clone().page(request).fetch(&connection).await.unwrap();
                paged.extend(page.items);
                if mode == CountMode::Exact {
                    assert_eq!(page.total, Total::Exact(expected.len() as u64));
                }
                if !page.has_next {
                    break;
                }
            }
            assert_eq!(paged, expected, "{statement:?}");
        }
        let tx = connection.begin().await.unwrap();
        let mut rows = statement.stream(&tx, 5).await.unwrap();
        let mut streamed: Vec<Member> = Vec::new();
        while let Some(row) = rows.try_next().await.unwrap() {
            streamed.push(row);
        }
        assert_eq!(streamed, expected);
        drop(rows);
        tx.commit().await.unwrap();
    }
    let expected =
        members().order_by(u::id.asc()).order_by(t::id.asc()).fetch_all(&connection).await.unwrap();
    let (mut batches, mut rows) = (members().in_batches(6), Vec::new());
    while let Some(batch) = batches.next(&connection).await.unwrap() {
        rows.extend(batch);
        batches = members().in_batches(6).after(batches.position().cloned());
    }
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn the_same_table_twice_and_selected_columns_are_paged_by_columns_of_both() {
    let (_database, connection) = filled().await;
    let cursors = cursors();
    let pairs = || {
        let pairs = User::query().inner_join::<Boss>(u::team.eq_expr(Boss::of(u::id)));
        pairs
            .select((u::id, lower(Boss::of(u::name))))
            .order_by(Boss::of(u::name).desc())
            .order_by(u::name.asc())
    };
    let expected = pairs().order_by(u::id.asc()).order_by(Boss::of(u::id).asc()).fetch_all(&connection).await;
    let (mut walked, mut after) = (Vec::new(), None::<String>);
    loop {
        let request = KeysetRequest::first(4).after(after.as_deref());
        let page = pairs().keyset(&cursors, request).fetch(&connection).await.unwrap();
        let info = page.page_info.clone();
        walked.extend(page.into_nodes());
        after = info.end_cursor.filter(|_| info.has_next_page);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(walked, expected.unwrap());
    let alone = Boss::query().order_by(Boss::of(u::name).asc());
    let page = alone.keyset(&cursors, KeysetRequest::first(3)).fetch(&connection).await.unwrap();
    assert_eq!(page.into_nodes().map(|user| user.id).collect::<Vec<_>>(), [4, 8, 12]);
}

#[tokio::test]
async fn groups_and_combined_statements_have_pages_and_streams() {
    let (_database, mut connection) = filled().await;
    let groups = || {
        let groups = members().select((t::name, count().named("members"))).group_by((t::name,));
        groups.having(count().gt(1)).order_by(named("members").desc()).order_by(t::name.asc())
    };
    let ids = || {
        User::select((u::id,)).union(Team::select((t::id,)).filter(t::id.lt(3))).order_by(named("id").desc())
    };
    let expected = groups().fetch_all(&connection).await.unwrap();
    assert!(expected.len() > 2);
    let page = groups().page(PageRequest::offset(2, 2)).fetch(&connection).await.unwrap();
    assert_eq!((page.items.as_slice(), page.total), (&expected[2..], Total::Exact(expected.len() as u64)));
    let page = ids().page(PageRequest::offset(2, 10)).fetch(&connection).await.unwrap();
    assert_eq!((page.items[0], page.total), ((30,), Total::Exact(40)));
    let named_ids = User::query().with::<User>(User::query().filter(u::id.le(4)));
    let page =
        named_ids.order_by(u::id.desc()).page(PageRequest::offset(1, 3)).fetch(&connection).await.unwrap();
    assert_eq!((page.items[2].id, page.total), (2, Total::Exact(4)));
    let tx = connection.begin().await.unwrap();
    assert_eq!(groups().stream(&tx, 100).await.unwrap().next_window().await.unwrap(), expected);
    assert_eq!(ids().stream(&tx, 3).await.unwrap().next_window().await.unwrap(), [(40,), (39,), (38,)]);
}

#[tokio::test]
async fn what_has_no_row_identity_or_lacks_a_table_has_no_such_pages() {
    let (_database, mut connection) = filled().await;
    let cursors = cursors();
    let ranked = row_number().over(Window::new().order_by(u::id.asc()));
    let notes = || User::query().inner_join::<Note>(u::name.eq_expr(n::text));
    macro_rules! problem {
        ($statement:expr) => {{
            let keyset = $statement.keyset(&cursors, KeysetRequest::first(3)).fetch(&connection).await;
            let batches = $statement.in_batches(3).next(&connection).await;
            match (keyset, batches) {
                (Err(Error::Page(problem)), Err(Error::Page(_))) => problem,
                other => panic!("{other:?}"),
            }
        }};
    }
    assert_eq!(problem!(User::select((u::team, count())).group_by((u::team,))), PageProblem::NotPaged);
    assert_eq!(problem!(User::select((sum(u::team.cast::<i32>()),))), PageProblem::NotPaged);
    assert_eq!(problem!(User::query().having(count().gt(0))), PageProblem::NotPaged);
    assert_eq!(problem!(User::select((u::id, ranked.clone()))), PageProblem::NotPaged);
    assert_eq!(problem!(User::select((u::id, ranked.clone().eq(1)))), PageProblem::NotPaged);
    assert_eq!(problem!(members().distinct()), PageProblem::NotPaged);
    assert_eq!(problem!(notes()), PageProblem::NoIdentity);
    for statement in [User::query().order_by(lower(u::name).asc()), User::query().order_by(named("id").asc())]
    {
        let page = statement.keyset(&cursors, KeysetRequest::first(3)).fetch(&connection).await;
        assert!(matches!(page, Err(Error::Page(PageProblem::OrderedByExpression))), "{page:?}");
    }

    // As a whole, of a table that is nowhere.
    let lost = || User::query().filter(u::id.eq_expr(t::id));
    let is_lost =
        |error: Option<Error>| matches!(error, Some(Error::Statement(BadStatement::NotThere { .. })));
    assert!(is_lost(lost().page(PageRequest::offset(1, 3)).fetch(&connection).await.err()));
    assert!(is_lost(lost().keyset(&cursors, KeysetRequest::first(3)).fetch(&connection).await.err()));
    assert!(is_lost(lost().in_batches(3).next(&connection).await.err()));
    let tx = connection.begin().await.unwrap();
    assert!(is_lost(lost().stream(&tx, 3).await.err()));
    let with_team = User::query().filter(exists(Team::query().filter(t::id.eq_expr(u::id))));
    let page = with_team.keyset(&cursors, KeysetRequest::first(10)).fetch(&tx).await.unwrap();
    assert_eq!(page.edges.len(), 7);
}

#[tokio::test]
async fn a_cursor_is_good_for_the_same_tables_alone() {
    let (_database, connection) = filled().await;
    let cursors = cursors();
    let joined = User::query().inner_join::<Team>(u::team.eq_expr(t::id));
    let page = joined.clone().keyset(&cursors, KeysetRequest::first(2)).fetch(&connection).await.unwrap();
    let end = page.page_info.end_cursor.unwrap();
    let same = joined.clone().keyset(&cursors, KeysetRequest::first(2).after(&*end)).fetch(&connection).await;
    assert_eq!(same.unwrap().edges.len(), 2);
    let other = User::query().inner_join::<Team>(u::team.ge_expr(t::id));
    let other = other.keyset(&cursors, KeysetRequest::first(2).after(&*end)).fetch(&connection).await;
    assert!(matches!(other, Err(Error::Cursor(_))), "{other:?}");
    let alone = User::query().keyset(&cursors, KeysetRequest::first(2).after(&*end)).fetch(&connection).await;
    assert!(matches!(alone, Err(Error::Cursor(_))), "{alone:?}");
}

#[tokio::test]
async fn users_filter_and_sort_joined_rows_by_fields_of_each_table() {
    static TEAMS: FieldSet<Team> = fields! { "team" => t::name [eq, sort] };
    static USERS: FieldSet<User> = fields! { "name" => u::name [contains, sort] };
    let (_database, connection) = filled().await;
    let asked = [("filter[team][eq]", "T1"), ("sort", "-team")];
    let named = [("filter[name][contains]", "U3"), ("sort", "name")];
    let statement = members().apply(&TEAMS, &Request::pairs(&asked)).unwrap();
    let statement = statement.apply(&USERS, &Request::pairs(&named)).unwrap();
    let found: Vec<Member> = statement.fetch_all(&connection).await.unwrap();
    let fits = |(user, team): &Member| {
        user.name == "U3" && team.as_ref().and_then(|team| team.name.as_deref()) == Some("T1")
    };
    assert!(!found.is_empty() && found.iter().all(fits), "{found:?}");
}
