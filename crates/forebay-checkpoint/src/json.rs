//! JSON as this crate needs it: for parts of keys, and for the files of older clients.
//!
//! A key must come out the same in every build, so numbers stay the text they are until they are
//! rounded here, whatever other crates of the program have asked of their parser, and names that
//! come twice are seen.

use std::error::Error;
use std::fmt;

mod parser;
mod writer;

pub(crate) use crate::json::parser::parse;
pub(crate) use crate::json::writer::write_string;

/// A value, in the order in which it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// The text of a number, which follows the grammar.
    Number(String),
    String(String),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Why a text is no JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum JsonError {
    /// It does not follow the grammar.
    Syntax {
        /// Where, in bytes from the beginning.
        at: usize,
    },

    /// It is nested more deeply than 128 arrays and objects.
    TooDeep {
        /// Where, in bytes from the beginning.
        at: usize,
    },
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { at } => write!(f, "the text is no JSON at byte {at}"),
            Self::TooDeep { at } => write!(f, "the JSON is nested too deeply at byte {at}"),
        }
    }
}

impl Error for JsonError {}
