use std::error::Error;
use std::fmt;
use std::sync::Arc;

use forebay_core::ParseResumeKeyError;

use crate::json::JsonError;
use crate::limits::EVENT_ID_BYTES_MAX;

/// Why the JSON file of an older client cannot be imported. Nothing of it was.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ImportError {
    /// It is no text in UTF-8: not such a file, or one that is damaged.
    NotText {
        /// Where, in bytes from the beginning.
        at: usize,
    },

    /// It is no JSON: not such a file, or one that is damaged or cut off.
    Json {
        /// Where it is none.
        source: JsonError,
    },

    /// It is of another version, which is not known here.
    UnsupportedVersion {
        /// The version.
        found: u64,
    },

    /// Its keys are derived in another way, which is not known here.
    UnsupportedKeys {
        /// The version of the derivation.
        found: u64,
    },

    /// A key is not 64 hexadecimal digits.
    Key {
        /// What is there instead.
        digits: Arc<str>,
        /// What is wrong about it.
        source: ParseResumeKeyError,
    },

    /// A field is missing, comes twice, or has a value that it cannot have.
    Unfit {
        /// The key that it belongs to, if it belongs to one.
        digits: Option<Arc<str>>,
        /// The name of the field.
        field: &'static str,
    },

    /// An event id is longer than [`EVENT_ID_BYTES_MAX`].
    EventIdTooLong {
        /// The key that it belongs to.
        digits: Arc<str>,
        /// How many bytes it has.
        bytes: usize,
    },
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText { at } => write!(f, "the file is no text at byte {at}"),
            Self::Json { .. } => f.write_str("the file is no JSON"),
            Self::UnsupportedVersion { found } => write!(f, "the file is of version {found}"),
            Self::UnsupportedKeys { found } => {
                write!(f, "the keys of the file are of version {found}")
            }
            Self::Key { digits, .. } => write!(f, "{digits:?} is no key"),
            Self::Unfit { digits, field } => {
                write!(f, "field {field:?} is missing or not as it must be")?;
                match digits {
                    Some(digits) => write!(f, " under key {digits}"),
                    None => Ok(()),
                }
            }
            Self::EventIdTooLong { digits, bytes } => write!(
                f,
                "the event id under key {digits} has {bytes} bytes, more than {EVENT_ID_BYTES_MAX}"
            ),
        }
    }
}

impl Error for ImportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Json { source } => Some(source),
            Self::Key { source, .. } => Some(source),
            _ => None,
        }
    }
}
