//! Statements that are built, beside the same in plain SQL.

/// Both have the same rows, and some.
macro_rules! same {
    ($on:expr, $statement:expr, $row:ty, $plain:expr) => {{
        let plain: &str = $plain;
        let statement = $statement;
        let text = statement.text().unwrap();
        let built: Vec<$row> =
            statement.fetch_all($on).await.unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let oracle = pgkeel_query::AuditedSql::new("an oracle", plain).fetch_all::<$row>($on).await;
        let oracle = oracle.unwrap_or_else(|error| panic!("{plain}: {error:?}"));
        assert!(!built.is_empty(), "{text}");
        assert_eq!(built, oracle, "{text}\n{plain}");
    }};
}

pub(crate) use same;
