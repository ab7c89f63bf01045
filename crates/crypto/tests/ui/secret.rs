//! A secret is not printed, compared, cloned, serialised, or taken for its value.

use pgkeel_crypto::Secret;

fn is_serialised(_: &impl serde::Serialize) {}

fn main() {
    let secret = Secret::new(String::from("ada"));
    println!("{secret}");
    let _ = secret.clone();
    let _ = secret == Secret::new(String::from("ada"));
    let _: &str = &secret;
    let _ = secret.len();
    is_serialised(&secret);
}
