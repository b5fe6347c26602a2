//! What the live view knows, and what of it is chosen. Pure: keys and answers change it, and it says
//! what to ask for.

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

/// The parts of the screen, in the order of Tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pane {
    /// The steps.
    Funnel,
    /// What lots wait for.
    Waits,
    /// What is parked.
    Incidents,
    /// Lots one by one.
    Lots,
}

pub(super) const PANES: [Pane; 4] = [Pane::Funnel, Pane::Waits, Pane::Incidents, Pane::Lots];

/// The row that is chosen: it stays with what it is of when others come and go.
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

/// How many lots are at a step, by state.
#[derive(Debug, Clone, Default)]
pub(super) struct StepRow {
    pub(super) name: String,
    pub(super) ready: i64,
    pub(super) waiting: i64,
    pub(super) retry: i64,
    pub(super) parked: i64,
}

impl StepRow {
    pub(super) fn all(&self) -> i64 {
        self.ready + self.waiting + self.retry + self.parked
    }
}

/// How many lots wait for something.
#[derive(Debug, Clone)]
pub(super) struct WaitRow {
    pub(super) awaits: String,
    pub(super) lots: i64,
    pub(super) oldest: Option<DateTime<Utc>>,
}

/// A subject that is looked at.
#[derive(Debug, Clone)]
pub(super) struct Details {
    pub(super) id: String,
    /// What is known of it; none: it is asked for.
    pub(super) shown: Option<Result<Shown, String>>,
    /// The first row that is seen.
    pub(super) scroll: usize,
}

/// Something that is about to be done by hand.
#[derive(Debug, Clone)]
pub(super) struct Intent {
    pub(super) number: u64,
    pub(super) verb: Verb,
    pub(super) command: Command,
    pub(super) on: Vec<String>,
    pub(super) reason: String,
}

impl Intent {
    /// Whether somebody else has to read why.
    pub(super) fn needs_reason(&self) -> bool {
        let verdict = match &self.command {
            Command::Review { verdict } => *verdict,
            _ => return false,
        };
        matches!(verdict, Verdict::Decline | Verdict::Return)
    }

    pub(super) fn request(&self, dry_run: bool) -> CommandRequest {
        let (command, on, reason) = (self.command.clone(), self.on.clone(), self.reason.clone());
        CommandRequest { command, on, reason, dry_run }
    }

    /// `hold 3 lots`.
    pub(super) fn text(&self) -> String {
        format!("{} {}", self.verb.to, self.verb.count(self.on.len()))
    }
}

/// What stands above the rest and takes the keys.
#[derive(Debug, Clone, Default)]
pub(super) enum Dialog {
    #[default]
    None,
    /// The keys there are.
    Help,
    /// A filter that is typed.
    Filter(String),
    /// What a review decided of these.
    Verdict(Vec<String>),
    /// A reason that is typed.
    Reason(Intent, String),
    /// What it would change is asked for.
    Looking(Intent),
    /// What it would change, and whether to.
    Confirm(Intent, CommandAnswer),
}

/// Everything that is known and chosen.
pub(super) struct State {
    /// The moment for ages.
    pub(super) now: DateTime<Utc>,
    pub(super) status: Option<Box<StatusView>>,
    /// When the service answered last, or when it was first asked.
    pub(super) as_of: DateTime<Utc>,
    /// Why the service does not answer.
    pub(super) trouble: Option<String>,
    lots: Vec<LotView>,
    /// Whether there are more lots than were given.
    pub(super) has_more: bool,
    /// Why lots cannot be listed.
    pub(super) lots_trouble: Option<String>,
    pub(super) filter: Filter,
    /// Lots that are marked for an act.
    pub(super) marked: BTreeSet<String>,
    pub(super) pane: Pane,
    chosen: [Chosen; 4],
    pub(super) details: Option<Details>,
    pub(super) dialog: Dialog,
    /// What was last done, or why not.
    pub(super) said: Option<(String, Meaning)>,
    pub(super) is_over: bool,
    /// Acts so far.
    pub(super) acts: u64,
    /// What is being done.
    pub(super) doing: Vec<Intent>,
}

impl State {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
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

    /// Everything that is shown, to be asked for anew.
    pub(super) fn refresh(&self) -> Vec<Ask> {
        let details = self.details.iter().map(|details| Ask::Shown(details.id.clone()));
        [Ask::Status, Ask::Lots(self.filter.path())].into_iter().chain(details).collect()
    }

    /// Takes an answer. What is no longer asked for is let go.
    pub(super) fn take(&mut self, answer: Answer) -> Vec<Ask> {
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
        // What was seen once stays while the service is away.
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

    /// The steps in their order, those that lots are at.
    pub(super) fn steps(&self) -> Vec<StepRow> {
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

    /// How many lots have ended as what.
    pub(super) fn ended(&self) -> Vec<(&str, i64)> {
        let ended = self.counts().iter().filter(|count| count.step.is_none());
        ended.map(|count| (count.state.as_str(), count.lots)).collect()
    }

    /// What lots wait for, that of most lots first.
    pub(super) fn waits(&self) -> Vec<WaitRow> {
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

    /// What is parked or could not be done, by cause.
    pub(super) fn incidents(&self) -> &[IncidentView] {
        self.status.as_ref().map_or(&[], |status| &status.incidents.causes)
    }

    /// The lots that are shown.
    pub(super) fn listed(&self) -> Vec<&LotView> {
        self.lots.iter().filter(|lot| self.filter.takes(lot)).collect()
    }

    fn counts(&self) -> &[LotCount] {
        self.status.as_ref().map_or(&[], |status| &status.lots)
    }

    /// What the rows of a pane are of.
    fn keys(&self, pane: Pane) -> Vec<String> {
        match pane {
            Pane::Funnel => self.steps().into_iter().map(|row| row.name).collect(),
            Pane::Waits => self.waits().into_iter().map(|row| row.awaits).collect(),
            Pane::Incidents => self.incidents().iter().map(|view| view.cause.clone()).collect(),
            Pane::Lots => self.listed().iter().map(|lot| lot.id.to_string()).collect(),
        }
    }

    /// The row that is chosen in `pane`.
    pub(super) fn at(&self, pane: Pane) -> usize {
        self.chosen[pane as usize].at
    }

    /// What the chosen row is of.
    pub(super) fn choice(&self) -> Option<&str> {
        let key = &self.chosen[self.pane as usize].key;
        Some(key.as_str()).filter(|key| !key.is_empty())
    }

    /// Chooses a row so many further down.
    pub(super) fn move_by(&mut self, rows: isize) {
        let keys = self.keys(self.pane);
        self.chosen[self.pane as usize].move_by(rows, &keys);
    }

    /// Lists other lots.
    pub(super) fn list(&mut self, filter: Filter) -> Vec<Ask> {
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

    /// Looks at one subject.
    pub(super) fn open(&mut self, id: &str) -> Vec<Ask> {
        self.details = Some(Details { id: id.to_owned(), shown: None, scroll: 0 });
        vec![Ask::Shown(id.to_owned())]
    }
}

/// What was done, and what could not be, in one line.
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
