//! What keys do in the live view.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use waybill_shared::domain::command::Command;
use waybill_shared::domain::document::Verdict;
use waybill_shared::domain::ids::LotId;

use super::data::Ask;
use super::filter::Filter;
use super::state::{Dialog, Intent, PANES, Pane, State};
use crate::commands::by_hand::Verb;
use crate::output::Meaning;

/// How many rows PageUp and PageDown move.
const PAGE: isize = 10;

/// The keys, and what they do.
pub(in super::super) const KEYS: [(&str, &str); 14] = [
    ("arrows, j k", "choose a row; PageUp and PageDown ten, g and G the first and last"),
    ("Tab", "the next part of the screen; Shift-Tab the one before"),
    ("Enter", "the lots of a step, wait or incident; all about one lot"),
    ("Esc", "back; in the list, all that wait again"),
    ("/", "filter: words in a lot, donor=LU awaits=consent, or a lot's id"),
    ("Space, a", "mark a lot, or all listed: the next action applies to them"),
    ("h", "hold: the lots stand still until they are resumed"),
    ("u", "resume what is held"),
    ("t", "retry what is parked or waits for another attempt"),
    ("r", "review: approve, decline, send back or merge"),
    ("y n m", "when asked: yes, no, or write a reason first"),
    ("F5", "ask the service now"),
    ("?", "this"),
    ("q, Ctrl-C", "end"),
];

