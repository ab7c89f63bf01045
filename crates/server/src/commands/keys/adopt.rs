//! `pgkeel keys adopt`.

use std::process::ExitCode;

use anyhow::anyhow;
use pgkeel_connect::Ident;
use pgkeel_pool::Pool;
use pgkeel_query::rotation::{self, Rotation};

use super::arguments::{Pace, Words};
use super::problem::Doing as _;
use super::work::{self, Work};
use super::{columns, keyring};
use crate::failure::Failure;
use crate::settings::Config;

/// Seals what a plaintext column has, or empties it where that is done.
pub(super) async fn run(
    words: &Words,
    config: &Config,
    pool: &Pool,
    pace: Pace,
    plaintext: &Ident,
    clears: bool,
) -> Result<ExitCode, Failure> {
    let vault = keyring::vault(config).await?;
    let columns = columns::meant(words, pool).await?;
    let [column] = &columns[..] else {
        return Err(Failure::setting(anyhow!("say which column takes over from it: --column TABLE.COLUMN")));
    };
    let rotation = if clears {
        let left = rotation::adoption(pool, column, plaintext).await.doing("counting plaintext")?;
        if left.unsealed > 0 {
            return Err(Failure::from(anyhow!(
                "{} rows have plaintext and nothing sealed: seal them first, by the same call without --clear",
                left.unsealed
            )));
        }
        Rotation::clearing(&vault, column, plaintext)
    } else {
        Rotation::adopting(&vault, column, plaintext)
    };
    let name = format!("{column}, plaintext {}", plaintext.name());
    work::run(words, pool, pace, vec![Work { rotation, column: name }]).await
}
