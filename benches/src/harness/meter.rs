use std::time::Instant;

use crate::allocator::Memory;
use crate::harness::processor;
use crate::report::model::Cost;

/// What something costs the machine, from one moment on.
#[derive(Debug)]
pub(crate) struct Meter {
    memory: Memory,
    wall: Instant,
    cpu_ns: u64,
}

impl Meter {
    /// Begins to measure.
    pub(crate) fn begin() -> Self {
        Self {
            memory: Memory::watch(),
            wall: Instant::now(),
            cpu_ns: processor::process_ns(),
        }
    }

    /// Returns the time since it began.
    pub(crate) fn wall_ns(&self) -> u64 {
        u64::try_from(self.wall.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Returns what it has cost up to now.
    pub(crate) fn cost(&self) -> Cost {
        Cost {
            wall_ns: self.wall_ns(),
            cpu_ns: Some(processor::process_ns().saturating_sub(self.cpu_ns)),
            allocations: self.memory.allocations(),
            peak_memory_bytes: self.memory.peak_bytes(),
        }
    }
}
