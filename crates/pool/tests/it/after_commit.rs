//! What is to be done once all is committed.

use std::sync::{Arc, Mutex};

use pgkeel_pool::{Begin as _, Error, Executor as _, RetryPolicy, Transaction as _, Tx};

use crate::transactions::{insert, with_table};

#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<&'static str>>>);

impl Diary {
    fn note(&self, what: &'static str) -> impl FnOnce() + Send + 'static {
        let diary = self.clone();
        move || diary.0.lock().unwrap().push(what)
    }

    fn read(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

async fn in_savepoint(tx: &Tx, diary: &Diary, what: &'static str, keep: bool) {
    let _ = tx
        .transaction(|inner| async move {
            inner.after_commit(diary.note(what))?;
            if keep { Ok(()) } else { Err(Error::TxClosed) }
        })
        .await;
}

#[tokio::test]
async fn actions_run_in_order_after_the_outermost_commit() {
    let (_database, pool) = with_table().await;
    let diary = Diary::default();
    let tx = pool.begin().await.unwrap();
    tx.after_commit(diary.note("first")).unwrap();
    in_savepoint(&tx, &diary, "second", true).await;
    in_savepoint(&tx, &diary, "undone", false).await;
    let dropped = (&tx).begin().await.unwrap();
    dropped.after_commit(diary.note("dropped")).unwrap();
    drop(dropped);
    insert(&tx, 1).await.unwrap();
    tx.after_commit(diary.note("third")).unwrap();
    assert!(diary.read().is_empty());
    tx.commit().await.unwrap();
    assert_eq!(diary.read(), ["first", "second", "third"]);
}

#[tokio::test]
async fn the_session_is_back_when_they_run() {
    let (_database, pool) = with_table().await;
    let tx = pool.begin().await.unwrap();
    let (seen, looking) = (Arc::new(Mutex::new(None)), pool.clone());
    let noted = Arc::clone(&seen);
    tx.after_commit(move || *noted.lock().unwrap() = Some(looking.stats().in_use)).unwrap();
    insert(&tx, 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(0));
}

#[tokio::test]
async fn nothing_runs_after_a_rollback_however_it_came_about() {
    let (_database, pool) = with_table().await;
    let diary = Diary::default();
    for end in ["rollback", "drop", "error", "aborted", "deferred"] {
        let tx = pool.begin().await.unwrap();
        tx.after_commit(diary.note(end)).unwrap();
        insert(&tx, 1).await.unwrap();
        match end {
            "rollback" => tx.rollback().await.unwrap(),
            "drop" => drop(tx),
            "error" => {
                insert(&tx, 1).await.unwrap_err();
                drop(tx);
            }
            _ => {
                insert(&tx, 1).await.unwrap_err();
                tx.commit().await.unwrap_err();
            }
        }
    }
    assert!(diary.read().is_empty(), "{:?}", diary.read());
}

#[tokio::test]
async fn of_several_attempts_only_the_last_ones_actions_run() {
    let (_database, pool) = with_table().await;
    let diary = Diary::default();
    let (mut attempts, writing) = (0, &diary);
    let done: Result<(), Error> = pool
        .retrying(RetryPolicy::default())
        .transaction(|tx| {
            attempts += 1;
            let attempt = attempts;
            async move {
                tx.after_commit(writing.note("told"))?;
                if attempt < 3 {
                    tx.batch_execute("do $$ begin raise exception using errcode = '40001'; end $$").await?;
                }
                Ok(())
            }
        })
        .await;
    done.unwrap();
    assert_eq!((attempts, diary.read()), (3, vec!["told"]));
}

#[tokio::test]
async fn an_ended_transaction_takes_no_more() {
    let (_database, pool) = with_table().await;
    let mut session = pool.session().await.unwrap();
    let tx = (&mut session).begin().await.unwrap();
    let savepoint = (&tx).begin().await.unwrap();
    drop(tx);
    assert!(matches!(savepoint.after_commit(|| ()), Err(Error::TxClosed)));
}
