use super::Wire;
use crate::ServerError;

/// Finds the messages that tell something about the connection in the stream of backend messages: a tag, four bytes of
/// length that count themselves, and a body. Messages may be cut anywhere by the socket.
#[derive(Debug)]
pub(super) struct Scanner {
    /// The tag and length of the message that is being read.
    head: [u8; 5],
    head_len: usize,
    /// Bytes of its body that are still to come.
    body_left: usize,
    /// What has come of its body and is worth keeping.
    kept: Vec<u8>,
    /// Statements that were carried out so far.
    completed: u64,
}

const AUTHENTICATION: u8 = b'R';
const BACKEND_KEY_DATA: u8 = b'K';
const COMMAND_COMPLETE: u8 = b'C';
const ERROR_RESPONSE: u8 = b'E';
const PARAMETER_STATUS: u8 = b'S';
const READY_FOR_QUERY: u8 = b'Z';

/// Whether such a message tells something about the connection.
fn tells(tag: u8) -> bool {
    matches!(tag, AUTHENTICATION | BACKEND_KEY_DATA | ERROR_RESPONSE | PARAMETER_STATUS | READY_FOR_QUERY)
}

/// How many bytes of the body of such a message are kept.
fn worth(tag: u8) -> usize {
    match tag {
        READY_FOR_QUERY => 1,
        // The texts of errors that end a session are short.
        ERROR_RESPONSE => 8 * 1024,
        // The names and values that are looked for are shorter still.
        PARAMETER_STATUS => 1024,
        // The number in front: the process, or what is asked for.
        BACKEND_KEY_DATA | AUTHENTICATION => 4,
        _ => 0,
    }
}

impl Scanner {
    pub(super) fn new() -> Self {
        Self { head: [0; 5], head_len: 0, body_left: 0, kept: Vec::new(), completed: 0 }
    }

    /// Looks at the next bytes. `Err` if they must not reach the driver.
    pub(super) fn scan(&mut self, mut bytes: &[u8], wire: &Wire) -> Result<(), String> {
        while !bytes.is_empty() {
            if self.body_left > 0 {
                let (body, behind) = bytes.split_at(self.body_left.min(bytes.len()));
                self.body_came(body, wire)?;
                bytes = behind;
                continue;
            }
            if self.head_len == 0 {
                bytes = past_the_worthless(bytes, &mut self.completed);
            }
            let taken = (self.head.len() - self.head_len).min(bytes.len());
            self.head[self.head_len..self.head_len + taken].copy_from_slice(&bytes[..taken]);
            self.head_len += taken;
            bytes = &bytes[taken..];
            if self.head_len == self.head.len() {
                self.completed += u64::from(self.head[0] == COMMAND_COMPLETE);
                self.body_left = body_length(self.head);
                self.head_len = 0;
            }
        }
        Ok(())
    }

    fn body_came(&mut self, body: &[u8], wire: &Wire) -> Result<(), String> {
        let (tag, worth) = (self.head[0], worth(self.head[0]));
        self.body_left -= body.len();
        if worth == 0 {
            return Ok(());
        }
        if tag == READY_FOR_QUERY {
            wire.note_completed(self.completed);
        }
        if self.body_left == 0 && self.kept.is_empty() {
            return note(tag, &body[..body.len().min(worth)], wire); // In one piece, as nearly always.
        }
        let room = worth.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&body[..body.len().min(room)]);
        if self.body_left > 0 {
            return Ok(());
        }
        let understood = note(tag, &self.kept, wire);
        self.kept.clear();
        understood
    }
}

/// What is left when whole messages that tell nothing are passed over: nearly all of what comes.
fn past_the_worthless<'b>(mut bytes: &'b [u8], completed: &mut u64) -> &'b [u8] {
    while let Some((head, behind)) = bytes.split_first_chunk()
        && !tells(head[0])
        && let Some(behind) = behind.get(body_length(*head)..)
    {
        *completed += u64::from(head[0] == COMMAND_COMPLETE);
        bytes = behind;
    }
    bytes
}

fn body_length([_, length @ ..]: [u8; 5]) -> usize {
    (u32::from_be_bytes(length) as usize).saturating_sub(4)
}

