use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use forebay_checkpoint::export_json_v1;
use forebay_core::Checkpoint;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::cli::ExportArguments;
use crate::failure::Failure;
use crate::output::{note, print, print_json};
use crate::session::Session;

#[derive(Serialize)]
struct ExportShape {
    file: String,
    to: String,
    exported: usize,
}

pub(crate) fn export(session: &Session, request: &ExportArguments) -> Result<(), Failure> {
    let reader = session.read(&request.file)?;
    let rows = reader.rows();
    let json = export_json_v1(&rows);
    let stored = rows.iter().filter_map(|row| row.checkpoint.as_ref());
    let logs: BTreeSet<_> = stored
        .clone()
        .map(Checkpoint::log)
        .map(|log| log.get())
        .collect();
    if logs.len() > 1 {
        note(&format!(
            "note: the positions are of {} logs, which the JSON does not tell apart",
            logs.len()
        ));
    }
    let to = &request.json_v1;
    if to.as_os_str() == "-" {
        return print(&json);
    }
    write(session, to, &json, request.overwrite)?;
    let exported = stored.count();
    if session.json {
        return print_json(&ExportShape {
            file: request.file.display().to_string(),
            to: to.display().to_string(),
            exported,
        });
    }
    print(&format!("{exported} keys exported to {}\n", to.display()))
}

/// Writes the whole file or none of it, under the lock that older clients take.
fn write(session: &Session, to: &Path, json: &str, overwrite: bool) -> Result<(), Failure> {
    let failed = |error| Failure::io("write", to, error);
    let lock = lock(session, to)?;
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(json.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let kept = if overwrite {
        file.persist(to)
    } else {
        file.persist_noclobber(to)
    };
    match kept {
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::refused(format!(
                "{} is there; --overwrite replaces it",
                to.display()
            )));
        }
        kept => kept.map_err(|error| failed(error.error))?,
    };
    let folder = File::open(folder).map_err(failed)?;
    folder.sync_all().map_err(failed)?;
    drop(lock);
    Ok(())
}

/// Takes the lock of older clients, which is never removed. Another thread waits for it, since nobody
/// can be told to wait for a while only.
fn lock(session: &Session, to: &Path) -> Result<File, Failure> {
    let mut path = to.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let failed = |error| Failure::io("lock", &path, error);
    let mut options = File::options();
    let options = options.create(true).truncate(false).write(true);
    let file = options.open(&path).map_err(failed)?;
    // Where nobody has it there is nothing to wait for, however short a while was asked for.
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let (tell, told) = sync_channel(1);
    std::thread::spawn(move || tell.send(file.lock().map(|()| file)));
    match told.recv_timeout(session.lock_timeout) {
        Ok(locked) => locked.map_err(failed),
        Err(_) => Err(Failure::late(to)),
    }
}
