//! A filling that stops at a step until it is told to go on, and looking at the databases there are meanwhile.

use std::sync::mpsc;

use pgkeel_connect::{Config, Connection, Executor as _};
use pgkeel_demo::{Demo, Error, Event, Step, Target, prepare};
use pgkeel_testkit::PATIENCE;
use tokio::task::JoinHandle;

/// A small demo that is being made in a task of its own.
pub(crate) struct Filling {
    pub(crate) task: JoinHandle<Result<Demo, Error>>,
    go_on: mpsc::Sender<()>,
}

impl Filling {
    /// Begins it, and waits until this step begins.
    pub(crate) async fn until(step: Step, server: &Config, target: &Target) -> Self {
        let _ = tracing_subscriber::fmt()
            .with_test_writer()
            .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
            .try_init();
        let (go_on, may_go_on) = mpsc::channel();
        let (reached, is_reached) = tokio::sync::oneshot::channel();
        let (server, target, mut reached) = (server.clone(), target.clone(), Some(reached));
        let task = tokio::spawn(async move {
            let observe = move |event: Event<'_>| {
                if let Event::Progress(now) = event
                    && now.step == step
                    && let Some(reached) = reached.take()
                {
                    let _ = reached.send(());
                    let _ = tokio::task::block_in_place(|| may_go_on.recv_timeout(PATIENCE));
                }
            };
            prepare(&server, &target, observe).await
        });
        tokio::time::timeout(PATIENCE, is_reached).await.expect("in time").expect("the step is reached");
        Self { task, go_on }
    }

    pub(crate) fn go_on(&self) {
        self.go_on.send(()).unwrap();
    }

    /// Goes on, and gives the error in which it must end.
    pub(crate) async fn fails(self) -> Error {
        self.go_on();
        self.task.await.unwrap().unwrap_err()
    }
}

/// A name that no other test uses, one fiftieth of the full size.
pub(crate) fn small(name: &str) -> Target {
    Target::new_database(&format!("{name}_{}", std::process::id())).unwrap().one_in(50)
}

/// Whether there is a database of this name.
pub(crate) async fn exists(admin: &Connection, name: &str) -> bool {
    let sql = "select exists (select from pg_database where datname = $1)";
    admin.query_scalar(sql, &[&name]).await.unwrap()
}

/// Whether neither the demo nor what becomes of it is there.
pub(crate) async fn is_gone(admin: &Connection, target: &Target) -> bool {
    !exists(admin, target.name().name()).await && !exists(admin, target.unfinished().name()).await
}
