use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};

use crate::json::{Json, parse, write_string};
use crate::json_v1::error::ImportError;
use crate::limits::EVENT_ID_BYTES_MAX;
use crate::row::Row;

pub(crate) mod error;

/// The only version of the file, and of the keys in it, that there is.
const VERSION: u64 = 1;

/// Reads what is in the JSON file of an older client.
///
/// Such files know of no log, so the positions are taken for those of `log`. Keys come in their
/// order, each once: where one is there in several cases of its digits, the highest sequence
/// counts, and of equal ones the first. Fields that are not known are passed over.
///
/// Nothing is read or written besides; somebody who imports from a file that is in use holds its
/// lock, and commits what this returns.
///
/// # Errors
///
/// Whatever is not as it must be, so that nothing is imported in part; see [`ImportError`].
///
/// # Examples
///
/// ```
/// use forebay_checkpoint::import_json_v1;
/// use forebay_core::{LogId, Sequence};
///
/// let digits = "ab".repeat(32);
/// let file = format!(
///     r#"{{"version": 1, "key_format_version": 1, "checkpoints": {{"{digits}":
///         {{"last_committed_sequence": 42, "last_event_id": null}}}}}}"#
/// );
/// let imported = import_json_v1(file.as_bytes(), LogId::new(7))?;
/// let (key, checkpoint) = &imported[0];
/// assert_eq!(key.to_string(), digits);
/// assert_eq!(checkpoint.sequence(), Sequence::new(42));
/// # Ok::<(), forebay_checkpoint::ImportError>(())
/// ```
pub fn import_json_v1(
    file: &[u8],
    log: LogId,
) -> Result<Vec<(ResumeKey, Checkpoint)>, ImportError> {
    let text = str::from_utf8(file).map_err(|error| ImportError::NotText {
        at: error.valid_up_to(),
    })?;
    let file = parse(text).map_err(|source| ImportError::Json { source })?;
    let file = Members::of(&file, None, "file")?;
    // The version comes first, because nothing else of another one need be as it is here.
    let found = file.number("version")?;
    if found != VERSION {
        return Err(ImportError::UnsupportedVersion { found });
    }
    let found = file.number("key_format_version")?;
    if found != VERSION {
        return Err(ImportError::UnsupportedKeys { found });
    }
    let checkpoints = file.needed("checkpoints")?;
    let mut imported = BTreeMap::<ResumeKey, Checkpoint>::new();
    for (digits, checkpoint) in Members::of(checkpoints, None, "checkpoints")?.members {
        let key = digits.parse().map_err(|source| ImportError::Key {
            digits: digits.as_str().into(),
            source,
        })?;
        let checkpoint = read_checkpoint(digits, checkpoint, log)?;
        let known = imported.get(&key).map(Checkpoint::sequence);
        if known < Some(checkpoint.sequence()) {
            imported.insert(key, checkpoint);
        }
    }
    Ok(imported.into_iter().collect())
}

/// Writes positions as the JSON file of an older client, which reads it.
///
/// Keys are in their order and in lower case. Logs and labels are left out, since such a file has
/// no place for them, and so are rows without a position. Of several rows of one key the
/// highest sequence is written.
///
/// # Examples
///
/// ```
/// use forebay_checkpoint::{MemoryStore, export_json_v1, import_json_v1};
/// use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};
///
/// # futures::executor::block_on(async {
/// let store = MemoryStore::new();
/// let key = ResumeKey::from_bytes([7; 32]);
/// let checkpoint = Checkpoint::new(Cursor::new(LogId::new(7), Sequence::new(42)));
/// store.commit(&key, checkpoint.clone()).await?;
///
/// let file = export_json_v1(&store.rows());
/// let imported = import_json_v1(file.as_bytes(), LogId::new(7)).unwrap();
/// assert_eq!(imported, [(key, checkpoint)]);
/// # Ok::<(), forebay_checkpoint::CheckpointError>(())
/// # }).unwrap();
/// ```
#[must_use]
pub fn export_json_v1(rows: &[Row]) -> String {
    let mut sorted = BTreeMap::<ResumeKey, &Checkpoint>::new();
    for row in rows {
        let Some(checkpoint) = &row.checkpoint else {
            continue;
        };
        let known = sorted.get(&row.key).map(|known| known.sequence());
        if known < Some(checkpoint.sequence()) {
            sorted.insert(row.key, checkpoint);
        }
    }
    let mut out = format!(
        "{{\n  \"version\": {VERSION},\n  \"key_format_version\": {VERSION},\n  \"checkpoints\": {{"
    );
    let mut separator = "";
    for (key, checkpoint) in &sorted {
        let sequence = checkpoint.sequence();
        out.push_str(separator);
        out.push_str(&format!(
            "\n    \"{key}\": {{\n      \"last_committed_sequence\": {sequence},\n      \
             \"last_event_id\": "
        ));
        match checkpoint.event_id() {
            Some(event_id) => write_string(event_id, &mut out),
            None => out.push_str("null"),
        }
        out.push_str("\n    }");
        separator = ",";
    }
    out.push_str(if sorted.is_empty() {
        "}\n}"
    } else {
        "\n  }\n}"
    });
    out
}

fn read_checkpoint(digits: &str, value: &Json, log: LogId) -> Result<Checkpoint, ImportError> {
    let fields = Members::of(value, Some(digits), "checkpoint")?;
    let sequence = Sequence::new(fields.number("last_committed_sequence")?);
    let checkpoint = Checkpoint::new(Cursor::new(log, sequence));
    match fields.find("last_event_id")? {
        None | Some(Json::Null) => Ok(checkpoint),
        Some(Json::String(event_id)) if event_id.len() > EVENT_ID_BYTES_MAX => {
            Err(ImportError::EventIdTooLong {
                digits: digits.into(),
                bytes: event_id.len(),
            })
        }
        Some(Json::String(event_id)) => Ok(checkpoint.with_event_id(event_id.as_str())),
        Some(_) => Err(fields.unfit("last_event_id")),
    }
}

/// The fields of an object, and where it is, for what is said about them.
struct Members<'a> {
    members: &'a [(String, Json)],
    digits: Option<&'a str>,
}

impl<'a> Members<'a> {
    fn of(
        value: &'a Json,
        digits: Option<&'a str>,
        what: &'static str,
    ) -> Result<Self, ImportError> {
        match value {
            Json::Object(members) => Ok(Self { members, digits }),
            _ => Err(unfit(digits, what)),
        }
    }

    fn number(&self, name: &'static str) -> Result<u64, ImportError> {
        match self.needed(name)? {
            Json::Number(text) => text.parse().map_err(|_| self.unfit(name)),
            _ => Err(self.unfit(name)),
        }
    }

    fn needed(&self, name: &'static str) -> Result<&'a Json, ImportError> {
        self.find(name)?.ok_or_else(|| self.unfit(name))
    }

    /// Returns a field. One that comes twice may mean either.
    fn find(&self, name: &'static str) -> Result<Option<&'a Json>, ImportError> {
        let mut found = self.members.iter().filter(|(member, _)| member == name);
        let first = found.next();
        if found.next().is_some() {
            return Err(self.unfit(name));
        }
        Ok(first.map(|(_, value)| value))
    }

    fn unfit(&self, field: &'static str) -> ImportError {
        unfit(self.digits, field)
    }
}

fn unfit(digits: Option<&str>, field: &'static str) -> ImportError {
    ImportError::Unfit {
        digits: digits.map(Arc::from),
        field,
    }
}
