//! Statements that nobody would write, made up by chance: where each ends is found as the server finds it.

use std::fmt::Write as _;

use pgkeel_connect::Executor as _;
use pgkeel_testkit::{Random, TestDatabase, scaled};

use crate::{migrator, outside};

/// In one file.
const TOGETHER: usize = 100;

/// What ends a statement, a quote or a comment, or looks like it.
const PARTS: [&str; 22] = [
    ";", "--", "/*", "*/", "$$", "$a$", "$1", "\"", "\\", "(", ")", "begin", "atomic", "end", "case", "e",
    "E", "\n", " ", "é", "日本", ":",
];

struct Writer {
    random: Random,
    /// How many names have been given.
    names: usize,
}

impl Writer {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.random.below(from.len() as u64)).unwrap()]
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("n{}", self.names)
    }

    fn parts(&mut self) -> String {
        (0..self.random.below(7)).map(|_| self.pick(&PARTS)).collect()
    }

    /// What may stand between any two words.
    fn gap(&mut self) -> String {
        match self.random.below(6) {
            0 => format!(" --{}\n", self.parts().replace('\n', " ")),
            1 => format!("/*{}*/", self.balanced(2)),
            2 => "\n\t".to_owned(),
            _ => " ".to_owned(),
        }
    }

    /// A comment's text, in which comments begin as often as they end.
    fn balanced(&mut self, depth: u32) -> String {
        let text = self.parts().replace(['/', '*'], "");
        if depth == 0 || self.random.below(2) == 0 {
            return format!(" {text} ");
        }
        format!(" {text} /*{}*/ ; ' ", self.balanced(depth - 1))
    }

    fn quoted(&mut self) -> String {
        let text = self.parts() + self.pick(&["", "''", ";''"]);
        match self.random.below(6) {
            0 => format!("'{}'{}'{text}'", self.parts(), self.pick(&["\n", " \n ", "\n\n"])),
            1 => format!("E'{}\\';{}'", text.replace('\\', "\\\\"), self.pick(&["\\\\", "\\n", "''", ""])),
            2 => format!("e'{}'\n  '\\';{}'", text.replace('\\', "\\\\"), self.pick(&["", "\\\\"])),
            3 => format!("U&'{}\\0061;'", text.replace('\\', "")),
            4 => format!("N'{text};'"),
            _ => format!("'{text}'"),
        }
    }

    fn dollar_quoted(&mut self) -> String {
        let tag = self.pick(&["", "q", "Q1", "_", "été"]).to_owned();
        let mut text = self.parts();
        while text.contains("$$") {
            text = text.replace("$$", "$ $");
        }
        text += self.pick(&["'", "''", ";'", "/*", "--"]);
        // What the text ends with must not be a part of its end.
        format!("${tag}${text} ${tag}$")
    }

    fn expression(&mut self, depth: u32) -> String {
        let most = if depth == 0 { 6 } else { 10 };
        match self.random.below(most) {
            0 | 1 => self.quoted(),
            2 | 3 => self.dollar_quoted(),
            4 => self
                .pick(&["B'101'::text", "x'1f'::text", "2*-1::text", "chr(59)", "(3+ +4 /*;*/- -1)::text"])
                .replace("2*-1::text", "(2*-1)::text"),
            5 => format!("\"lower\"({})", self.quoted()),
            6 => format!(
                "({}{}||{}{})",
                self.expression(depth - 1),
                self.gap(),
                self.gap(),
                self.expression(depth - 1)
            ),
            7 => {
                let (yes, no) = (self.expression(depth - 1), self.expression(depth - 1));
                format!("case{}when 1<2{}then {yes} else{}{no} end", self.gap(), self.gap(), self.gap())
            }
            8 => format!(
                "(select{}a$b$1 from (select {} as a$b$1) as \"x;'\")",
                self.gap(),
                self.expression(depth - 1)
            ),
            _ => {
                format!("concat({},{}{})", self.expression(depth - 1), self.gap(), self.expression(depth - 1))
            }
        }
    }

    /// Some statements that belong together. None of them holds `;` where it would end.
    fn statements(&mut self) -> Vec<String> {
        let (name, value, gap) = (self.name(), self.expression(3), self.gap());
        match self.random.below(9) {
            0 => vec![format!("do ${name}$ begin{gap}insert into seen values ({value}); end; ${name}$")],
            1 => vec![
                format!("create function {name}() returns text{gap}begin atomic; select {value};{gap}end"),
                format!("insert into seen{gap}select {name}()"),
            ],
            2 => vec![
                format!(
                    "create or replace procedure {name}(){gap}begin{gap}atomic insert into seen values ({value}); \
                     insert into seen select case when true then {} end; end",
                    self.expression(2)
                ),
                format!("call {name}()"),
            ],
            3 => vec![
                format!("create table {name} (\"begin;\" text)"),
                format!(
                    "create rule \"r;{name}\" as on insert to {name} do also{gap}(insert into seen values ({value}); \
                     insert into seen values (new.\"begin;\"))"
                ),
                format!("insert into {name} values ({})", self.expression(2)),
            ],
            4 => vec![
                format!(
                    "create function {name}() returns text language plpgsql as ${name}$ begin return {value}; end ${name}$"
                ),
                format!("insert into seen values ({name}())"),
            ],
            5 => vec![
                format!("create view {name} as{gap}select {value}::text as \"end\""),
                format!("insert into seen{gap}table {name}"),
            ],
            _ => vec![format!("insert{gap}into seen values ({value})")],
        }
    }

    /// A file, and how many statements are in it.
    fn file(&mut self) -> (String, usize) {
        let (mut text, mut number) = (String::new(), 0);
        while number < TOGETHER {
            for statement in self.statements() {
                let _ = write!(
                    text,
                    "{}{statement}{};{}",
                    self.gap(),
                    self.gap(),
                    self.pick(&["", "\n", ";;", " ; "])
                );
                number += 1;
            }
        }
        (text, number)
    }
}

/// What a file leaves in the table, and of how many statements it is.
async fn seen(text: &str) -> (String, usize) {
    let database = TestDatabase::empty().await;
    let files = [("V1__a.sql", "create table seen (note text);"), ("V2__b.sql", text)];
    let report = migrator(&database, &files)
        .without_record()
        .up()
        .await
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let sql = "select string_agg(note, '|' order by note collate \"C\") from seen";
    (database.connection().await.query_scalar(sql, &[]).await.unwrap(), report.done[1].statements)
}

#[tokio::test]
async fn where_statements_end_that_are_made_up_is_found_as_the_server_finds_it() {
    let mut writer = Writer { random: Random::seeded(), names: 0 };
    let mut all = 0;
    for _ in 0..scaled(10, 1000) {
        let (text, number) = writer.file();
        // A directive in place of a comment keeps the lines.
        let (whole, by_statement) = (seen(&format!("-- whole\n{text}")).await, seen(&outside(&text)).await);
        assert_eq!(by_statement, (whole.0, number), "{text}");
        all += number;
    }
    println!("check 11: {all} statements made up, each found where the server finds it");
}
