//! The state of the live view: known data and choices. It has no side effects: keys and answers change it, and it
//! returns the next requests.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use waybill_api::{
    CommandAnswer, CommandOutcome, CommandRequest, CommandResult, IncidentView, Shown, StatusView,
};
use waybill_shared::domain::command::Command;
use waybill_shared::domain::document::Verdict;
use waybill_shared::domain::kinds::StepKind;
use waybill_shared::store::LotCount;
use waybill_shared::views::{LotPage, LotView};

use super::data::{Answer, Ask};
use super::filter::Filter;
use crate::commands::by_hand::Verb;
use crate::output::Meaning;

/// The parts of the screen, in the order of the Tab key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Pane {
    Funnel,
    Waits,
    Incidents,
    Lots,
}

pub(in super::super) const PANES: [Pane; 4] =
    [Pane::Funnel, Pane::Waits, Pane::Incidents, Pane::Lots];

/// The chosen row. It stays with its subject when other rows come and go.
#[derive(Debug, Clone, Default)]
struct Chosen {
    at: usize,
    key: String,
}

impl Chosen {
    fn settle(&mut self, keys: &[String]) {
        let found = keys.iter().position(|key| *key == self.key);
        self.at = found.unwrap_or(self.at.min(keys.len().saturating_sub(1)));
        self.key = keys.get(self.at).cloned().unwrap_or_default();
    }

    fn move_by(&mut self, rows: isize, keys: &[String]) {
        self.settle(keys);
        let last = keys.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(rows).min(last);
        self.key = keys.get(self.at).cloned().unwrap_or_default();
    }
}

/// The number of lots at a step, by state.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct StepRow {
    pub(in super::super) name: String,
    pub(in super::super) ready: i64,
    pub(in super::super) waiting: i64,
    pub(in super::super) retry: i64,
    pub(in super::super) parked: i64,
}

impl StepRow {
    pub(in super::super) fn all(&self) -> i64 {
        self.ready + self.waiting + self.retry + self.parked
    }
}

#[derive(Debug, Clone)]
pub(in super::super) struct WaitRow {
    pub(in super::super) awaits: String,
    pub(in super::super) lots: i64,
    pub(in super::super) oldest: Option<DateTime<Utc>>,
}

/// The subject that is shown in detail.
#[derive(Debug, Clone)]
pub(in super::super) struct Details {
    pub(in super::super) id: String,
    /// The subject. `None` means that it was requested and the answer has not arrived.
    pub(in super::super) shown: Option<Result<Shown, String>>,
    /// The first visible row.
    pub(in super::super) scroll: usize,
}

/// A command that is being prepared.
#[derive(Debug, Clone)]
pub(in super::super) struct Intent {
    pub(in super::super) number: u64,
    pub(in super::super) verb: Verb,
    pub(in super::super) command: Command,
    pub(in super::super) on: Vec<String>,
    pub(in super::super) reason: String,
}

impl Intent {
    /// Whether the command needs a reason that another party will read.
    pub(in super::super) fn needs_reason(&self) -> bool {
        let verdict = match &self.command {
            Command::Review { verdict } => *verdict,
            _ => return false,
        };
        matches!(verdict, Verdict::Decline | Verdict::Return)
    }

    pub(in super::super) fn request(&self, dry_run: bool) -> CommandRequest {
        let (command, on, reason) = (self.command.clone(), self.on.clone(), self.reason.clone());
        CommandRequest { command, on, reason, dry_run }
    }

    /// The command in words, such as `hold 3 lots`.
    pub(in super::super) fn text(&self) -> String {
        format!("{} {}", self.verb.to, self.verb.count(self.on.len()))
    }
}

/// What is shown above the panes and receives the keys.
#[derive(Debug, Clone, Default)]
pub(in super::super) enum Dialog {
    #[default]
    None,
    Help,
    /// The filter that is being typed.
    Filter(String),
    /// A choice of verdict for these lots.
    Verdict(Vec<String>),
    /// The reason that is being typed.
    Reason(Intent, String),
    /// Waits for the service to say what the command would change.
    Looking(Intent),
    /// Shows what the command would change, and asks for confirmation.
    Confirm(Intent, CommandAnswer),
}

