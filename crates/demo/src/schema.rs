//! The schema of the shop: the migrations of the project, built in.

use pgkeel_migrate::{Error, Migrations};

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../migrations/", $name)))),+]
    };
}

static FILES: &[(&str, &str)] = files![
    "V20250203091500__customers.sql",
    "V20250210140000__orders.sql",
    "V20250224103000__order_lines.sql",
    "V20250317082000__payments.sql",
    "V20250402161500__audit.sql",
    "V20250519093000__sales_channel.sql",
    "V20250611074500__faster_reports.sql",
];

/// The migrations of the shop.
///
/// # Errors
/// As [`Migrations::from_static`]; only if this program was built with files that cannot be applied.
pub fn schema() -> Result<Migrations, Error> {
    Migrations::from_static(FILES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_directory_is_built_in_as_it_is() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let facts = |migrations: Migrations| -> Vec<(String, String)> {
            migrations.iter().map(|file| (file.file().to_owned(), file.sql().to_owned())).collect()
        };
        assert_eq!(facts(schema().unwrap()), facts(Migrations::from_dir(directory).unwrap()));
    }
}
