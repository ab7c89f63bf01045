//! The one statement that reads a schema, put together for the server's major version.

/// In order: the frame, then the branches, then what is said of all objects alike.
const FRAME: &str = include_str!("sql/frame.sql");
const BRANCHES: [&str; 10] = [
    include_str!("sql/schemas.sql"),
    include_str!("sql/relations.sql"),
    include_str!("sql/columns.sql"),
    include_str!("sql/constraints.sql"),
    include_str!("sql/rules.sql"),
    include_str!("sql/functions.sql"),
    include_str!("sql/types.sql"),
    include_str!("sql/operators.sql"),
    include_str!("sql/elsewhere.sql"),
    include_str!("sql/text_search.sql"),
];
const CLOSE: &str = include_str!("sql/close.sql");

/// What a tenant's schema is called, so that all tenants' schemas read the same. No schema is called so without quotes.
pub(crate) const TENANT: &str = "$tenant";

/// The statement for servers of this major version, about one tenant's schema: `$1` has it alone, `$2` is a search path with
/// it alone, which is set when all names of the statement itself are resolved, so that nothing in the schema can come before
/// PostgreSQL's own. Definitions do not name the schema of what is on the path; where they always do, it is replaced.
pub(super) fn statement_for_tenant(major: u32) -> String {
    const NAME: &str = "quote_ident(($1::text[])[1])";
    let mut sql = statement(major);
    for name in ["quote_ident(n.nspname)", "quote_ident(nspname)"] {
        let column = name.trim_start_matches("quote_ident(").trim_end_matches(')');
        let told = format!("(case {column}::text when ($1::text[])[1] then '{TENANT}' else {name} end)");
        sql = sql.replace(name, &told);
    }
    for (definition, before) in [
        ("pg_get_indexdef(x.oid)", &[" ON ", " ON ONLY "][..]),
        ("pg_get_triggerdef(t.oid, false)", &[" ON "]),
        ("pg_get_ruledef(r.oid)", &[" TO "]),
        ("pg_get_statisticsobjdef(e.oid)", &["CREATE STATISTICS "]),
    ] {
        let told = before.iter().fold(definition.to_owned(), |told, before| {
            format!("replace({told}, '{before}' || {NAME} || '.', '{before}{TENANT}.')")
        });
        sql = sql.replace(definition, &told);
    }
    let wanted = "nspname::text = any ($1))";
    sql.replacen(wanted, &format!("{wanted} and set_config('search_path', $2, true) is not null"), 1)
}

/// The statement for servers of this major version.
pub(crate) fn statement(major: u32) -> String {
    let whole = format!("{FRAME}{}{CLOSE}", BRANCHES.join("union all\n"));
    let lines = whole.lines().filter(|line| fits(line, major));
    lines.fold(String::with_capacity(whole.len()), |sql, line| sql + line + "\n")
}

/// Whether a line is for this version: what it ends in may say so (`-- from 14`, `-- until 16`, `-- from 15 until 16`).
fn fits(line: &str, major: u32) -> bool {
    let Some((_, comment)) = line.rsplit_once("-- ") else { return true };
    let words: Vec<&str> = comment.split(' ').collect();
    let number = |text: &str| text.parse::<u32>().ok();
    match words[..] {
        ["from", from] => number(from).is_none_or(|from| major >= from),
        ["until", until] => number(until).is_none_or(|until| major <= until),
        ["from", from, "until", until] => {
            number(from).is_none_or(|from| major >= from) && number(until).is_none_or(|until| major <= until)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_other_versions_are_left_out() {
        for (line, first, last) in [
            ("a, -- from 14", 14, 99),
            ("a -- until 16", 0, 16),
            ("a -- from 15 until 16", 15, 16),
            ("a -- from here", 0, 99),
            ("-- from the parent", 0, 99),
            ("a", 0, 99),
        ] {
            for major in 12..=18 {
                assert_eq!(fits(line, major), (first..=last).contains(&major), "{line} {major}");
            }
        }
    }

    #[test]
    fn columns_that_a_version_does_not_have_are_not_asked_for() {
        assert!(!statement(13).contains("attcompression") && statement(14).contains("attcompression"));
        assert!(!statement(17).contains("conenforced") && statement(18).contains("conenforced"));
        assert!(!statement(12).contains("subconninfo") && !statement(18).contains("subconninfo"));
    }
}
