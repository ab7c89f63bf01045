//! Where a sealed field is stored: a server of its own, on loopback.

use anyhow::Context as _;
use pgkeel_localpg::{ScratchCluster, ScratchOptions};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Config, NoTls, Statement};

const TABLE: &str =
    "create table field (id bigint primary key, value bytea not null, value_bidx bytea not null unique)";
const INSERT: &str = "insert into field (id, value, value_bidx) values ($1, $2, $3)";

/// Inserts rows over the driver alone, which makes the shortest trip. COMMIT hands the log to the kernel and waits for no disk.
pub(crate) struct Server {
    client: Client,
    insert: Statement,
    runtime: Runtime,
    _cluster: ScratchCluster,
    rows: i64,
}

impl Server {
    /// On a processor of its own, and this thread on another, if there are two: where one takes both, no trip waits for the other end
    /// to wake, as every trip to a server does; and where the kernel chooses, it now does one and now the other.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let processors = sched_getaffinity(None).context("asking which processors may be used")?;
        let usable: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|number| processors.is_set(*number)).collect();
        let (&own, &servers) = usable.first().zip(usable.last()).context("there is no processor")?;
        pin(servers)?;
        let cluster =
            ScratchCluster::start(&ScratchOptions::default().tcp().setting("synchronous_commit", "on"));
        let cluster = cluster.context("starting PostgreSQL")?;
        pin(own)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (client, insert) = runtime.block_on(connect(&cluster))?;
        println!(
            "PostgreSQL {}, TCP on loopback, no TLS, fsync=off; client on processor {own}, server on {servers}\n",
            cluster.version()
        );
        Ok(Self { client, insert, runtime, _cluster: cluster, rows: 0 })
    }

    /// There and back.
    pub(crate) fn insert(&mut self, value: &[u8]) {
        self.rows += 1;
        let (rows, index) = (self.rows, scattered(self.rows));
        let insert = async { self.client.execute(&self.insert, &[&rows, &value, &index.as_slice()]).await };
        assert_eq!(self.runtime.block_on(insert).expect("a row of its own"), 1);
    }
}

/// From now on this thread, and whatever it starts, uses this processor alone.
fn pin(processor: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(processor);
    sched_setaffinity(None, &set).with_context(|| format!("there is no processor {processor}"))
}

#[expect(clippy::disallowed_methods, reason = "the driver as it is, without what pgkeel puts around it")]
async fn connect(cluster: &ScratchCluster) -> anyhow::Result<(Client, Statement)> {
    let endpoint = cluster.tcp_endpoint().context("the cluster has no address")?;
    let mut config = Config::new();
    config.host("127.0.0.1").port(endpoint.port).user(&endpoint.user).dbname(&endpoint.database);
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(TABLE).await?;
    let insert = client.prepare(INSERT).await?;
    Ok((client, insert))
}

/// As many bytes as an index has, without an order: `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", 2014).
fn scattered(row: i64) -> [u8; 16] {
    let mixed = row.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (u128::from(mixed) << 64 | u128::from(row.cast_unsigned())).to_be_bytes()
}
