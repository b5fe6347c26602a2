//! I9: every row of every imported file is accounted for.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::arrivals::Arrived;
use super::{Check, Last};
use crate::domain::event::Event;
use crate::domain::ids::LineId;
use crate::domain::kinds::{RecordEvent, RecordKind};
use crate::intake::file::{FileRows, FileTaken, part_id};
use crate::store::body::parse;
use crate::store::{Store, StoreError};

/// The requester and the id of a line, from its event.
#[derive(Deserialize)]
struct Whose {
    requester: String,
    external_id: String,
}

/// A line that changed its requester.
struct Moved {
    line: LineId,
    external_id: String,
    from: String,
    to: String,
    actor: String,
    position: i64,
    at: i64,
    /// The file that was imported in the same commit; `None` if there is none.
    file: Option<String>,
}

/// State from replaying the log: files, and the requesters of lines.
#[derive(Default)]
pub(super) struct FileHistory {
    /// Numbers of requesters; lines refer to them.
    names: HashMap<String, u32>,
    whose: HashMap<LineId, u32>,
    renamed: HashSet<(String, String)>,
    moved: Vec<Moved>,
    pub(super) arrived: Arrived,
}

impl FileHistory {
    fn number(&mut self, name: String) -> u32 {
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        *self.names.entry(name).or_insert(next)
    }

    /// All requesters that have ever submitted a line.
    pub(super) fn requesters(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    pub(super) fn hear(&mut self, event: &Event) {
        self.arrived.hear(event);
        if event.subject.starts_with("LINE-") {
            let Ok(line) = event.subject.parse::<LineId>() else { return };
            let Ok(whose) = serde_json::from_str::<Whose>(&event.body) else { return };
            let number = self.number(whose.requester.clone());
            let before = self.whose.insert(line, number);
            let Some(before) = before.filter(|before| *before != number) else { return };
            let from = self.names.iter().find(|(_, known)| **known == before);
            self.moved.push(Moved {
                line,
                external_id: whose.external_id,
                from: from.map(|(name, _)| name.clone()).unwrap_or_default(),
                to: whose.requester,
                actor: event.actor.clone(),
                position: event.position,
                at: event.at.timestamp_millis(),
                file: None,
            });
        } else if let Some(from) =
            event.subject.strip_prefix(RecordKind::Renamed.name()).and_then(|s| s.strip_prefix(':'))
        {
            #[derive(Deserialize)]
            struct To {
                to: String,
            }
            if let Ok(To { to }) = serde_json::from_str(&event.body) {
                self.renamed.insert((from.to_owned(), to));
            }
        } else if event.kind == RecordEvent::FileTaken.name() {
            let Ok(taken) = serde_json::from_str::<FileTaken>(&event.body) else { return };
            let at = event.at.timestamp_millis();
            let same = |moved: &&mut Moved| moved.at == at && moved.actor == event.actor;
            for moved in self.moved.iter_mut().rev().take_while(same) {
                moved.file.get_or_insert_with(|| taken.file.clone());
            }
        }
    }

    /// Checks that a line changes its requester only by a command that renames the requester.
    pub(super) fn renamed_lines(self, check: &mut Check) {
        for moved in self.moved {
            if self.renamed.contains(&(moved.from.clone(), moved.to.clone())) {
                continue;
            }
            let Moved { line, external_id, from, to, actor, position, file, .. } = moved;
            let by = file.unwrap_or(actor);
            let detail = format!(
                "line `{external_id}` of {from} was overwritten by {by} with a line of {to} at \
                 position {position}: no lot carries the need of {from} any more"
            );
            check.fails("I9", line, detail);
        }
    }
}

/// Checks that each row of an imported file belongs to an existing line or was refused by its number.
pub(super) async fn files(
    store: &dyn Store,
    check: &mut Check,
    last: &HashMap<String, Last>,
) -> Result<(), StoreError> {
    for record in store.records(RecordKind::File).await? {
        let taken: FileTaken = parse(RecordKind::File, &record.id, &record.body)?;
        // For files imported before rows were recorded, only the name is known.
        let Some(parts) = taken.parts else { continue };
        let file = &taken.file;
        let mut rows = 0;
        for part in 0..parts {
            let id = part_id(&record.id, part);
            let Some(kept) = store.record(RecordKind::FileRows, &id).await? else {
                check.fails("I9", file, format!("the record of its rows is missing ({id})"));
                continue;
            };
            let kept: FileRows = parse(RecordKind::FileRows, &id, &kept.body)?;
            rows += kept.rows.len();
            for row in kept.rows {
                let there = last.get(&row.1.to_string()).map_or(0, |last| last.number);
                if there < row.2 {
                    let line = row.1;
                    let detail = format!(
                        "row {} became event {} of {line}, but that event does not exist",
                        row.0, row.2
                    );
                    check.fails("I9", file, detail);
                }
            }
        }
        if rows != taken.lines {
            let detail =
                format!("{} rows were accepted, but {rows} are accounted for", taken.lines);
            check.fails("I9", file, detail);
        }
        for refused in taken.refused.iter().filter(|row| row.errors.is_empty()) {
            check.fails("I9", file, format!("row {} was left out without a reason", refused.row));
        }
    }
    Ok(())
}

/// Checks that each file that waits for its day has a job that will submit it.
pub(super) async fn planned(store: &dyn Store, check: &mut Check) -> Result<(), StoreError> {
    let waits = crate::intake::file::planned(true);
    let jobs = store.job_counts().await?;
    let mut waiting: HashMap<String, i64> = HashMap::new();
    for record in store.records(RecordKind::Planned).await? {
        if let Some((kind, _)) = record.id.split_once(':').filter(|_| record.body == waits) {
            *waiting.entry(kind.to_owned()).or_default() += 1;
        }
    }
    for (kind, files) in waiting {
        let there = jobs.iter().find(|(known, _)| *known == kind).map_or(0, |(_, count)| *count);
        if there < files {
            let detail =
                format!("{files} files wait for their day, but only {there} will be submitted");
            check.fails("I9", kind, detail);
        }
    }
    Ok(())
}
