//! A second writer of the checkpoint file, made from its description alone.
#![allow(dead_code, reason = "each target uses what it needs")]

/// A file with one more block at a time.
pub struct Bytes {
    pub bytes: Vec<u8>,
    seed: u32,
    prev: u32,
}

impl Bytes {
    /// The header of a new file.
    pub fn new(floor: u64, base: u64) -> Self {
        let mut bytes = b"\x89FBCK\r\n\x1a\x01\0\x01\0\x01\0\0\0".to_vec();
        bytes.extend(1_u64.to_le_bytes());
        bytes.extend(floor.to_le_bytes());
        bytes.extend([7; 16]);
        bytes.extend(base.to_le_bytes());
        bytes.extend([0; 4]);
        let seed = crc32c::crc32c(&bytes);
        bytes.extend(seed.to_le_bytes());
        let prev = seed;
        Self { bytes, seed, prev }
    }

    /// Appends a block with these records, whatever they are.
    pub fn block(&mut self, nonce: u32, pending: u64, records: &[u8]) {
        let start = self.bytes.len();
        let len = records.len().next_multiple_of(8).max(8);
        self.bytes.extend([0; 4]);
        self.bytes.extend((len as u32).to_le_bytes());
        self.bytes.extend(self.prev.to_le_bytes());
        self.bytes.extend(nonce.to_le_bytes());
        self.bytes.extend(pending.to_le_bytes());
        self.bytes.extend(records);
        self.bytes.resize(start + 24 + len, 0);
        self.prev = crc32c::crc32c_append(self.seed, &self.bytes[start + 4..]);
        self.bytes[start..start + 4].copy_from_slice(&self.prev.to_le_bytes());
    }
}

/// A record of a key: its kind, and the key itself if this is the first one of it.
pub fn record(kind: u8, number: u8, named: bool, epoch: u64, sequence: u64, text: &str) -> Vec<u8> {
    let flags = u8::from(named) | u8::from(!text.is_empty()) << 1;
    let mut record = vec![kind, flags];
    record.extend((text.len() as u16).to_le_bytes());
    record.extend(u32::from(number).to_le_bytes());
    record.extend(epoch.to_le_bytes());
    record.extend(0_u64.to_le_bytes());
    record.extend(sequence.to_le_bytes());
    if named {
        record.extend([number; 32]);
    }
    record.extend(text.as_bytes());
    record
}
