use std::fs::File;
use std::os::unix::fs::FileExt as _;

use crate::masked::Masked;

const CHUNK: usize = 1 << 20;
/// What the end of a chunk and the beginning of the next have in common, so that nothing is cut in two.
const COMMON: usize = 64;

/// How often each of these is in what the process can write to and no file is behind: heap, stacks, anonymous maps.
pub(crate) fn scan(secrets: &[Masked]) -> Vec<(&'static str, usize)> {
    let memory = File::open("/proc/self/mem").unwrap();
    let mut buffer = vec![0; CHUNK];
    let mut counts: Vec<_> = secrets.iter().map(|secret| (secret.name, 0)).collect();
    for (start, end) in maps() {
        for at in (start..end).step_by(CHUNK - COMMON) {
            let len = CHUNK.min(usize::try_from(end - at).unwrap());
            let read = memory.read_at(&mut buffer[..len], at).unwrap();
            assert_eq!(read, len, "a map that was listed cannot be read");
            for (secret, (_, count)) in secrets.iter().zip(&mut counts) {
                *count += secret.count(&buffer[..len]);
            }
            buffer.fill(0); // it is memory of the process too
        }
    }
    counts
}

fn maps() -> Vec<(u64, u64)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let maps = maps.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (range, rights, inode) = (fields.next()?, fields.next()?, fields.nth(2)?);
        let is_anonymous = rights.starts_with("rw") && inode == "0";
        let (start, end) = range.split_once('-').filter(|_| is_anonymous)?;
        Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?))
    });
    let maps: Vec<_> = maps.collect();
    assert!(maps.len() > 2, "the process has a heap and stacks");
    maps
}