impl State {
    /// Handles a key, and returns the requests that follow.
    pub(in super::super) fn key(&mut self, key: KeyEvent) -> Vec<Ask> {
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            if key.code == KeyCode::Char('c') {
                self.is_over = true;
            }
            return Vec::new();
        }
        self.said = None;
        match std::mem::take(&mut self.dialog) {
            Dialog::None => self.plain(key.code),
            Dialog::Help => Vec::new(),
            Dialog::Filter(text) => self.filtering(text, key.code),
            Dialog::Verdict(on) => self.verdict(on, key.code),
            Dialog::Reason(intent, text) => self.reasoning(intent, text, key.code),
            Dialog::Looking(intent) => {
                if key.code == KeyCode::Esc {
                    return self.left();
                }
                self.dialog = Dialog::Looking(intent);
                Vec::new()
            }
            Dialog::Confirm(intent, answer) => match key.code {
                KeyCode::Char('y' | 'Y') => {
                    let asks = vec![Ask::Act(intent.number, intent.request(false))];
                    self.marked.clear();
                    self.doing.push(intent);
                    asks
                }
                KeyCode::Char('n' | 'N' | 'q') | KeyCode::Esc => self.left(),
                KeyCode::Char('m') => {
                    let reason = intent.reason.clone();
                    self.dialog = Dialog::Reason(intent, reason);
                    Vec::new()
                }
                _ => {
                    self.dialog = Dialog::Confirm(intent, answer);
                    Vec::new()
                }
            },
        }
    }

    fn plain(&mut self, code: KeyCode) -> Vec<Ask> {
        match code {
            KeyCode::Char('q') => self.is_over = true,
            KeyCode::Char('?') => self.dialog = Dialog::Help,
            KeyCode::Char('/') => self.dialog = Dialog::Filter(String::new()),
            KeyCode::F(5) => return self.refresh(),
            KeyCode::Char('h') => {
                return self.intend(Verb::new("hold", "held", "lot"), Command::Hold);
            }
            KeyCode::Char('u') => {
                return self.intend(Verb::new("resume", "resumed", "lot"), Command::Resume);
            }
            KeyCode::Char('t') => {
                return self.intend(Verb::new("retry", "tried again", "lot"), Command::Retry);
            }
            KeyCode::Char('r') => {
                let on = self.on();
                if !on.is_empty() {
                    self.dialog = Dialog::Verdict(on);
                }
            }
            KeyCode::Char('j') | KeyCode::Down => self.scroll(1),
            KeyCode::Char('k') | KeyCode::Up => self.scroll(-1),
            KeyCode::PageDown => self.scroll(PAGE),
            KeyCode::PageUp => self.scroll(-PAGE),
            KeyCode::Char('g') | KeyCode::Home => self.scroll(isize::MIN),
            KeyCode::Char('G') | KeyCode::End => self.scroll(isize::MAX),
            KeyCode::Esc if self.details.is_some() => self.details = None,
            KeyCode::Esc => return self.list(Filter::default()),
            _ if self.details.is_some() => {}
            KeyCode::Tab => self.turn(1),
            KeyCode::BackTab => self.turn(PANES.len() - 1),
            KeyCode::Enter => return self.enter(),
            KeyCode::Char(' ') => self.mark(),
            KeyCode::Char('a') => {
                let all = self.listed().iter().map(|lot| lot.id.to_string()).collect();
                self.marked = if self.marked == all { Default::default() } else { all };
            }
            _ => {}
        }
        Vec::new()
    }

    fn turn(&mut self, by: usize) {
        self.pane = PANES[(self.pane as usize + by) % PANES.len()];
    }

    fn scroll(&mut self, rows: isize) {
        match &mut self.details {
            Some(details) => details.scroll = details.scroll.saturating_add_signed(rows),
            None => self.move_by(rows),
        }
    }

    fn mark(&mut self) {
        let Some(lot) = self.choice().filter(|_| self.pane == Pane::Lots) else { return };
        let lot = lot.to_owned();
        if !self.marked.remove(&lot) {
            self.marked.insert(lot);
        }
        self.move_by(1);
    }

    fn enter(&mut self) -> Vec<Ask> {
        let Some(choice) = self.choice().map(str::to_owned) else { return Vec::new() };
        match self.pane {
            Pane::Funnel => self.list(Filter::of("step", &choice)),
            Pane::Waits => self.list(Filter::of("awaits", &choice)),
            Pane::Incidents => {
                let view = self.incidents().iter().find(|view| view.cause == choice);
                match view.and_then(|view| view.records.first()).cloned() {
                    // An incident that is not about parked lots is a record of its own.
                    Some(record) => self.open(&format!("incident:{record}")),
                    None => self.list(Filter::parked(&choice)),
                }
            }
            Pane::Lots => self.open(&choice),
        }
    }

    /// The lots that a command applies to: the one in the details, the marked ones, or the chosen
    /// one.
    fn on(&mut self) -> Vec<String> {
        if let Some(details) = &self.details {
            if details.id.parse::<LotId>().is_ok() {
                return vec![details.id.clone()];
            }
        } else if !self.marked.is_empty() {
            return self.marked.iter().cloned().collect();
        } else if let Some(lot) = self.choice().filter(|_| self.pane == Pane::Lots) {
            return vec![lot.to_owned()];
        }
        self.said =
            Some(("choose a lot first: Enter lists those of a row".to_owned(), Meaning::Warn));
        Vec::new()
    }

    /// Asks what `command` would change for these lots.
    fn intend(&mut self, verb: Verb, command: Command) -> Vec<Ask> {
        let on = self.on();
        if on.is_empty() { Vec::new() } else { self.intend_on(on, verb, command) }
    }

    fn intend_on(&mut self, on: Vec<String>, verb: Verb, command: Command) -> Vec<Ask> {
        let intent = Intent { number: 0, verb, command, on, reason: String::new() };
        if intent.needs_reason() {
            self.dialog = Dialog::Reason(intent, String::new());
            return Vec::new();
        }
        self.look(intent)
    }

    fn look(&mut self, mut intent: Intent) -> Vec<Ask> {
        self.acts += 1;
        intent.number = self.acts;
        let asks = vec![Ask::Look(intent.number, intent.request(true))];
        self.dialog = Dialog::Looking(intent);
        asks
    }

    fn left(&mut self) -> Vec<Ask> {
        self.said = Some(("nothing was changed".to_owned(), Meaning::Plain));
        Vec::new()
    }

    fn verdict(&mut self, on: Vec<String>, code: KeyCode) -> Vec<Ask> {
        let (to, done, verdict) = match code {
            KeyCode::Char('a') => ("approve", "approved", Verdict::Approve),
            KeyCode::Char('d') => ("decline", "declined", Verdict::Decline),
            KeyCode::Char('s') => ("send back", "sent back", Verdict::Return),
            KeyCode::Char('m') => ("merge", "merged", Verdict::Merge),
            KeyCode::Esc | KeyCode::Char('q' | 'n') => return self.left(),
            _ => {
                self.dialog = Dialog::Verdict(on);
                return Vec::new();
            }
        };
        self.intend_on(on, Verb::new(to, done, "lot"), Command::Review { verdict })
    }

    fn reasoning(&mut self, intent: Intent, mut text: String, code: KeyCode) -> Vec<Ask> {
        if code == KeyCode::Esc {
            return self.left();
        }
        if code != KeyCode::Enter {
            typed(&mut text, code);
            self.dialog = Dialog::Reason(intent, text);
            return Vec::new();
        }
        let reason = text.trim().to_owned();
        if reason.is_empty() && intent.needs_reason() {
            let said =
                format!("a reason is required to {}: the requester reads it", intent.verb.to);
            self.said = Some((said, Meaning::Warn));
            self.dialog = Dialog::Reason(intent, text);
            return Vec::new();
        }
        self.look(Intent { reason, ..intent })
    }

    fn filtering(&mut self, mut text: String, code: KeyCode) -> Vec<Ask> {
        if code == KeyCode::Esc {
            return Vec::new();
        }
        if code != KeyCode::Enter {
            typed(&mut text, code);
            self.dialog = Dialog::Filter(text);
            return Vec::new();
        }
        self.details = None;
        if let Ok(lot) = text.trim().parse::<LotId>() {
            return self.open(&lot.to_string());
        }
        match self.filter.typed(&text) {
            Ok(filter) => self.list(filter),
            Err(why) => {
                self.said = Some((why, Meaning::Warn));
                self.dialog = Dialog::Filter(text);
                Vec::new()
            }
        }
    }
}

/// Applies a key to the text that is being typed.
fn typed(text: &mut String, code: KeyCode) {
    match code {
        KeyCode::Char(letter) if text.len() < 500 => text.push(letter),
        KeyCode::Backspace => {
            text.pop();
        }
        _ => {}
    }
}
