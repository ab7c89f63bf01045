//! Copies of keys on the stack. A value that is moved leaves its bytes where it was, as nothing is dropped there, and ciphers are
//! moved when they are made: so what lies below a call is overwritten behind it.

use std::hint::black_box;

/// More than making a cipher and using it takes, also where nothing is optimised.
const DEPTH: usize = 16 << 10;

/// Does this, and overwrites the stack that it had. What it returns may hold no key, but in allocations.
pub(crate) fn wiped_after<R>(work: impl FnOnce() -> R) -> R {
    let done = called(work);
    wipe();
    done
}

/// Has a frame of its own, below that of its caller.
#[inline(never)]
fn called<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Has its frame where that was.
#[inline(never)]
fn wipe() {
    black_box(&mut [0_u8; DEPTH]);
}
