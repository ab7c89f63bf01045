//! One file of SQL: its text, and all that is known of it without a database.

use std::fmt;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::directives::Directives;
use super::statements::{Statement, first_word, scan, statements};
use super::text::{Location, normalised};
use crate::MigrationProblem;
use crate::hex::Hex;

/// The text of a file and what was found out about it.
#[derive(Clone)]
pub(crate) struct Script {
    file: String,
    sql: String,
    directives: Directives,
    statements: Vec<Piece>,
    sha256: Hash,
    token_sha256: Hash,
}

/// One statement.
#[derive(Debug, Clone)]
struct Piece {
    bytes: Range<usize>,
    /// Over the tokens of this statement and of all before it.
    token_sha256: Hash,
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash([u8; 32]);

impl Script {
    pub(crate) fn new(file: String, text: &str) -> Result<Self, MigrationProblem> {
        Self::of(file, normalised(text), true)
    }

    /// What stands for the text of code: only comments.
    pub(crate) fn of_code(file: String, text: &str) -> Result<Self, MigrationProblem> {
        Self::of(file, normalised(text), false)
    }

    fn of(file: String, sql: String, needs_statement: bool) -> Result<Self, MigrationProblem> {
        let scan = scan(&sql);
        if needs_statement && scan.statements.is_empty() {
            return Err(MigrationProblem::NoStatement { file });
        }
        let directives = match Directives::read(&scan) {
            Ok(directives) => directives,
            Err((at, reason)) => {
                let at = Location::of_byte(&sql, at);
                return Err(MigrationProblem::Directive { file, at, reason });
            }
        };
        let mut tokens = Sha256::new();
        let statements: Vec<Piece> = scan
            .statements
            .iter()
            .map(|statement| {
                add_tokens(&mut tokens, statement);
                Piece { bytes: statement.start..statement.end, token_sha256: Hash::of(tokens.clone()) }
            })
            .collect();
        tokens.update(directives.to_string());
        if statements.is_empty() {
            tokens.update(&sql);
        }
        let (sha256, token_sha256) = (Hash::of(Sha256::new().chain_update(&sql)), Hash::of(tokens));
        Ok(Self { file, sql, directives, statements, sha256, token_sha256 })
    }

    /// The file's name.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The text as it is sent and hashed.
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    pub(crate) fn directives(&self) -> &Directives {
        &self.directives
    }

    /// How many statements it has.
    pub(crate) fn len(&self) -> usize {
        self.statements.len()
    }

    /// The text of a statement, counted from 0.
    pub(crate) fn statement(&self, index: usize) -> &str {
        &self.sql[self.statements[index].bytes.clone()]
    }

    /// What a statement is made of, counted from 0.
    pub(crate) fn words_of(&self, index: usize) -> Statement<'_> {
        statements(self.statement(index)).swap_remove(0)
    }

    /// The word that a statement begins with, counted from 0; empty if it is none.
    pub(crate) fn first_word(&self, index: usize) -> &str {
        first_word(self.statement(index))
    }

    /// Where a statement begins, counted from 0; behind the text for one that is not there.
    pub(crate) fn location(&self, index: usize) -> Location {
        Location::of_byte(&self.sql, self.statements.get(index).map_or(self.sql.len(), |it| it.bytes.start))
    }

    /// Where a character of a statement is, both counted from 0.
    pub(crate) fn location_in(&self, index: usize, character: usize) -> Location {
        let start = self.statements[index].bytes.start;
        Location::of_char(&self.sql, self.sql[..start].chars().count() + character)
    }

    /// Where a character of the text is, counted from 0.
    pub(crate) fn location_in_file(&self, character: usize) -> Location {
        Location::of_char(&self.sql, character)
    }

    /// Over the text.
    pub(crate) fn sha256(&self) -> Hash {
        self.sha256
    }

    /// Over all that matters to the server and to how it is run: no comments, no space.
    pub(crate) fn token_sha256(&self) -> Hash {
        self.token_sha256
    }

    /// Over the first statements; nothing for none.
    pub(crate) fn token_sha256_of(&self, statements: usize) -> Option<Hash> {
        Some(self.statements.get(statements.checked_sub(1)?)?.token_sha256)
    }
}

/// Each with an end that occurs in none of them.
fn add_tokens(hash: &mut Sha256, statement: &Statement<'_>) {
    for token in &statement.tokens {
        hash.update(token.text);
        hash.update([0]);
    }
    hash.update([0]);
}

impl Hash {
    fn of(hash: Sha256) -> Self {
        Self(hash.finalize().into())
    }
}

/// In hexadecimal digits.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(sql: &str) -> Script {
        Script::new("V1__a.sql".into(), sql).unwrap()
    }

    #[test]
    fn comments_and_space_change_the_text_but_not_its_tokens() {
        let one = script("-- why\nselect  1;\nselect 'a  b';\n");
        let other = script("select 1; /* because */\n\n\nselect 'a  b'");
        assert!(one.sha256() != other.sha256() && one.token_sha256() == other.token_sha256());
        for changed in
            ["select 1; select 'a b'", "select 1, 'a  b'", "select 2; select 'a  b'", "select $$a -- b$$"]
        {
            assert_ne!(script(changed).token_sha256(), one.token_sha256(), "{changed}");
        }
        assert_ne!(script("select $$a$$").token_sha256(), script("select $$a $$").token_sha256());
    }

    #[test]
    fn directives_count_for_the_file_but_not_for_its_beginning() {
        let plain = script("select 1; select 2");
        let slow = script("-- pgkeel: lock_timeout=1m\nselect 1; select 3");
        assert_ne!(script("-- pgkeel: retries=1\nselect 1; select 2").token_sha256(), plain.token_sha256());
        assert_eq!(plain.token_sha256_of(1), slow.token_sha256_of(1));
        assert_ne!(plain.token_sha256_of(2), slow.token_sha256_of(2));
        assert_eq!((plain.token_sha256_of(0), plain.token_sha256_of(3)), (None, None));
    }

    #[test]
    fn hashes_are_those_of_the_standard() {
        // FIPS 180-2, B.1, of "abc"; ours is over the text with its end of line.
        let empty = Hash::of(Sha256::new().chain_update("abc"));
        assert_eq!(empty.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(script("abc").sha256(), Hash::of(Sha256::new().chain_update("abc\n")));
    }

    #[test]
    fn places_are_those_of_the_file() {
        let script = script("-- ä\nselect 1;\n  select 'é', x;");
        assert_eq!((script.len(), script.statement(1)), (2, "select 'é', x"));
        assert_eq!(script.location(1), Location { line: 3, column: 3 });
        assert_eq!(script.location_in(1, 12), Location { line: 3, column: 15 });
    }
}