pub(in super::super) struct State {
    /// The present, from which ages are computed.
    pub(in super::super) now: DateTime<Utc>,
    pub(in super::super) status: Option<Box<StatusView>>,
    /// When the service last answered, or was first asked.
    pub(in super::super) as_of: DateTime<Utc>,
    /// Why the service does not answer.
    pub(in super::super) trouble: Option<String>,
    lots: Vec<LotView>,
    /// Whether there are more lots than the service returned.
    pub(in super::super) has_more: bool,
    /// Why lots cannot be listed.
    pub(in super::super) lots_trouble: Option<String>,
    pub(in super::super) filter: Filter,
    /// The lots that are marked for a command.
    pub(in super::super) marked: BTreeSet<String>,
    pub(in super::super) pane: Pane,
    chosen: [Chosen; 4],
    pub(in super::super) details: Option<Details>,
    pub(in super::super) dialog: Dialog,
    /// The result of the last command, or why it failed.
    pub(in super::super) said: Option<(String, Meaning)>,
    pub(in super::super) is_over: bool,
    /// The number of commands so far.
    pub(in super::super) acts: u64,
    /// The commands that are running.
    pub(in super::super) doing: Vec<Intent>,
}

impl State {
    pub(in super::super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            now,
            status: None,
            as_of: now,
            trouble: None,
            lots: Vec::new(),
            has_more: false,
            lots_trouble: None,
            filter: Filter::default(),
            marked: BTreeSet::new(),
            pane: Pane::Lots,
            chosen: Default::default(),
            details: None,
            dialog: Dialog::None,
            said: None,
            is_over: false,
            acts: 0,
            doing: Vec::new(),
        }
    }

    /// The requests for everything that is shown.
    pub(in super::super) fn refresh(&self) -> Vec<Ask> {
        let details = self.details.iter().map(|details| Ask::Shown(details.id.clone()));
        [Ask::Status, Ask::Lots(self.filter.path())].into_iter().chain(details).collect()
    }

    /// Handles an answer. Answers to outdated requests are ignored.
    pub(in super::super) fn take(&mut self, answer: Answer) -> Vec<Ask> {
        match answer {
            Answer::Status(Ok(status)) => {
                (self.status, self.as_of, self.trouble) = (Some(status), self.now, None);
            }
            Answer::Status(Err(why)) => self.trouble = Some(why),
            Answer::Lots(path, Ok(LotPage { items, next })) if path == self.filter.path() => {
                (self.lots, self.has_more, self.lots_trouble) = (items, next.is_some(), None);
            }
            Answer::Lots(path, Err(why)) if path == self.filter.path() => {
                self.lots_trouble = Some(why);
            }
            Answer::Lots(..) => {}
            Answer::Shown(id, answered) => self.take_shown(&id, answered),
            Answer::Looked(number, answered) => self.take_looked(number, answered),
            Answer::CommandResult(number, answered) => {
                let Some(at) = self.doing.iter().position(|intent| intent.number == number) else {
                    return Vec::new();
                };
                let intent = self.doing.remove(at);
                self.said = Some(match answered {
                    Ok(answer) => describe(&intent, &answer),
                    Err(why) => {
                        (format!("{}: {why}; it may have been done", intent.text()), Meaning::Bad)
                    }
                });
                return self.refresh();
            }
        }
        for pane in PANES {
            let keys = self.keys(pane);
            self.chosen[pane as usize].settle(&keys);
        }
        Vec::new()
    }

    fn take_shown(&mut self, id: &str, answered: Result<Shown, String>) {
        let Some(details) = self.details.as_mut().filter(|details| details.id == id) else {
            return;
        };
        // While the service is away, the last known data stays.
        if answered.is_ok() || !matches!(details.shown, Some(Ok(_))) {
            details.shown = Some(answered);
        }
    }

    fn take_looked(&mut self, number: u64, answered: Result<CommandAnswer, String>) {
        let intent = match &self.dialog {
            Dialog::Looking(intent) if intent.number == number => intent.clone(),
            _ => return,
        };
        self.dialog = Dialog::None;
        match answered {
            Ok(answer) if answer.changed == 0 => self.said = Some(describe(&intent, &answer)),
            Ok(answer) => self.dialog = Dialog::Confirm(intent, answer),
            Err(why) => self.said = Some((format!("{}: {why}", intent.text()), Meaning::Bad)),
        }
    }

    /// The steps in pipeline order, then other steps that have lots.
    pub(in super::super) fn steps(&self) -> Vec<StepRow> {
        let row = |name: &str| StepRow { name: name.to_owned(), ..StepRow::default() };
        let mut rows: Vec<StepRow> = StepKind::NAMES.iter().map(|name| row(name)).collect();
        for count in self.counts() {
            let Some(step) = &count.step else { continue };
            let known = rows.iter().position(|row| row.name == *step);
            let at = known.unwrap_or_else(|| {
                rows.push(row(step));
                rows.len() - 1
            });
            let row = &mut rows[at];
            match count.state.as_str() {
                "ready" => row.ready += count.lots,
                "waiting" => row.waiting += count.lots,
                "retry_at" => row.retry += count.lots,
                _ => row.parked += count.lots,
            }
        }
        rows
    }

    /// The number of lots by how they ended.
    pub(in super::super) fn ended(&self) -> Vec<(&str, i64)> {
        let ended = self.counts().iter().filter(|count| count.step.is_none());
        ended.map(|count| (count.state.as_str(), count.lots)).collect()
    }

    /// What lots wait for, by descending number of lots.
    pub(in super::super) fn waits(&self) -> Vec<WaitRow> {
        let mut rows: Vec<WaitRow> = Vec::new();
        for count in self.counts() {
            let Some(awaits) = &count.awaits else { continue };
            match rows.iter_mut().find(|row| row.awaits == *awaits) {
                Some(row) => {
                    row.lots += count.lots;
                    row.oldest = row.oldest.into_iter().chain(count.oldest).min();
                }
                None => rows.push(WaitRow {
                    awaits: awaits.clone(),
                    lots: count.lots,
                    oldest: count.oldest,
                }),
            }
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.lots));
        rows
    }

    /// Incidents, by cause.
    pub(in super::super) fn incidents(&self) -> &[IncidentView] {
        self.status.as_ref().map_or(&[], |status| &status.incidents.causes)
    }

    pub(in super::super) fn listed(&self) -> Vec<&LotView> {
        self.lots.iter().filter(|lot| self.filter.takes(lot)).collect()
    }

    fn counts(&self) -> &[LotCount] {
        self.status.as_ref().map_or(&[], |status| &status.lots)
    }

    /// The keys of a pane's rows.
    fn keys(&self, pane: Pane) -> Vec<String> {
        match pane {
            Pane::Funnel => self.steps().into_iter().map(|row| row.name).collect(),
            Pane::Waits => self.waits().into_iter().map(|row| row.awaits).collect(),
            Pane::Incidents => self.incidents().iter().map(|view| view.cause.clone()).collect(),
            Pane::Lots => self.listed().iter().map(|lot| lot.id.to_string()).collect(),
        }
    }

    /// The index of the chosen row in `pane`.
    pub(in super::super) fn at(&self, pane: Pane) -> usize {
        self.chosen[pane as usize].at
    }

    /// The key of the chosen row.
    pub(in super::super) fn choice(&self) -> Option<&str> {
        let key = &self.chosen[self.pane as usize].key;
        Some(key.as_str()).filter(|key| !key.is_empty())
    }

    /// Moves the choice down by `rows`.
    pub(in super::super) fn move_by(&mut self, rows: isize) {
        let keys = self.keys(self.pane);
        self.chosen[self.pane as usize].move_by(rows, &keys);
    }

    /// Lists other lots.
    pub(in super::super) fn list(&mut self, filter: Filter) -> Vec<Ask> {
        if filter.path() != self.filter.path() {
            (self.lots, self.has_more) = (Vec::new(), false);
        }
        self.filter = filter;
        self.marked.clear();
        (self.pane, self.lots_trouble) = (Pane::Lots, None);
        let keys = self.keys(Pane::Lots);
        self.chosen[Pane::Lots as usize].settle(&keys);
        vec![Ask::Lots(self.filter.path())]
    }

    /// Shows one subject in detail.
    pub(in super::super) fn open(&mut self, id: &str) -> Vec<Ask> {
        self.details = Some(Details { id: id.to_owned(), shown: None, scroll: 0 });
        vec![Ask::Shown(id.to_owned())]
    }
}

