use std::path::Path;

use forebay_checkpoint::{FileStore, OnCorrupt, Salvage};
use serde::Serialize;

use crate::cli::SalvageArguments;
use crate::failure::Failure;
use crate::key;
use crate::list::listed;
use crate::output::{lines, print, print_json};
use crate::session::Session;
use crate::shape::RowShape;
use crate::verify::{DamageShape, losses};

#[derive(Serialize)]
struct SalvageShape<'a> {
    file: String,
    /// Whether the damaged file was replaced.
    salvaged: bool,
    /// Where it is kept.
    kept: Option<String>,
    /// What there was to mend; null for a sound file.
    damage: Option<DamageShape<'a>>,
    keys: Vec<RowShape>,
}

pub(crate) fn salvage(session: &Session, request: &SalvageArguments) -> Result<(), Failure> {
    let file = &request.file;
    let Some(expected) = FileStore::verify(file)?.salvage else {
        return sound(session, file);
    };
    if !request.yes {
        show(session, file, &expected)?;
        return Err(Failure::refused(
            "nothing was changed; with --yes the keys above take the place of the damaged file",
        ));
    }
    let options = session.options().on_corrupt(OnCorrupt::Salvage);
    let store = options.open(file)?;
    let salvaged = store.salvaged();
    store.close_blocking()?;
    match salvaged {
        Some(salvaged) => show(session, file, &salvaged),
        // Somebody else was faster.
        None => sound(session, file),
    }
}

fn sound(session: &Session, file: &Path) -> Result<(), Failure> {
    if session.json {
        return print_json(&SalvageShape {
            file: file.display().to_string(),
            salvaged: false,
            kept: None,
            damage: None,
            keys: Vec::new(),
        });
    }
    print(&format!("{} is sound\n", file.display()))
}

fn show(session: &Session, file: &Path, salvage: &Salvage) -> Result<(), Failure> {
    let kept = salvage.kept.as_ref().map(|path| path.display().to_string());
    if session.json {
        return print_json(&SalvageShape {
            file: file.display().to_string(),
            salvaged: kept.is_some(),
            kept,
            damage: Some(DamageShape::of(salvage)),
            keys: salvage.rows.iter().map(RowShape::of).collect(),
        });
    }
    let mut facts = losses(salvage);
    facts.push(("saved keys", salvage.rows.len().to_string()));
    if let Some(kept) = kept {
        facts.push(("damaged file", kept));
    }
    let mut said = lines(&facts);
    let digits = key::shown_digits(&salvage.rows);
    let is_behind = |key| salvage.behind.binary_search(key).is_ok();
    let of = |wanted: bool| {
        let found = salvage.rows.iter();
        let found = found.filter(|row| is_behind(&row.key) == wanted);
        found.cloned().collect::<Vec<_>>()
    };
    for (title, rows) in [("may be behind", of(true)), ("saved whole", of(false))] {
        if !rows.is_empty() {
            said.push_str(&format!("\n{title}:\n{}", listed(&rows, digits)));
        }
    }
    print(&said)
}
