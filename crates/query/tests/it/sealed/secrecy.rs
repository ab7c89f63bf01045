//! Plaintext is nowhere but where it is opened: not in what the process logs and shows, not in what the server logs and keeps.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use pgkeel_pool::{Config, Pool};
use pgkeel_query::sealed::{Sealed, Secret, ddl};
use pgkeel_query::{Entity, Executor as _, NewRow};
use pgkeel_testkit::{Log, TestCluster, in_full};

use super::sealer;

const CANARY: &str = "Xylophon8261@example.org";
/// What is stored as it is, to see that it would be found.
const CONTROL: &str = "Quetzal5177@example.org";

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "kept", columns = k)]
struct Kept {
    #[pgkeel(id, generated)]
    id: i64,
    #[pgkeel(sealed(context = "kept.word", index(column = "word_bidx", unique)))]
    word: Sealed<String>,
    #[pgkeel(sealed(context = "kept.same", deterministic))]
    same: Option<Sealed<String>>,
    plain: Option<String>,
}

#[derive(NewRow)]
#[pgkeel(entity = Kept, columns = k)]
struct NewKept<'a> {
    word: &'a str,
    same: Option<Secret<String>>,
    plain: Option<&'a str>,
}

/// As it is, as hexadecimal digits, and as base64 whatever stands in front of it.
fn forms(word: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![word.into(), hex(word).into(), hex(word).to_uppercase().into()];
    for shift in 0..3 {
        let shifted = [&b"   "[..shift], word.as_bytes()].concat();
        let whole = shifted.len() / 3 * 4;
        forms.push(base64(&shifted)[(shift * 4).div_ceil(3)..whole].into());
    }
    forms
}

fn hex(word: &str) -> String {
    word.bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let of_three = |three: &[u8]| {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        (0..4).map(move |at| char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]))
    };
    bytes.chunks(3).flat_map(of_three).collect()
}

fn is_in(word: &str, bytes: &[u8]) -> bool {
    forms(word).iter().any(|form| bytes.windows(form.len()).any(|window| window == form))
}

/// The files below a directory that have the word in them.
fn files_with(word: &str, below: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(word, &path));
        } else if std::fs::read(&path).is_ok_and(|bytes| is_in(word, &bytes)) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn plaintext_is_in_no_log_no_error_no_dump_and_no_file_of_the_server() {
    let log = Log::of_this_process();
    let settings = [
        ("log_statement", "all"),
        ("log_parameter_max_length", "-1"),
        ("log_parameter_max_length_on_error", "-1"),
    ];
    let cluster = TestCluster::start_with(|options| {
        settings.iter().fold(options, |options, (name, value)| options.setting(*name, *value))
    })
    .await;
    let pool = Pool::lazy(Config::new(cluster.address().clone()).with_size(2, 0).unwrap());
    let table = "create table kept(id int8 generated always as identity primary key, plain text);";
    pool.batch_execute(&format!("{table}{}", ddl::<Kept>())).await.unwrap();
    let sealer = sealer().await;
    let new = |word| NewKept { word, same: Some(Secret::new(CANARY.to_owned())), plain: Some(CONTROL) };
    let kept = Kept::repo().sealed_by(&sealer);
    let row = kept.insert(&pool, &new(CANARY)).await.unwrap();
    let row = row.change().sealed_by(&sealer).set(k::same, CANARY.to_owned()).save(&pool).await.unwrap();
    let found = kept.find_by(&pool, sealer.lookup(k::word, CANARY).unwrap()).await.unwrap().unwrap();
    let opened = sealer.open(&found, k::word).unwrap();
    assert_eq!((opened.expose().as_str(), found.plain.as_deref()), (CANARY, Some(CONTROL)));

    let row_of_another = Kept { id: row.id + 1, ..row.clone() };
    let unsealed = Kept::insert().values(&new(CANARY)).execute(&pool).await.unwrap_err();
    let explained = Kept::insert().set(k::word, CANARY).explain().unwrap().estimate(&pool).await.map(drop);
    let statement = Kept::insert().set(k::word, CANARY).set(k::same, CANARY.to_owned());
    let changed = row.change().set(k::word, CANARY);
    let panicked = catch_unwind(AssertUnwindSafe(|| panic!("{statement:?} {changed:?}"))).unwrap_err();
    let shown = [
        in_full(&kept.insert(&pool, &new(CANARY)).await.unwrap_err()),
        in_full(&unsealed),
        format!("{explained:?}"),
        in_full(&sealer.open(&row_of_another, k::word).map(drop).unwrap_err()),
        format!("{row:?} {opened:?} {sealer:?} {statement:?} {changed:?} {:?}", statement.text()),
        format!(
            "{:?} {:?}",
            sealer.lookup(k::word, CANARY).unwrap(),
            pgkeel_query::sealed::registered().collect::<Vec<_>>()
        ),
        panicked.downcast_ref::<String>().unwrap().clone(),
        pool.query_scalar::<String>("select row_to_json(kept)::text from kept", &[]).await.unwrap(),
    ];
    for shown in &shown {
        assert!(!is_in(CANARY, shown.as_bytes()), "{shown}");
    }
    assert!(!is_in(CANARY, log.text().as_bytes()));

    pool.batch_execute("checkpoint").await.unwrap();
    let bin: String =
        pool.query_scalar("select setting from pg_config where name = 'BINDIR'", &[]).await.unwrap();
    let dump =
        Command::new(Path::new(&bin).join("pg_dump")).arg(cluster.address().to_string()).output().unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    for (word, is_there) in [(CANARY, false), (CONTROL, true)] {
        assert_eq!(is_in(word, &dump.stdout), is_there, "{word} in the dump");
        assert_eq!(is_in(word, cluster.log().as_bytes()), is_there, "{word} in the server's log");
        let files = files_with(word, &cluster.data_dir());
        assert_eq!(files.is_empty(), !is_there, "{word} in {files:?}");
    }
}

#[test]
fn a_word_is_found_in_each_form() {
    for front in ["", "a", "ab", "abc"] {
        let text = format!("{front}{CANARY}behind");
        for shown in [text.clone(), hex(&text), hex(&text).to_uppercase(), base64(text.as_bytes())] {
            assert!(is_in(CANARY, shown.as_bytes()), "{shown}");
            assert!(!is_in(CONTROL, shown.as_bytes()));
        }
    }
}
