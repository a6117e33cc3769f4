//! The folder that a report's files are written to.
//!
//! A run takes minutes, so a folder that cannot be written to is found before it starts; and a
//! report that was there before is either replaced as a whole file or left alone.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::report::error::ReportError;
use crate::report::model::Report;
use crate::report::{html, json, markdown};

/// The names of the files, in the order that [`Folder::write`] returns them.
pub const NAMES: [&str; 3] = ["report.html", "report.json", "report.md"];

/// A folder that was found to be writable.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Creates the folder where it is missing, and tries whether report files can be written into
    /// it. Call it before measuring anything.
    ///
    /// # Errors
    ///
    /// [`ReportError::File`] if the folder cannot be created or written to, or if something that is
    /// not a file has the name of a report.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::report::output::Folder;
    ///
    /// let place = tempfile::tempdir()?;
    /// let folder = Folder::open(place.path().join("out"))?;
    /// assert!(folder.path().is_dir());
    /// assert!(Folder::open("/dev/null/out").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ReportError> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(ReportError::file("create", &path))?;
        let mut trial = part_file(&path)?;
        trial
            .write_all(b"trial")
            .map_err(ReportError::file("write to", &path))?;
        for name in NAMES {
            let target = path.join(name);
            if target.is_dir() {
                let source = std::io::ErrorKind::IsADirectory.into();
                return Err(ReportError::File {
                    action: "replace",
                    path: target,
                    source,
                });
            }
        }
        Ok(Self { path })
    }

    /// Returns where the folder is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the report in every format, and returns the files' paths in the order of [`NAMES`].
    ///
    /// Everything is rendered and on disk under a temporary name before the first file gets its
    /// own, so a full disk leaves the files of an earlier run as they were.
    ///
    /// # Errors
    ///
    /// [`ReportError::Invalid`] if the report breaks a rule of [`Report::validate`],
    /// [`ReportError::File`] if a file cannot be written.
    pub fn write(&self, report: &Report) -> Result<Vec<PathBuf>, ReportError> {
        let encoded = json::encode(report)?;
        let contents = [
            html::render(report).into_bytes(),
            encoded,
            markdown::render(report).into_bytes(),
        ];
        let mut parts = Vec::new();
        for (name, content) in NAMES.into_iter().zip(contents) {
            let target = self.path.join(name);
            let mut part = part_file(&self.path)?;
            part.write_all(&content)
                .and_then(|()| part.as_file().sync_all())
                .map_err(ReportError::file("write", &target))?;
            parts.push((part, target));
        }
        let mut written = Vec::new();
        for (part, target) in parts {
            part.persist(&target)
                .map_err(|refused| ReportError::file("replace", &target)(refused.error))?;
            written.push(target);
        }
        Ok(written)
    }
}

/// Creates a file with a name of its own in the folder, which is gone again unless it is persisted.
fn part_file(folder: &Path) -> Result<NamedTempFile, ReportError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".report-").suffix(".part");
    // A temporary file is private by default; a report is as readable as any other new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .tempfile_in(folder)
        .map_err(ReportError::file("write to", folder))
}
