use super::*;

fn first_words(sql: &str) -> Vec<&str> {
    statements(sql).iter().map(|statement| statement.words[0]).collect()
}

#[test]
fn statements_end_at_semicolons_outside_of_everything() {
    let sql = "-- one; two\ninsert into t values (';', \"a;b\"); /* x; /* y; */ z; */ update t set a = $$;$$;\n;;
        delete from t where a = $q$ $$;' $q$ and b = 'it''s;' and c = $1; create rule r as on insert to t do (a; b); end";
    assert_eq!(first_words(sql), ["insert", "update", "delete", "create", "end"]);
    let first = &statements(sql)[0];
    assert_eq!(&sql[first.start..first.end], "insert into t values (';', \"a;b\")");
    assert!(statements(" -- nothing\n/* at all */ ;\n").is_empty());
}

#[test]
fn backslashes_escape_in_e_strings_alone() {
    assert_eq!(first_words(r"select 'a\'; commit; select 1"), ["select", "commit", "select"]);
    assert_eq!(first_words(r"select E'a\'; commit; \\'; select 1"), ["select", "select"]);
    assert_eq!(first_words("select E'a'\n 'b\\'; commit;'; select 1"), ["select", "select"]);
    assert_eq!(first_words(r"select E'it''s\';'; commit"), ["select", "commit"]);
}

#[test]
fn dollars_in_names_open_no_quote() {
    assert_eq!(first_words("select a$$b; commit; select c$$d"), ["select", "commit", "select"]);
    assert_eq!(first_words("do $é$ begin; commit; end $é$; commit"), ["do", "commit"]);
}

#[test]
fn bodies_of_sql_functions_are_part_of_the_statement() {
    let sql = "create or replace function f(a int) returns int begin atomic
        select case when a > 0 then 1 else 2 end; select 3; end; commit;
        create procedure begin() language sql as 'select 1'; end";
    assert_eq!(first_words(sql), ["create", "commit", "create", "end"]);
}

#[test]
fn what_is_never_closed_is_one_statement() {
    for open in
        ["select 'x; commit", "select \"x; commit", "select $a$ $$; commit", "select E'x\\", "select /* x"]
    {
        assert_eq!(first_words(open), ["select"], "{open}");
    }
    assert_eq!(first_words("select (1; commit"), ["select"]);
}

#[test]
fn tokens_leave_out_comments_and_space_alone() {
    let tokens = |sql| {
        let texts: Vec<&str> = statements(sql)[0].tokens.iter().map(|token| token.text).collect();
        texts.join("|")
    };
    assert_eq!(
        tokens("select a.\"B\"\"c\", 'it''s' /* x */ <= -- y\n $$z$$"),
        "select|a|.|\"B\"\"c\"|,|'it''s'|<=|$$z$$"
    );
    assert_eq!(tokens("select 1--2\n+3"), "select|1|+|3");
    assert_ne!(tokens("select 'it'\n's'"), tokens("select 'it''s'"));
    assert_eq!(tokens("\\copy t from x"), "\\copy|t|from|x");
}

#[test]
fn comments_to_the_end_of_a_line_are_kept_with_their_place() {
    let sql = "-- a\nselect '-- b' -- c";
    assert_eq!(scan(sql).line_comments, [(0, "-- a"), (19, "-- c")]);
}

#[test]
fn the_first_word_of_a_text_is_that_of_its_statement() {
    let texts = [
        "-- why\n/* and /* how */ */ set a = 1",
        "\u{b}\u{c}\tset a = 1",
        "SET$1 x",
        "größe",
        "\u{feff}set a = 1",
        "\u{a0}set a = 1",
        "_x; y",
        "a\"b\"",
    ];
    for sql in texts {
        let statement = &statements(sql)[0];
        assert_eq!(first_word(&sql[statement.start..statement.end]), statement.words[0], "{sql:?}");
    }
    for sql in ["(select 1) union select 2", "\"set\"", "'set'", "$$set$$", "1 set", "\\set"] {
        assert_eq!(first_word(sql), "", "{sql:?}");
    }
}

#[test]
fn statements_keep_no_room_that_they_do_not_need() {
    for statement in statements(&"insert into t values (1);".repeat(3)) {
        assert!(statement.tokens.capacity() < 2 * statement.tokens.len(), "{statement:?}");
        assert!(statement.words.capacity() < 2 * statement.words.len(), "{statement:?}");
    }
}
