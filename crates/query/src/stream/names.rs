use pgkeel_connect::Executor;

use crate::Error;
use crate::row::ReadRows;
use crate::statement::Site;

/// A cursor on the server. Names are literals, so that what declares one is prepared once.
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

/// A temporary table or view of that name would be in front of the server's, if the schema were not said.
const TAKEN: &str = "select name from pg_catalog.pg_cursors where name like 'pgkeel:stream %'";

/// The first that no cursor of the session has.
pub(super) async fn free(database: &impl Executor, site: Site) -> Result<&'static ServerCursor, Error> {
    let taken = database.called_at(site).query_into::<ReadRows<(String,)>>(TAKEN, &[]).await?.all()?;
    let free = NAMES.iter().find(|name| taken.iter().all(|(taken,)| taken != name.name));
    free.ok_or(Error::TooManyStreams { most: NAMES.len() })
}
