//! `forebay-checkpoint`: looks at the file of a checkpoint store and mends it, while consumers use it.
//!
//! [`cli`] has the commands. [`list`], [`watch`] and [`verify`] read; [`change`], [`import`] and
//! [`salvage`] write, as any other process would. What they print is in [`output`], its JSON in
//! [`shape`], and how each may end in [`failure`].
#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!("the tool is there on Unix alone, as `FileStore` is");

mod change;
mod cli;
mod export;
mod failure;
mod import;
mod key;
mod list;
mod output;
mod position;
mod salvage;
mod session;
mod shape;
mod verify;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli::Command;
use crate::failure::Failure;

fn main() -> ExitCode {
    let ended = obey(std::env::args_os());
    let Err(failure) = ended else {
        return ExitCode::SUCCESS;
    };
    if let Some(line) = failure.line() {
        output::note(&format!("error: {line}"));
    }
    failure.exit_code()
}

fn obey(arguments: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    let Some((session, command)) = cli::parse(arguments)? else {
        return Ok(());
    };
    match command {
        Command::List(request) => list::list(&session, &request),
        Command::Get(request) => list::get(&session, &request),
        Command::Set(request) => change::set(&session, &request),
        Command::Reset(request) => change::reset(&session, &request),
        Command::Remove(request) => change::remove(&session, &request),
        Command::Label(request) => change::label(&session, &request),
        Command::Verify(request) => verify::verify(&session, &request),
        Command::Salvage(request) => salvage::salvage(&session, &request),
        Command::Export(request) => export::export(&session, &request),
        Command::Import(request) => import::import(&session, &request),
        Command::Watch(request) => watch::watch(&session, &request),
    }
}
