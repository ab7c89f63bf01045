//! Making a data directory, whole or not at all.

use std::{ffi::OsStr, fs::File, path::Path, time::Duration};

use crate::{
    Error, Installation,
    machine::{account::Account, lock::Lock, random, run},
    server::settings,
};

/// Longer than any `initdb` may take before its caller gives up.
const BUSY_BOUND: Duration = Duration::from_mins(2);

/// Codepoint order with Unicode case rules, then without where the C library has no such locale.
const LOCALES: [&str; 2] = ["--locale=C.UTF-8", "--locale=C"];

/// Makes `data`, under a lock of the caller: a kill at any moment leaves either all of it, or a sibling
/// `<data>.new-…`, which the next call removes.
///
/// A killed caller's `initdb` goes on by itself. It holds the lock `<data>.lock` meanwhile, and is waited for:
/// when its directory is removed under it, its server leaves shared memory behind.
pub(crate) fn make(
    data: &Path,
    arguments: &[&OsStr],
    installation: &Installation,
    account: &Account,
) -> Result<(), Error> {
    let busy = Lock::for_heirs(&data.with_added_extension("lock"), account, BUSY_BOUND)?;
    account.shell("remove what an interrupted initdb left", SWEEP, &[data.as_os_str()], &[])?;
    let mut fresh = data.as_os_str().to_owned();
    fresh.push(format!(".new-{}", random::hex::<4>()?));
    initialise(fresh.as_ref(), arguments, installation, account, &busy)?;
    account.shell("put the data directory in its place", FINISH, &[&fresh, data.as_os_str()], &[])?;
    Ok(())
}

const SWEEP: &str = r#"rm -rf "$1".new-*"#;

/// The settings that we write are included last, so that they win over what `initdb` chose.
const FINISH: &str = r#"
printf "\ninclude_if_exists 'pgkeel.conf'\n" >>"$1/postgresql.conf" || exit
[ ! -e "$2" ] || rmdir "$2" || exit
mv "$1" "$2""#;

fn initialise(
    fresh: &Path,
    arguments: &[&OsStr],
    installation: &Installation,
    account: &Account,
    busy: &File,
) -> Result<(), Error> {
    let mut refusal = None;
    for locale in LOCALES {
        let mut command =
            settings::with_libraries(account.command(installation.program("initdb")), installation);
        command.arg("-D").arg(fresh).args(["-k", "-E", "UTF8", locale]).args(arguments);
        command.stdin(busy.try_clone().map_err(Error::io("share the lock of", fresh))?);
        let run::Outcome { status, output } = run::finished("run initdb", command, &[])?;
        if status.success() {
            return Ok(());
        }
        let is_about_locale = output.contains("invalid locale");
        refusal.get_or_insert(Error::Initdb { exit: status.to_string(), output: output.trim().to_owned() });
        if !is_about_locale {
            break;
        }
    }
    refusal.map_or(Ok(()), Err)
}
