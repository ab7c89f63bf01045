//! Helper programs: run to their end, within a bound, with their output kept.

use std::{
    io::{self, Read, Write},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use crate::{
    Error,
    machine::process::{self, Signal},
};

/// `initdb` takes about half a second; slow disks and virus scanners may make that a hundredfold.
const BOUND: Duration = Duration::from_mins(2);

/// How a program ended, and all it printed.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

/// The output of a program that must succeed.
pub(crate) fn checked(step: &'static str, command: Command, input: &[u8]) -> Result<String, Error> {
    let Outcome { status, output } = finished(step, command, input)?;
    if status.success() {
        return Ok(output);
    }
    Err(Error::Command { step, exit: status.to_string(), output: output.trim_end().to_owned() })
}

/// Runs a program to its end, whatever that is; without `input` its standard input is what the command says.
pub(crate) fn finished(step: &'static str, command: Command, input: &[u8]) -> Result<Outcome, Error> {
    within(BOUND, step, command, input)
}

/// As [`finished`], within a bound of the caller.
pub(crate) fn within(
    bound: Duration,
    step: &'static str,
    mut command: Command,
    input: &[u8],
) -> Result<Outcome, Error> {
    let program = command.get_program().to_owned();
    let failed = Error::io(step, program);
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let (mut child, output) = match started(&mut command) {
        Ok(parts) => parts,
        Err(source) => return Err(failed(source)),
    };
    drop(command); // it keeps the write ends of the output, which would never end
    feed(&mut child, input);
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(collected(output)));
    match receive.recv_timeout(bound) {
        Ok(output) => Ok(Outcome { status: child.wait().map_err(failed)?, output }),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            process::signal_group(child.id(), Signal::KILL); // also what it has started itself
            let _ = child.kill();
            let _ = child.wait();
            Err(Error::CommandTimeout { step, waited: bound })
        }
    }
}

fn started(command: &mut Command) -> io::Result<(Child, io::PipeReader)> {
    let (output, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    Ok((command.spawn()?, output))
}

/// A program that does not read its input closes it; how it ends tells whether that was right.
fn feed(child: &mut Child, input: &[u8]) {
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input);
    }
}

fn collected(mut output: io::PipeReader) -> String {
    let mut bytes = Vec::new();
    let _ = output.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn input_goes_in_and_both_outputs_come_out() {
        let output = checked("copy", shell("cat; echo more >&2"), b"text\n").expect("it succeeds");
        assert_eq!(output, "text\nmore\n");
    }

    #[test]
    fn a_program_that_takes_too_long_ends_with_all_it_has_started() {
        use std::os::unix::process::CommandExt as _;
        let place = tempfile::tempdir().expect("a directory");
        let mut command = shell("sleep 600 & echo $! >child; wait");
        command.current_dir(place.path()).process_group(0);
        let error = within(Duration::from_secs(1), "wait", command, &[]).err().expect("too long");
        assert!(matches!(error, Error::CommandTimeout { step: "wait", .. }), "{error}");
        let child = std::fs::read_to_string(place.path().join("child")).expect("it had time for that");
        let child = child.trim().parse().expect("a process id");
        let gone = crate::machine::wait::until(Duration::from_secs(30), || {
            let lives = shell(&format!("kill -0 {child}")).stderr(Stdio::null()).status().expect("sh runs");
            (!lives.success() || process::is_uncollected(child)).then_some(())
        });
        assert!(gone.is_some(), "its child was killed too");
    }

    #[test]
    fn a_failure_carries_exit_and_output() {
        let error = checked("fail", shell("echo why; exit 3"), &[]).expect_err("it fails");
        assert!(matches!(&error, Error::Command { output, .. } if output == "why"), "{error}");
    }
}
