use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What `format.py` makes of these lines, one of each.
pub(crate) fn run(verb: &str, roots: &Value, lines: &[Value]) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/external/format.py");
    let mut python = Command::new("python3");
    python.args([script, verb]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = python.spawn().unwrap();
    let mut stdin = running.stdin.take().unwrap();
    let input: Vec<_> = std::iter::once(roots).chain(lines).map(Value::to_string).collect();
    let writing = std::thread::spawn(move || stdin.write_all(input.join("\n").as_bytes()));
    let ended = running.wait_with_output().unwrap();
    assert!(ended.status.success(), "format.py says why, above");
    writing.join().unwrap().unwrap();
    let output = String::from_utf8(ended.stdout).unwrap();
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
