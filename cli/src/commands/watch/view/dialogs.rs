//! The dialogs above the panes: keys, verdict, reason, and effects of a command.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};
use waybill_api::{CommandAnswer, CommandOutcome};

use super::super::model::keys::KEYS;
use super::super::model::state::{Dialog, Intent, State};
use crate::output::{Meaning, cut, style, wrap};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let room = usize::from(area.width).saturating_sub(4);
    match &state.dialog {
        Dialog::None | Dialog::Filter(_) => {}
        Dialog::Help => boxed(frame, area, "keys", keys(room)),
        Dialog::Verdict(on) => {
            let what = match on.as_slice() {
                [one] => one.clone(),
                many => format!("{} lots", many.len()),
            };
            let choices = "a approve   d decline   s send back   m merge   Esc leave it";
            boxed(frame, area, &format!("review {what}"), vec![Line::raw(choices)]);
        }
        Dialog::Reason(intent, text) => {
            let mut lines: Vec<Line<'static>> =
                wrap(text, room).into_iter().map(Line::raw).collect();
            if let Some(last) = lines.last_mut() {
                last.push_span(Span::styled(" ", Style::new().add_modifier(Modifier::REVERSED)));
            }
            lines.push(Line::raw(""));
            let asked =
                if intent.needs_reason() { "its requester reads it" } else { "kept in the log" };
            lines.push(ways(&format!("Enter go on ({asked})   Esc leave it")));
            boxed(frame, area, &format!("{}: why?", intent.text()), lines);
        }
        Dialog::Looking(intent) => {
            let lines = vec![Line::raw("checking what it would change"), ways("Esc leave it")];
            boxed(frame, area, &intent.text(), lines);
        }
        Dialog::Confirm(intent, answer) => {
            let rows = usize::from(area.height).saturating_sub(2);
            let lines = changes(intent, answer, room, rows);
            boxed(frame, area, &format!("{}?", intent.text()), lines);
        }
    }
}

fn ways(text: &str) -> Line<'static> {
    Line::styled(text.to_owned(), style(Meaning::Way))
}

fn keys(room: usize) -> Vec<Line<'static>> {
    let wide = KEYS.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (key, what) in KEYS {
        for (i, part) in wrap(what, room.saturating_sub(wide + 2)).into_iter().enumerate() {
            let key = if i == 0 { key } else { "" };
            let key = Span::styled(format!("{key:wide$}  "), style(Meaning::Head));
            lines.push(Line::from(vec![key, Span::raw(part)]));
        }
    }
    lines
}

/// The effects of a command, on a limited number of rows, and how to answer.
fn changes(
    intent: &Intent,
    answer: &CommandAnswer,
    room: usize,
    rows: usize,
) -> Vec<Line<'static>> {
    let changed = answer.items.iter().filter(|acted| acted.outcome == CommandOutcome::Changed);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for effect in changed.flat_map(|acted| &acted.effects) {
        let text = format!("{:10}  {}", effect.subject, effect.what);
        for (i, part) in wrap(&text, room).into_iter().enumerate() {
            let part = if i == 0 { part } else { cut(&format!("  {part}"), room) };
            lines.push(Line::raw(part));
        }
    }
    let mut after = Vec::new();
    let left_out = answer.unchanged + answer.refused;
    if left_out > 0 {
        let verb = intent.verb;
        let first = answer.items.iter().find(|acted| acted.outcome != CommandOutcome::Changed);
        let why = first.map(|acted| acted.why.as_str()).unwrap_or_default();
        let text = format!("{} left out: {why}", verb.count(left_out));
        after.push(Line::styled(cut(&text, room), style(Meaning::Warn)));
    }
    if !intent.reason.is_empty() {
        after.push(Line::raw(cut(&format!("because: {}", intent.reason), room)));
    }
    after.push(Line::raw(""));
    after.push(ways("y do it   n leave it   m write why"));
    let most = rows.saturating_sub(after.len()).max(1);
    if lines.len() > most {
        let hidden = lines.len() - most + 1;
        lines.truncate(most - 1);
        lines.push(Line::styled(format!("… and {hidden} more"), style(Meaning::Faint)));
    }
    lines.extend(after);
    lines
}

/// A box with `lines` in the middle of `area`.
fn boxed(frame: &mut Frame<'_>, area: Rect, title: &str, lines: Vec<Line<'static>>) {
    let wide = lines.iter().map(Line::width).max().unwrap_or(0).max(title.chars().count() + 2);
    let (wide, high) = (wide.saturating_add(4), lines.len().saturating_add(2));
    let length = |long: usize| Constraint::Length(u16::try_from(long).unwrap_or(u16::MAX));
    let place = area.centered(length(wide), length(high));
    let title = Span::styled(format!(" {title} "), style(Meaning::Head));
    let block = Block::bordered().title(title);
    let inner = block.inner(place).inner(ratatui::layout::Margin::new(1, 0));
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    frame.render_widget(Paragraph::new(lines), inner);
}
