//! A sealed value is none of another type, and plaintext is not taken for a sealed one.

use pgkeel_crypto::{Column, Place, Sealed, Vault};

const EMAIL: Column<String> = Column::new("app.users.email");
const AGE: Column<i64> = Column::new("app.users.age");

fn main() {}

fn mixed(vault: &Vault, age: &Sealed<i64>) {
    let _ = vault.open(&EMAIL, age, Place::row(7));
    let _ = vault.open(&EMAIL, "ada", Place::row(7));
    let _ = vault.seal(&AGE, "36", Place::row(7));
}
