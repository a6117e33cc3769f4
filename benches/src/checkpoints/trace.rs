//! What a process asks of the system, counted by strace.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::checkpoints::shift::Mark;
use crate::report::model::Calls;

/// The arguments that let strace write down what a program does to files, and with which bytes a
/// write begins.
pub(super) fn prefix(output: &Path) -> Vec<&OsStr> {
    let words = [
        "strace",
        "-f",
        "-y",
        "-qq",
        "-s",
        BYTES_SHOWN,
        "-e",
        CALLS,
        "-o",
    ];
    let mut prefix = words.map(OsStr::new).to_vec();
    prefix.push(output.as_os_str());
    prefix
}

/// Returns whether strace is there and may be used.
pub(super) fn is_allowed() -> bool {
    let mut command = Command::new("strace");
    command.args(["-qq", "-o", "/dev/null", "true"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

const CALLS: &str = "trace=write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,\
     msync,syncfs,open,openat,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,\
     link,linkat,truncate,ftruncate,fallocate,stat,newfstatat,statx";

const BYTES_SHOWN: &str = "16";

/// Counts what was done to the files of a folder while writers were at work.
pub(super) fn count(trace: &str, folder: &str) -> Calls {
    let mut counter = Counter::default();
    for line in trace.lines() {
        counter.line(line, folder);
    }
    counter.calls
}

#[derive(Default)]
struct Counter<'a> {
    at_work: bool,
    calls: Calls,
    /// What threads have begun and not ended, with whether it concerns the folder.
    begun: HashMap<&'a str, &'a str>,
    /// Files whose writes are syncs.
    synced_writes: HashSet<&'a str>,
}

impl<'a> Counter<'a> {
    fn line(&mut self, line: &'a str, folder: &str) {
        let Some((thread, rest)) = line.split_once(' ') else {
            return;
        };
        let rest = rest.trim_start();
        if rest.contains(Mark::Start.file()) {
            self.at_work = true;
        } else if rest.contains(Mark::End.file()) {
            self.at_work = false;
        } else if rest.ends_with("<unfinished ...>") {
            self.begun.insert(thread, rest);
        } else if rest.starts_with("<...") {
            if let Some(begun) = self.begun.remove(thread) {
                self.call(begun, rest, folder);
            }
        } else {
            self.call(rest, rest, folder);
        }
    }

    /// Counts one call, from where it was begun and where it was ended.
    fn call(&mut self, begun: &'a str, ended: &'a str, folder: &str) {
        let Some((name, arguments)) = begun.split_once('(') else {
            return;
        };
        if !arguments.contains(folder) {
            return;
        }
        let result = ended.rsplit_once(" = ").map_or("", |(_, result)| result);
        if name.starts_with("open") || name == "creat" {
            let file = result.split('<').next().unwrap_or_default();
            match arguments.contains("O_DSYNC") || arguments.contains("O_SYNC") {
                true => self.synced_writes.insert(file),
                false => self.synced_writes.remove(file),
            };
        }
        if !self.at_work {
            return;
        }
        match name {
            "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" => {
                let bytes = result.trim().parse().unwrap_or(0);
                self.calls.writes += 1;
                self.calls.bytes += bytes;
                if is_zero(arguments) {
                    self.calls.zeros += bytes;
                }
                let file = arguments.split('<').next().unwrap_or_default();
                self.calls.syncs += u64::from(self.synced_writes.contains(file));
            }
            "fsync" | "fdatasync" | "sync_file_range" | "msync" | "syncfs" => {
                self.calls.syncs += 1;
            }
            "stat" | "newfstatat" | "statx" => {}
            _ => self.calls.names += 1,
        }
    }
}

/// Returns whether all that is shown of what was written is zeros.
fn is_zero(arguments: &str) -> bool {
    let shown = arguments.split('"').nth(1).unwrap_or_default();
    !shown.is_empty() && shown.replace("\\0", "").is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_syncs_of_the_folder_are_counted_while_writers_are_at_work() {
        let trace = r#"
1 openat(AT_FDCWD, "/f/store", O_RDWR|O_CLOEXEC) = 3</f/store>
1 pwrite64(3</f/store>, "\1\2"..., 100, 0) = 100
1 statx(AT_FDCWD, "/forebay-bench-start", AT_STATX_SYNC_AS_STAT, STATX_ALL, 0x7) = -1 ENOENT
2 pwrite64(3</f/store>, "\1\2"..., 56, 100) = 56
2 fdatasync(3</f/store>) = 0
2 pwrite64(3</f/store>, "\0\0\0\0"..., 4096, 156) = 4096
1 write(1<pipe:[7]>, "ready"..., 6) = 6
2 fdatasync(3</f/store> <unfinished ...>
1 fsync(9</elsewhere>) = 0
2 <... fdatasync resumed>) = 0
1 statx(AT_FDCWD, "/forebay-bench-end", AT_STATX_SYNC_AS_STAT, STATX_ALL, 0x7) = -1 ENOENT
1 fsync(3</f/store>) = 0
"#;
        let expected = Calls {
            writes: 2,
            bytes: 4_152,
            zeros: 4_096,
            syncs: 2,
            ..Calls::default()
        };
        assert_eq!(count(trace, "/f/"), expected);
    }

    #[test]
    fn a_write_to_a_file_that_syncs_by_itself_is_a_sync() {
        let trace = r#"
1 openat(AT_FDCWD, "/f/store", O_WRONLY|O_DSYNC|O_CLOEXEC) = 4</f/store>
1 stat("/forebay-bench-start", 0x7) = -1 ENOENT
1 pwrite64(4</f/store>, "\1", 64, 8) = 64
1 rename("/f/store.tmp", "/f/store") = 0
"#;
        let expected = Calls {
            writes: 1,
            bytes: 64,
            syncs: 1,
            names: 1,
            ..Calls::default()
        };
        assert_eq!(count(trace, "/f/"), expected);
    }
}
