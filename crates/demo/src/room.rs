//! Making sure that there is room on the disk before anything is written that matters.
//!
//! A table that cannot grow is an error like any other. A server that cannot write its log ends itself, and on a disk that
//! stays full it does not start again. So the room is taken by a table that is not logged, and given back.

use crate::session::{ANSWER, Session, WORK};
use crate::{Error, Step};

/// What a demo takes at first: 45 MB, and 80 MB of log on the way (PostgreSQL 15); the rest is for the workload.
pub(crate) const NEEDED_MB: u32 = 150;

/// A row of 8000 bytes that are not compressed has a page of 8 KiB for itself.
const PAGES_A_MB: u32 = 128;

const TABLE: &str = "
    create unlogged table room (filler text);
    alter table room alter filler set storage plain";

const FILL: &str = "insert into room select repeat('x', 8000) from generate_series(1, $1::int)";

/// Fails with [`Error::Disk`] if there is not enough room for one in `divisor` of a demo.
pub(crate) async fn reserve(session: &Session, divisor: u32) -> Result<(), Error> {
    let pages = (NEEDED_MB * PAGES_A_MB / divisor).cast_signed();
    session.run(Step::Reserve, ANSWER, TABLE).await?;
    session.execute(Step::Reserve, FILL, &[&pages]).await?;
    session.run(Step::Reserve, WORK, "drop table room").await
}
