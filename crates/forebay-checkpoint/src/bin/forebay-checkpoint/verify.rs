use forebay_checkpoint::{FileReport, FileStore, Salvage};
use forebay_core::ResumeKey;
use serde::Serialize;

use crate::cli::FileArguments;
use crate::failure::Failure;
use crate::output::{lines, print, print_json};
use crate::session::Session;
use crate::shape;

#[derive(Serialize)]
struct VerifyShape<'a> {
    file: String,
    /// `sound`, `empty` or `damaged`.
    state: &'static str,
    generation: u64,
    keys: usize,
    blocks: u64,
    records: u64,
    bytes: u64,
    len: u64,
    torn_bytes: u64,
    damage: Option<DamageShape<'a>>,
}

/// What is said of damage, and of what saving the rest comes to.
#[derive(Serialize)]
pub(crate) struct DamageShape<'a> {
    offset: u64,
    gaps: &'a [(u64, u64)],
    lost_records: u64,
    #[serde(serialize_with = "shape::digits")]
    behind: &'a [ResumeKey],
}

impl<'a> DamageShape<'a> {
    pub(crate) fn of(salvage: &'a Salvage) -> Self {
        let first = salvage.gaps.first();
        Self {
            offset: first.map_or(0, |(from, _)| *from),
            gaps: &salvage.gaps,
            lost_records: salvage.lost_records,
            behind: &salvage.behind,
        }
    }
}

pub(crate) fn verify(session: &Session, request: &FileArguments) -> Result<(), Failure> {
    let file = &request.file;
    let report = FileStore::verify(file)?;
    let state = match (&report.salvage, report.generation) {
        (Some(_), _) => "damaged",
        (None, 0) => "empty",
        (None, _) => "sound",
    };
    if session.json {
        print_json(&VerifyShape {
            file: file.display().to_string(),
            state,
            generation: report.generation,
            keys: report.keys,
            blocks: report.blocks,
            records: report.records,
            bytes: report.bytes,
            len: report.len,
            torn_bytes: report.torn_bytes,
            damage: report.salvage.as_ref().map(DamageShape::of),
        })?;
    } else {
        print(&said(state, &report))?;
    }
    match report.damage {
        None => Ok(()),
        Some(offset) => Err(Failure::no(format!(
            "{} is damaged at byte {offset}; salvage saves the rest",
            file.display()
        ))),
    }
}

fn said(state: &str, report: &FileReport) -> String {
    let mut facts = vec![
        ("state", state.to_owned()),
        ("generation", report.generation.to_string()),
        ("keys", report.keys.to_string()),
        ("blocks", report.blocks.to_string()),
        ("records", report.records.to_string()),
        ("bytes", format!("{} of {}", report.bytes, report.len)),
        ("torn bytes", torn(report.torn_bytes)),
    ];
    if let Some(salvage) = &report.salvage {
        facts.extend(losses(salvage));
    }
    lines(&facts)
}

fn torn(bytes: u64) -> String {
    match bytes {
        0 => bytes.to_string(),
        _ => format!("{bytes}, of a write that was cut short or is under way"),
    }
}

/// What is wrong with a damaged file, for people.
pub(crate) fn losses(salvage: &Salvage) -> Vec<(&'static str, String)> {
    let gaps = salvage.gaps.iter();
    let gaps: Vec<_> = gaps.map(|(from, to)| format!("{from} to {to}")).collect();
    vec![
        ("damaged bytes", gaps.join(", ")),
        ("lost records", salvage.lost_records.to_string()),
        ("may be behind", salvage.behind.len().to_string()),
    ]
}
