/// Say here why, in a sentence.
///
/// For `Migrations::with_code`. Once it is applied anywhere it is never changed; if it has to be while it is written, so does
/// its revision, the "1". It may be called more than once, and what it does besides the transaction is not undone.
fn slugs() -> pgkeel_migrate::Code {
    use pgkeel_connect::Executor as _;

    pgkeel_migrate::Code::new(2, "slugs", "1", |tx| {
        Box::pin(async move {
            // The transaction in which the history is written, too: no COMMIT.
            tx.batch_execute("select 1").await?;
            Ok(())
        })
    })
    .with_down(|tx| {
        Box::pin(async move {
            tx.batch_execute("select 1").await?;
            Ok(())
        })
    })
}
