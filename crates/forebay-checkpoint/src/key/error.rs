use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::json::JsonError;
use crate::key::canonical::NotCanonical;

/// Why no key can be derived. None of it goes away by trying again.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyError {
    /// Two parts have the same name.
    Repeated {
        /// The name.
        part: Arc<str>,
    },

    /// A part is no JSON.
    Json {
        /// The name of the part.
        part: Arc<str>,
        /// Where it is none.
        source: JsonError,
    },

    /// A number in a part is so large that others would count as the same. Write it as a string.
    Number {
        /// The name of the part.
        part: Arc<str>,
        /// The number, as it is written.
        number: Arc<str>,
    },

    /// An object in a part has one name twice, so it may mean either.
    Name {
        /// The name of the part.
        part: Arc<str>,
        /// The name that comes twice.
        name: Arc<str>,
    },

    /// The base address of a key of an older client is not one of which it is known what that
    /// client made of it.
    BaseUrl {
        /// What is wrong about it.
        reason: &'static str,
    },
}

impl KeyError {
    pub(super) fn json(part: &str, source: JsonError) -> Self {
        let part = part.into();
        Self::Json { part, source }
    }

    pub(super) fn ambiguous(part: &str, ambiguous: NotCanonical) -> Self {
        let part = part.into();
        match ambiguous {
            NotCanonical::Number(number) => Self::Number {
                part,
                number: number.into(),
            },
            NotCanonical::Name(name) => Self::Name {
                part,
                name: name.into(),
            },
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated { part } => write!(f, "there are two parts {part:?}"),
            Self::Json { part, .. } => write!(f, "part {part:?} is no JSON"),
            Self::Number { part, number } => {
                write!(
                    f,
                    "number {number} in part {part:?} is too large to be exact"
                )
            }
            Self::Name { part, name } => {
                write!(f, "name {name:?} comes twice in an object of part {part:?}")
            }
            Self::BaseUrl { reason } => write!(f, "the base address {reason}"),
        }
    }
}

impl Error for KeyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Json { source, .. } => Some(source),
            _ => None,
        }
    }
}
