//! `forebay-bench`: which way to read through a backend, and what it saves.

use std::process::ExitCode;

use forebay_bench::allocator::CountingAllocator;
use forebay_bench::cli;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

fn main() -> ExitCode {
    cli::run(std::env::args_os())
}
