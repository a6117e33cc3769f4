//! What an `all` report shows: each question in short, what was lost, then each report whole.

use crate::report::cells::TIMES_BEST;
use crate::report::grid::{Cell, Grid, Tone};
use crate::report::headline::{Gist, Loss};
use crate::report::model::{All, Part, Report};
use crate::report::offered;
use crate::report::outline::{Chapter, Note, Outline, PartOutline};
use crate::report::quantity;

/// Returns how many questions were asked, in one line.
fn title(all: &All) -> String {
    format!(
        "{}, in short",
        offered::counted(all.parts.len() as u64, "question")
    )
}

/// Lays out the report; `gist` tells one of its parts in short, and `whole` lays it out.
pub(crate) fn outline(
    all: &All,
    gist: fn(&Report) -> Gist,
    whole: fn(&Report) -> Outline,
) -> Outline {
    let gists: Vec<(&Part, Gist)> = all
        .parts
        .iter()
        .map(|part| (part, part.result.as_ref().map(gist).unwrap_or_default()))
        .collect();
    let in_short = gists.iter().map(|(part, gist)| in_short(part, gist));
    Outline {
        title: title(all),
        heading: "What each question comes to".to_owned(),
        lead: "Each question in a sentence and a table, then where others did better, then every \
               figure."
            .to_owned(),
        method: "short settings, a first look; each part has the command that asks it alone"
            .to_owned(),
        summary: in_short.chain([losses(&gists)]).collect(),
        parts: all.parts.iter().map(|it| part(it, whole)).collect(),
        ..Outline::default()
    }
}

fn in_short(part: &Part, gist: &Gist) -> Chapter {
    let said = match &part.result {
        Err(failure) => Some(Note {
            text: format!("failed: {failure}"),
            tone: Tone::Bad,
        }),
        Ok(_) => gist.sentence.clone().map(Note::plain),
    };
    Chapter {
        title: part.question.clone(),
        // A terminal shows a chapter only where there is a table.
        glance: vec![gist.table.clone().unwrap_or_default()],
        said: said.into_iter().collect(),
        table: gist.table.clone(),
        ..Chapter::default()
    }
}

/// Returns everything that somebody else did better, of every question.
fn losses(gists: &[(&Part, Gist)]) -> Chapter {
    let mut table = Grid::new(["lost where", "what", "best", "best of ours", TIMES_BEST]);
    for (part, gist) in gists {
        for loss in &gist.losses {
            let ratio = loss.ratio.show_ratio();
            let row = [&part.question, &what(loss), &loss.best, &loss.ours, &ratio];
            table.push(row.map(Cell::plain));
        }
    }
    let note = match table.rows.is_empty() {
        true => "None in every round, at these settings.",
        false => {
            "Where somebody else did better, in every round, than the best that is made of ours."
        }
    };
    Chapter {
        title: "Losses".to_owned(),
        glance: gists.iter().filter_map(glance).collect(),
        said: vec![Note::plain(note.to_owned())],
        table: Some(table).filter(|table| !table.rows.is_empty()),
        ..Chapter::default()
    }
}

/// Returns what was lost of one question, as a terminal has room for it.
fn glance((part, gist): &(&Part, Gist)) -> Option<Grid> {
    let mut grid = Grid::new([&part.question, "best", "best of ours", TIMES_BEST]);
    for loss in &gist.losses {
        let ratio = quantity::ratio(loss.ratio.median);
        grid.push([&what(loss), &loss.best, &loss.ours, &ratio].map(Cell::plain));
    }
    (!grid.rows.is_empty()).then_some(grid)
}

fn what(loss: &Loss) -> String {
    format!("{}: {}", loss.title, loss.offered)
}

fn part(part: &Part, whole: fn(&Report) -> Outline) -> PartOutline {
    PartOutline {
        question: part.question.clone(),
        command: part.command.clone(),
        result: match &part.result {
            Ok(report) => Ok((report.header.clone(), whole(report))),
            Err(failure) => Err(failure.clone()),
        },
    }
}
