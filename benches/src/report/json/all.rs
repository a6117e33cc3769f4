//! What an `all` report has in place of sections: whole reports, each as it would stand in a file
//! of its own.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Document, Mark, decoded};
use crate::report::error::ReportError;
use crate::report::model::{All, Header, Part, SCHEMA};

/// What the file calls this kind of report.
pub(super) const KIND: &str = "all";

#[derive(Serialize)]
pub(super) struct WrittenAll<'a> {
    schema: u32,
    kind: &'static str,
    header: &'a Header,
    parts: Vec<WrittenPart<'a>>,
}

#[derive(Serialize)]
struct WrittenPart<'a> {
    question: &'a str,
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Document<'a>>,
}

#[derive(Deserialize)]
struct ReadAll {
    header: Header,
    parts: Vec<ReadPart>,
}

#[derive(Deserialize)]
struct ReadPart {
    question: String,
    command: String,
    failure: Option<String>,
    report: Option<Value>,
}

pub(super) fn written<'a>(header: &'a Header, all: &'a All) -> WrittenAll<'a> {
    let parts = all.parts.iter().map(|part| WrittenPart {
        question: &part.question,
        command: &part.command,
        failure: part.result.as_ref().err().map(String::as_str),
        report: part.result.as_ref().ok().map(Document),
    });
    WrittenAll {
        schema: SCHEMA,
        kind: KIND,
        header,
        parts: parts.collect(),
    }
}

/// Reads the reports in a report. None of them is one of many itself.
pub(super) fn parse(bytes: &[u8]) -> Result<(Header, All), ReportError> {
    let read: ReadAll = serde_json::from_slice(bytes).map_err(ReportError::Syntax)?;
    let parts = read.parts.into_iter().map(part);
    let parts = parts.collect::<Result<_, _>>()?;
    Ok((read.header, All { parts }))
}

fn part(read: ReadPart) -> Result<Part, ReportError> {
    let result = match (read.report, read.failure) {
        (Some(report), None) => {
            let bytes = serde_json::to_vec(&report).map_err(ReportError::Syntax)?;
            let mark: Mark = serde_json::from_value(report).map_err(ReportError::Syntax)?;
            if mark.kind.as_deref() == Some(KIND) {
                return Err(misplaced("parts that are one question each"));
            }
            Ok(decoded(&mark, &bytes)?)
        }
        (None, Some(failure)) => Err(failure),
        _ => return Err(misplaced("either a report or why there is none")),
    };
    Ok(Part {
        question: read.question,
        command: read.command,
        result,
    })
}

fn misplaced(expected: &'static str) -> ReportError {
    ReportError::Invalid {
        place: "parts".to_owned(),
        expected,
    }
}