fn note(tag: u8, body: &[u8], wire: &Wire) -> Result<(), String> {
    let number = || body.first_chunk().copied().map(i32::from_be_bytes);
    match (tag, body, number()) {
        (READY_FOR_QUERY, [status, ..], _) => wire.note_status(*status),
        (BACKEND_KEY_DATA, _, Some(pid)) => wire.note_pid(pid),
        (AUTHENTICATION, _, Some(code)) => wire.note_auth(code)?,
        (PARAMETER_STATUS, body, _) => {
            let mut texts = body.split(|byte| *byte == 0).map(String::from_utf8_lossy);
            if let (Some(name), Some(value), Some(_)) = (texts.next(), texts.next(), texts.next()) {
                wire.note_parameter(&name, value.into_owned());
            }
        }
        (ERROR_RESPONSE, body, _) => {
            wire.note_refusal();
            if let Some(fatal) = ServerError::fatal_from_wire(body) {
                wire.note_fatal(fatal);
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransactionStatus;
    use crate::address::AuthRule;

    /// What is known after these bytes have come in parts of this length.
    fn after(bytes: &[u8], cut: usize) -> Wire {
        let (wire, mut scanner) = (Wire::new(AuthRule::default()), Scanner::new());
        bytes.chunks(cut).for_each(|part| scanner.scan(part, &wire).unwrap());
        wire
    }

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[tag], length.to_be_bytes().as_slice(), body].concat()
    }

    #[test]
    fn the_last_status_is_found_however_the_bytes_are_cut() {
        // CommandComplete "BEGIN" with a Z in its body, then ReadyForQuery in a transaction.
        let bytes = [message(b'C', b"BEGIZ\0"), message(b'Z', b"T")].concat();
        for cut in 1..bytes.len() {
            assert_eq!(after(&bytes, cut).status(), TransactionStatus::Open, "cut every {cut}");
            let failed = [bytes.clone(), message(b'Z', b"E")].concat();
            assert_eq!(after(&failed, cut).status(), TransactionStatus::Failed);
            let idle = [failed, message(b'Z', b"I")].concat();
            assert_eq!(after(&idle, cut).status(), TransactionStatus::Idle);
        }
    }

    #[test]
    fn statements_that_were_carried_out_are_counted_however_the_bytes_are_cut() {
        let row = message(b'D', b"CCCCCC");
        let done = [row, message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat();
        // As of a constraint that is looked at when all is done.
        let refused = message(b'E', b"SERROR\0VERROR\0C23503\0MC\0\0");
        let late = [message(b'C', b"INSERT 0 1\0"), refused, message(b'Z', b"I")].concat();
        let bytes = [done.clone(), late, done, message(b'C', b"SELECT 1\0")].concat();
        for cut in 1..bytes.len() {
            let wire = after(&bytes, cut);
            assert_eq!(wire.completed(), 3, "cut every {cut}; of the last it is not ready yet");
            assert_eq!(wire.completed_before_refusal(), 1);
        }
    }

    #[test]
    fn the_servers_last_word_is_kept_however_the_bytes_are_cut() {
        let bytes = message(b'E', b"SFATAL\0VFATAL\0C57P01\0Mover\0\0");
        for cut in 1..bytes.len() {
            assert_eq!(after(&bytes, cut).last_word().unwrap().message(), "over", "cut every {cut}");
        }
    }

    #[test]
    fn messages_without_a_body_are_passed_over() {
        let bytes = [message(b'1', b""), message(b'2', b""), message(b'Z', b"T")].concat();
        assert_eq!(after(&bytes, 3).status(), TransactionStatus::Open);
    }

    #[test]
    fn parameters_are_kept_with_their_last_value_however_the_bytes_are_cut() {
        let bytes = [
            message(b'S', b"in_hot_standby\0on\0"),
            message(b'S', b"TimeZone\0UTC\0"),
            message(b'K', &[0, 0, 1, 2, 9, 9, 9, 9]),
            message(b'S', b"in_hot_standby\0off\0"),
        ]
        .concat();
        for cut in 1..bytes.len() {
            let wire = after(&bytes, cut);
            assert_eq!(wire.parameter("in_hot_standby").as_deref(), Some("off"));
            assert_eq!((wire.parameter("TimeZone"), wire.parameter("server_version")), (None, None));
            assert_eq!(wire.pid(), Some(258));
        }
        let cut_off = [b"server_version\0".as_slice(), &[b'9'; 2000], b"\0"].concat();
        assert_eq!(after(&message(b'S', &cut_off), 7).parameter("server_version"), None);
    }
}
