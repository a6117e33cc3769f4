//! What the targets of both machines read their schedules with.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

/// How many messages have reached a machine in all runs together. It says so from time to time.
static MESSAGES: AtomicU64 = AtomicU64::new(0);

/// The rest of the input; once there is nothing left, it reads as zeros.
pub struct Schedule<'a>(&'a [u8]);

impl<'a> Schedule<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub const fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// Small numbers, and those at the edges.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            255 => u64::MAX,
            254 => u64::MAX - 1,
            253 => 1 << 63,
            252 => u64::from(u32::MAX),
            251 => 1 << 60,
            small => u64::from(small),
        }
    }

    pub fn frame(&mut self) -> Bytes {
        let len = usize::from(self.byte()).min(self.0.len());
        let (frame, rest) = self.0.split_at(len);
        self.0 = rest;
        Bytes::copy_from_slice(frame)
    }
}

/// Counts a message that reaches a machine.
pub fn count_message() {
    let messages = 1 + MESSAGES.fetch_add(1, Ordering::Relaxed);
    if messages.is_multiple_of(1_000_000) {
        eprintln!("{messages} messages");
    }
}
