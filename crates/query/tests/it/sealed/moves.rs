//! Cells that somebody who can write to the table moves or changes: none of them opens.

use pgkeel_query::sealed::crypto::{Difference, Error as Refusal, KeyId, Kind};
use pgkeel_query::sealed::{Sealed, Sealer};
use pgkeel_query::{Column, Entity, Executor};
use pgkeel_testkit::TestDatabase;

use super::{not_opened, sealer};

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "cells", columns = c, tenant = "tenant")]
struct Cell {
    #[pgkeel(id)]
    id: i64,
    tenant: String,
    #[pgkeel(sealed(context = "cells.home"))]
    home: Sealed<String>,
    #[pgkeel(sealed(context = "cells.other"))]
    other: Sealed<String>,
    #[pgkeel(sealed(context = "cells.number"))]
    number: Sealed<i64>,
    #[pgkeel(sealed(context = "cells.padded", pad = 16))]
    padded: Sealed<String>,
    #[pgkeel(sealed(context = "cells.loose", any_row))]
    loose: Sealed<String>,
    #[pgkeel(sealed(context = "cells.tenanted", per_tenant))]
    tenanted: Sealed<String>,
    #[pgkeel(sealed(context = "cells.light", uncommitted))]
    light: Sealed<String>,
    #[pgkeel(sealed(context = "cells.light2", uncommitted))]
    light2: Sealed<String>,
    #[pgkeel(sealed(context = "cells.same", deterministic))]
    same: Sealed<String>,
    #[pgkeel(sealed(context = "cells.same2", deterministic))]
    same2: Sealed<String>,
    #[pgkeel(sealed(context = "cells.same_tenanted", deterministic, per_tenant))]
    same_tenanted: Sealed<String>,
    #[pgkeel(sealed(context = "cells.same_number", deterministic))]
    same_number: Sealed<i64>,
}

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "others", columns = o)]
struct Other {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(sealed(context = "others.home"))]
    home: Sealed<String>,
    #[pgkeel(sealed(context = "others.light", uncommitted))]
    light: Sealed<String>,
    #[pgkeel(sealed(context = "others.same", deterministic))]
    same: Sealed<String>,
}

const TABLES: &str = "create table cells(id int8 primary key, tenant text, home bytea, other bytea, number bytea, padded bytea, loose bytea,
        tenanted bytea, light bytea, light2 bytea, same bytea, same2 bytea, same_tenanted bytea, same_number bytea);
    create table others(id int8 primary key, home bytea, light bytea, same bytea)";

async fn insert(id: i64, tenant: &str, sealer: &Sealer, db: &impl Executor) {
    let value = format!("value {id}");
    let cell =
        Cell::insert().set(c::id, id).set(c::tenant, tenant).set(c::home, &value).set(c::other, &value);
    let cell = cell.set(c::number, id).set(c::padded, &value).set(c::loose, &value).set(c::tenanted, &value);
    let cell = cell.set(c::light, &value).set(c::light2, &value).set(c::same, &value).set(c::same2, &value);
    let cell = cell.set(c::same_tenanted, &value).set(c::same_number, id);
    cell.sealed_by(sealer).execute(db).await.unwrap();
    let other =
        Other::insert().set(o::id, id).set(o::home, &value).set(o::light, &value).set(o::same, &value);
    other.sealed_by(sealer).execute(db).await.unwrap();
}

/// Does this with the first row, tries to open the column, and puts all back.
async fn opened_after(
    change: &str,
    column: Column<Cell, Sealed<String>>,
    sealer: &Sealer,
    db: &impl Executor,
) -> Result<String, Refusal> {
    let opened = |cell: &Cell| sealer.open(cell, column);
    db.batch_execute("begin").await.map_err(drop).unwrap();
    db.batch_execute(&format!("update cells set {change} where id = 1")).await.map_err(drop).unwrap();
    let changed = Cell::repo().get_or_err(db, 1).await.unwrap();
    db.batch_execute("rollback").await.map_err(drop).unwrap();
    let unchanged = Cell::repo().get_or_err(db, 1).await.unwrap();
    assert_eq!(opened(&unchanged).unwrap().expose(), "value 1", "as it was, it opens");
    match opened(&changed) {
        Ok(value) => Ok(value.expose().clone()),
        refused => Err(not_opened(refused)),
    }
}

