//! In which order repeatables are tried: those that are required first, else by name.

use super::migration::{Migration, MigrationProblem};

/// Sorts them, or says what they ask for that cannot be.
pub(super) fn in_order(mut left: Vec<Migration>) -> Result<Vec<Migration>, Vec<MigrationProblem>> {
    left.sort_by(|a, b| a.name().cmp(b.name()));
    let problems: Vec<MigrationProblem> = left.iter().flat_map(|file| unknown(file, &left)).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut sorted: Vec<Migration> = Vec::new();
    while !left.is_empty() {
        let is_there = |name: &String| sorted.iter().any(|file| file.name() == name);
        let is_next = |file: &Migration| file.directives().requires_repeatables.iter().all(is_there);
        let Some(next) = left.iter().position(is_next) else {
            let files = left.iter().map(|file| file.file().to_owned()).collect();
            return Err(vec![MigrationProblem::Cycle { files }]);
        };
        sorted.push(left.remove(next));
    }
    Ok(sorted)
}

/// What a file requires that there is not.
fn unknown(file: &Migration, all: &[Migration]) -> Vec<MigrationProblem> {
    let is_there = |name: &&String| all.iter().any(|other| other.name() == *name);
    let names = file.directives().requires_repeatables.iter().filter(|name| !is_there(name));
    let problem = |name: &String| MigrationProblem::UnknownRequirement {
        file: file.file().to_owned(),
        required: format!("R__{name}.sql"),
    };
    names.map(problem).collect()
}

#[cfg(test)]
mod tests {
    use crate::Migrations;

    fn order(files: &[(&str, &str)]) -> Result<Vec<String>, String> {
        match Migrations::from_static(files) {
            Ok(found) => Ok(found.repeatables().map(|file| file.name().to_owned()).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn what_is_required_comes_first_and_all_else_by_name() {
        let files = [
            ("R__a.sql", "-- pgkeel: requires=R__c\nselect 1"),
            ("R__b.sql", "select 1"),
            ("R__c.sql", "-- pgkeel: requires=R__d\nselect 1"),
            ("R__d.sql", "select 1"),
            ("V1__x.sql", "select 1"),
        ];
        assert_eq!(order(&files).unwrap(), ["b", "d", "c", "a"]);
    }

    #[test]
    fn what_cannot_be_is_named() {
        let around = [
            ("R__a.sql", "-- pgkeel: requires=R__b\nselect 1"),
            ("R__b.sql", "-- pgkeel: requires=R__a\nselect 1"),
            ("R__c.sql", "select 1"),
        ];
        assert!(order(&around).unwrap_err().contains("R__a.sql and R__b.sql require one another"));
        let lacking = [("R__a.sql", "-- pgkeel: requires=R__b,R__e.sql\nselect 1")];
        let told = order(&lacking).unwrap_err();
        assert!(
            told.contains("R__a.sql requires R__b.sql, but") && told.contains("requires R__e.sql, but"),
            "{told}"
        );
    }
}