/// The result of a command in one line.
fn describe(intent: &Intent, answer: &CommandAnswer) -> (String, Meaning) {
    let about = |acted: &CommandResult| {
        if acted.why.contains(&acted.id) {
            acted.why.clone()
        } else {
            format!("{}: {}", acted.id, acted.why)
        }
    };
    let of = |outcome| answer.items.iter().find(|acted| acted.outcome == outcome);
    let refused = of(CommandOutcome::Refused);
    let why = refused.or(of(CommandOutcome::Unchanged)).map(about);
    let done = match (answer.changed, intent.on.as_slice()) {
        (0, _) => None,
        (1, [one]) => Some(format!("{one} is {}", intent.verb.done)),
        (many, _) => Some(format!("{} {}", intent.verb.done, intent.verb.count(many))),
    };
    let meaning = if refused.is_some() { Meaning::Bad } else { Meaning::Good };
    match (done, why) {
        (Some(done), None) => (done, meaning),
        (Some(done), Some(why)) => {
            let others = answer.unchanged + answer.refused;
            (format!("{done}, {others} not: {why}"), meaning)
        }
        (None, why) => {
            let why = why.unwrap_or_else(|| "nothing was changed".to_owned());
            (why, if refused.is_some() { Meaning::Bad } else { Meaning::Warn })
        }
    }
}