#[tokio::test]
async fn a_cell_opens_where_it_was_sealed_and_nowhere_else() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let db = &database.connection().await;
    db.batch_execute(TABLES).await.unwrap();
    insert(1, "acme", &sealer, db).await;
    insert(2, "acme", &sealer, db).await;
    insert(3, "other", &sealer, db).await;
    let key: KeyId = "3f9a1c22".parse().unwrap();
    let (wrong_key, tampered) = (Refusal::WrongKey(key), Refusal::Tampered(key));
    let differs = Refusal::WrongContext;
    let kind = |envelope| differs(Difference::Kind { envelope, column: Kind::Text });
    let suite = |sealer_of: &Sealed<String>, column: &Sealed<String>| {
        differs(Difference::Suite { envelope: sealer_of.suite().unwrap(), column: column.suite().unwrap() })
    };
    let first = Cell::repo().get_or_err(db, 1).await.unwrap();
    let of_row = |column: &str, id: i64| format!("(select {column} from cells where id = {id})");
    let moves = [
        // With a commitment.
        (c::home, format!("home = {}", of_row("home", 2)), tampered.clone()),
        (c::home, "home = other".to_owned(), wrong_key.clone()),
        (c::home, "home = (select home from others where id = 1)".to_owned(), wrong_key.clone()),
        (c::home, "home = number".to_owned(), kind(Kind::Int)),
        (c::home, "home = padded".to_owned(), wrong_key.clone()),
        (c::home, "home = loose".to_owned(), differs(Difference::Row)),
        (c::home, "home = tenanted".to_owned(), differs(Difference::Tenant)),
        (c::home, "home = light".to_owned(), suite(&first.light, &first.home)),
        (c::home, "home = same".to_owned(), suite(&first.same, &first.home)),
        (c::padded, format!("padded = {}", of_row("padded", 2)), tampered.clone()),
        (c::padded, "padded = home".to_owned(), wrong_key.clone()),
        (c::loose, "loose = home".to_owned(), differs(Difference::Row)),
        (c::tenanted, "tenant = 'other'".to_owned(), wrong_key.clone()),
        (c::tenanted, format!("tenanted = {}", of_row("tenanted", 2)), tampered.clone()),
        (c::tenanted, format!("tenanted = {}", of_row("tenanted", 3)), wrong_key.clone()),
        (c::tenanted, "tenanted = home".to_owned(), differs(Difference::Tenant)),
        // Without.
        (c::light, format!("light = {}", of_row("light", 2)), tampered.clone()),
        (c::light, "light = light2".to_owned(), tampered.clone()),
        (c::light, "light = (select light from others where id = 1)".to_owned(), tampered.clone()),
        (c::light, "light = home".to_owned(), suite(&first.home, &first.light)),
        // Deterministic.
        (c::same, "same = same2".to_owned(), tampered.clone()),
        (c::same, "same = (select same from others where id = 1)".to_owned(), tampered.clone()),
        (c::same, "same = same_number".to_owned(), kind(Kind::Int)),
        (c::same, "same = same_tenanted".to_owned(), differs(Difference::Tenant)),
        (c::same, "same = home".to_owned(), suite(&first.home, &first.same)),
        (c::same_tenanted, "tenant = 'other'".to_owned(), tampered.clone()),
        (c::same_tenanted, format!("same_tenanted = {}", of_row("same_tenanted", 3)), tampered.clone()),
        // Relabelled: each flag, type and suite, as if it had been sealed so.
        (c::home, "home = set_byte(home, 1, x'11'::int)".to_owned(), suite(&first.light, &first.home)),
        (c::home, "home = set_byte(home, 2, 2 | 1)".to_owned(), tampered.clone()),
        (c::home, "home = set_byte(home, 2, 0)".to_owned(), differs(Difference::Row)),
        (c::home, "home = set_byte(home, 2, 2 | 4)".to_owned(), differs(Difference::Tenant)),
        (c::home, "home = set_byte(home, 3, 2)".to_owned(), kind(Kind::Int)),
        (c::loose, "loose = set_byte(loose, 2, 2)".to_owned(), differs(Difference::Row)),
        (c::padded, "padded = set_byte(padded, 2, 2)".to_owned(), tampered.clone()),
        (c::home, "home = set_byte(home, 7, 1)".to_owned(), Refusal::UnknownKey("3f9a1c01".parse().unwrap())),
        (c::home, "home = set_byte(home, 8, get_byte(home, 8) # 1)".to_owned(), wrong_key.clone()),
        (c::home, "home = set_byte(home, 72, get_byte(home, 72) # 1)".to_owned(), tampered.clone()),
    ];
    for (column, change, expected) in moves {
        assert_eq!(opened_after(&change, column, &sealer, db).await, Err(expected), "{column:?}: {change}");
    }
    for change in
        ["home = 'value 1'", "home = set_byte(home, 0, 0)", "home = ''", "home = substring(home for 40)"]
    {
        let refused = opened_after(change, c::home, &sealer, db).await.unwrap_err();
        assert!(matches!(refused, Refusal::Malformed(_)), "{change}: {refused:?}");
    }
    // Equal values of a deterministic column are equal envelopes, so another row's opens, as what it is; so does what is of any row.
    let opened = opened_after(&format!("same = {}", of_row("same", 2)), c::same, &sealer, db).await;
    assert_eq!(opened.as_deref(), Ok("value 2"));
    let opened = opened_after(&format!("loose = {}", of_row("loose", 2)), c::loose, &sealer, db).await;
    assert_eq!(opened.as_deref(), Ok("value 2"));
}
