//! Tells the program which source it was built from, by which compiler, for the head of a report.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    let compiler = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let toolchain = output(Command::new(compiler).arg("--version"));
    println!("cargo::rustc-env=FOREBAY_TOOLCHAIN={toolchain}");

    let commit =
        output(Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]));
    println!("cargo::rustc-env=FOREBAY_COMMIT={commit}");

    let profile = env::var("PROFILE").unwrap_or_default();
    println!("cargo::rustc-env=FOREBAY_PROFILE={profile}");

    println!("cargo::rerun-if-changed=src");
    // Moves with every commit; a source tree without a repository has none.
    let head = output(Command::new("git").args(["rev-parse", "--git-path", "logs/HEAD"]));
    if Path::new(&head).exists() {
        println!("cargo::rerun-if-changed={head}");
    }
}

/// Returns what a command printed, or nothing where it failed or does not exist.
fn output(command: &mut Command) -> String {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_default()
}
