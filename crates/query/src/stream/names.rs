use pgkeel_connect::Executor;

use crate::Error;
use crate::row::ReadRows;
use crate::statement::Site;

/// A cursor on the server. Names are literals, so that what declares one is prepared once for each.
#[derive(Debug)]
pub(super) struct ServerCursor {
    pub(super) name: &'static str,
    pub(super) declare: &'static str,
    pub(super) close: &'static str,
}

macro_rules! names {
    ($($number:literal)+) => {
        [$(ServerCursor {
            name: concat!("pgkeel:stream ", $number),
            declare: concat!("declare \"pgkeel:stream ", $number, "\" no scroll cursor for "),
            close: concat!("close \"pgkeel:stream ", $number, "\""),
        }),+]
    };
}

static NAMES: [ServerCursor; 16] = names!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);

/// The number of the free one that comes next behind the one that was given out last, round and round: the server notes it for
/// the transaction, so that streams that are opened at the same time get one each, before any of them is declared. Nothing if
/// none is free. A temporary table or view of that name would be in front of the server's, if the schema were not said.
const NEXT: &str = "select pg_catalog.set_config('pgkeel.stream', (
    select number::text from pg_catalog.generate_series(1, 16) as number
    where not exists (select from pg_catalog.pg_cursors where name = 'pgkeel:stream ' || number)
    order by (number + 15 - coalesce(nullif(pg_catalog.current_setting('pgkeel.stream', true), ''), '0')::int4) % 16 limit 1
), true)";

/// One that no cursor of the session has.
pub(super) async fn free(database: &impl Executor, site: Site) -> Result<&'static ServerCursor, Error> {
    let given = database.called_at(site).query_into::<ReadRows<(Option<String>,)>>(NEXT, &[]).await?.all()?;
    let number = given.into_iter().find_map(|(number,)| number?.parse::<usize>().ok());
    number.and_then(|number| NAMES.get(number.checked_sub(1)?)).ok_or_else(too_many)
}

pub(super) fn too_many() -> Error {
    Error::TooManyStreams { most: NAMES.len() }
}
