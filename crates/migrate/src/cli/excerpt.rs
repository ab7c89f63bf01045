//! The line of a file that an error is about.

use crate::{Direction, FileError, Location, Migrations};

/// Longest part of a line that is shown, so that a line of a dump does not fill the screen.
const WIDTH: usize = 100;

/// The line with a mark below the place, if the error has one.
pub(crate) fn of(error: &FileError, migrations: &Migrations) -> Option<String> {
    let at = error.at?;
    let sql = migrations.all().find_map(|migration| match error.direction {
        Direction::Up if migration.file() == error.file => Some(migration.sql()),
        Direction::Up if migration.verify().is_some_and(|verify| verify.file() == error.file) => {
            migration.verify_sql()
        }
        Direction::Down if migration.down().is_some_and(|down| down.file() == error.file) => {
            migration.down_sql()
        }
        _ => None,
    })?;
    line(sql, at)
}

/// The line with a mark below the place, if there is such a line.
pub(crate) fn line(sql: &str, at: Location) -> Option<String> {
    let line = sql.lines().nth(at.line.checked_sub(1)?)?;
    let hidden = (at.column - 1).saturating_sub(WIDTH / 2);
    let shown: String = line.chars().skip(hidden).take(WIDTH).collect();
    let number = at.line.to_string();
    let (margin, indent) = (" ".repeat(number.len()), " ".repeat(at.column - 1 - hidden));
    Some(format!("  {number} | {shown}\n  {margin} | {indent}^\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, Reason, Stays};

    fn excerpt(sql: &str, line: usize, column: usize) -> Option<String> {
        let migrations = Migrations::from_static(&[("V1__a.sql", sql)]).unwrap();
        let error = FileError {
            file: "V1__a.sql".into(),
            direction: Direction::Up,
            at: Some(Location { line, column }),
            reason: Reason::LockLost,
            stays: Stays::Nothing,
            attempts: 1,
            blockers: Vec::new(),
            before: Vec::new(),
        };
        of(&error, &migrations)
    }

    #[test]
    fn the_mark_is_below_the_place() {
        assert_eq!(
            excerpt("select 1;\nselect 'é', x;", 2, 13).unwrap(),
            "  2 | select 'é', x;\n    |             ^\n"
        );
        assert_eq!(excerpt("select 1;", 9, 1), None);
    }

    #[test]
    fn of_a_long_line_only_what_is_around_is_shown() {
        let sql = format!("select {}x;", "1, ".repeat(400));
        let shown = excerpt(&sql, 1, 1208).unwrap();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0].find('x'), lines[1].find('^'));
        assert!(lines[0].len() <= WIDTH + 6, "{shown}");
    }
}
