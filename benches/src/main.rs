//! `forebay-bench`: which strategy to take, and what it saves.

use std::process::ExitCode;

use forebay_bench::allocator::CountingAllocator;
use forebay_bench::program;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

fn main() -> ExitCode {
    program::run(std::env::args_os())
}
