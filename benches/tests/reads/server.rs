//! Starts a PostgreSQL server for a test, in a folder of its own.

use std::ffi::OsStr;
use std::io::{Write, stderr};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use tempfile::TempDir;

/// Where Debian keeps the programs of each version, outside of the path.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A server that listens on a socket in its folder only, and ends with the value.
#[derive(Debug)]
pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    user: Option<(u32, u32)>,
}

impl Server {
    /// Starts a server; `None` where PostgreSQL is not installed, which is a failure where
    /// everything is to be checked.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let missing = "PostgreSQL is not installed: `apt-get install postgresql`, or put its \
                           `initdb` and `pg_ctl` into the path";
            assert!(env::var_os("CI").is_none(), "{missing}");
            // Not by a macro, whose text is shown only where a test fails.
            let _ = writeln!(stderr(), "not checked: {missing}");
            return None;
        };
        // Short, since the path of a socket may not be long.
        let folder = tempfile::Builder::new()
            .prefix("pg")
            .tempdir_in("/tmp")
            .unwrap();
        let server = Self {
            user: unprivileged(folder.path()),
            folder,
            programs,
        };
        server.run("initdb", ["--auth=trust", "--username=tester", "--no-sync"]);
        let folder = server.folder.path().display();
        let options = format!("--options=-c listen_addresses='' -c fsync=off -k {folder}");
        // Nothing of ours may stay open in the server, or whoever reads it waits for its end.
        let log = format!("--log={folder}/log");
        // A busy machine may need long to start it; nothing else waits for that.
        let wait = ["start", "--wait", "--timeout=600", "--silent"];
        server.run("pg_ctl", wait.into_iter().chain([&*log, &*options]));
        Some(server)
    }

    /// Returns what `--postgres-url` takes.
    pub(crate) fn address(&self) -> String {
        let folder = self.folder.path().display();
        format!("host={folder} user=tester dbname=postgres")
    }

    /// Asks the server for one line of text.
    pub(crate) fn ask(&self, query: &str) -> String {
        let address = self.address();
        let arguments = ["--no-align", "--tuples-only", "--command", query, &address];
        let mut command = self.command("psql");
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{query}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn run<S: AsRef<OsStr>>(&self, program: &str, arguments: impl IntoIterator<Item = S>) {
        let mut command = self.command(program);
        command.arg("--pgdata").arg(self.data()).args(arguments);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {said}");
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whatever else goes wrong, the server must not stay.
        let mut command = self.command("pg_ctl");
        let arguments = ["stop", "--mode=immediate", "--silent", "--pgdata"];
        let _ = command.args(arguments).arg(self.data()).status();
    }
}

/// Finds the folder that has the programs of PostgreSQL.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = debian.chain(env::split_paths(&path));
    folders.find(|folder| {
        ["initdb", "pg_ctl", "psql"]
            .iter()
            .all(|name| folder.join(name).is_file())
    })
}

/// Returns another user where the tests run as root, which PostgreSQL refuses, and gives them the
/// folder.
fn unprivileged(folder: &Path) -> Option<(u32, u32)> {
    if fs::metadata(folder).unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let id = |name: &str| {
        let mut fields = users
            .lines()
            .find(|line| line.starts_with(name))?
            .split(':')
            .skip(2);
        let mut number = || fields.next()?.parse::<u32>().ok();
        Some((number()?, number()?))
    };
    let user = id("postgres:").or_else(|| id("nobody:"))?;
    chown(folder, Some(user.0), Some(user.1)).unwrap();
    Some(user)
}
