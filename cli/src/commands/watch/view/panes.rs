//! The panes: the funnel, what lots wait for, incidents, lots.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use waybill_shared::views::LotView;

use super::super::model::state::{Pane, State, StepRow};
use super::{fitted, grouped, heading, page, put};
use crate::output::{Meaning, apart, style};

/// The rows of the funnel: its heading, the steps, and the ended lots.
const FUNNEL: u16 = 6;

/// The minimum number of rows for the lots, with their heading.
const LOTS: u16 = 5;

/// The character and meaning of each state in the funnel's bar.
const BAR: [(char, Meaning); 4] =
    [('▓', Meaning::Good), ('█', Meaning::Plain), ('▒', Meaning::Warn), ('×', Meaning::Bad)];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let left = area.height.saturating_sub(FUNNEL + LOTS);
    let middle = left.min(if area.height >= 32 { 12 } else { 7 });
    let rows = [Constraint::Length(FUNNEL), Constraint::Length(middle), Constraint::Min(0)];
    let [funnel, middle, lots] = Layout::vertical(rows).areas(area);
    let columns = [Constraint::Length(32), Constraint::Min(0)];
    let [waits, incidents] = Layout::horizontal(columns).areas(middle);
    draw_funnel(frame, funnel, state);
    if middle.height > 1 {
        draw_waits(frame, waits, state);
        draw_incidents(frame, incidents, state);
    }
    draw_lots(frame, lots, state);
}

/// A row. The chosen row has a mark and inverted colours.
fn row(state: &State, pane: Pane, at: usize, spans: Vec<Span<'static>>) -> Line<'static> {
    let is_chosen = state.pane == pane && state.at(pane) == at;
    let mark = Span::raw(if is_chosen { "> " } else { "  " });
    let line = Line::from(std::iter::once(mark).chain(spans).collect::<Vec<_>>());
    let turned = Style::new().add_modifier(Modifier::REVERSED);
    if is_chosen { line.style(turned) } else { line }
}

fn faint(text: impl Into<String>) -> Line<'static> {
    Line::styled(format!("  {}", text.into()), style(Meaning::Faint))
}

fn draw_funnel(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let head = format!("{:18}{:>9}{:>9}{:>9}{:>9}", "STEP", "READY", "WAITING", "RETRY", "PARKED");
    let mut lines = vec![heading(&head, state.pane == Pane::Funnel, area.width)];
    let steps = state.steps();
    let most = steps.iter().map(StepRow::all).max().unwrap_or(0);
    let room = usize::from(area.width).saturating_sub(58);
    for (i, step) in steps.iter().enumerate() {
        let counts = [step.ready, step.waiting, step.retry, step.parked];
        let mut spans = vec![Span::raw(fitted(&step.name, 18, false))];
        for (count, (_, meaning)) in counts.into_iter().zip(BAR) {
            let look = style(if count == 0 { Meaning::Faint } else { meaning });
            spans.push(Span::styled(fitted(&grouped(count), 9, true), look));
        }
        spans.push(Span::raw("  "));
        for ((letter, meaning), long) in BAR.into_iter().zip(shares(counts, most, room)) {
            spans.push(Span::styled(letter.to_string().repeat(long), style(meaning)));
        }
        lines.push(row(state, Pane::Funnel, i, spans));
    }
    let ended = state.ended();
    let ended = ended.iter().map(|(what, lots)| format!("{} {what}", grouped(*lots)));
    let ended: Vec<String> = ended.collect();
    let ended = if ended.is_empty() { "none".to_owned() } else { ended.join(", ") };
    lines.push(Line::from(vec![Span::raw(format!("  {:18}", "ended")), Span::raw(ended)]));
    put(frame, area, lines);
}

/// The lengths of a bar's parts. A part with at least one lot is always visible.
fn shares(counts: [i64; 4], most: i64, room: usize) -> [usize; 4] {
    let most = usize::try_from(most).unwrap_or(0).max(1);
    counts.map(|count| {
        let count = usize::try_from(count).unwrap_or(0);
        let long = (count.saturating_mul(room.saturating_sub(3)) / most).min(room);
        if count > 0 { long.max(1) } else { 0 }
    })
}

fn draw_waits(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let head = format!("{:13}{:>7} {:>7}", "WAITS FOR", "LOTS", "OLDEST");
    let mut lines = vec![heading(&head, state.pane == Pane::Waits, area.width)];
    let (waits, rows) = (state.waits(), area.height - 1);
    for (i, wait) in waits.iter().enumerate().skip(page(state.at(Pane::Waits), rows)) {
        let age = wait.oldest.map(|oldest| apart(oldest, state.now)).unwrap_or_default();
        let text = [
            fitted(&wait.awaits, 13, false),
            fitted(&grouped(wait.lots), 7, true),
            " ".to_owned(),
            fitted(&age, 7, true),
        ];
        lines.push(row(state, Pane::Waits, i, vec![Span::raw(text.concat())]));
    }
    if waits.is_empty() {
        lines.push(faint("nothing"));
    }
    put(frame, area, lines);
}

fn draw_incidents(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let head = format!("{:>5} {:>6}  {}", "LOTS", "SINCE", "INCIDENT");
    let mut lines = vec![heading(&head, state.pane == Pane::Incidents, area.width)];
    let (views, rows) = (state.incidents(), area.height - 1);
    let room = usize::from(area.width).saturating_sub(16);
    for (i, view) in views.iter().enumerate().skip(page(state.at(Pane::Incidents), rows)) {
        let since = view.since.map(|since| apart(since, state.now)).unwrap_or_default();
        let lots = i64::try_from(view.lots).unwrap_or(i64::MAX);
        let text = format!("{} {}  ", fitted(&grouped(lots), 5, true), fitted(&since, 6, true));
        let cause = Span::styled(fitted(&view.cause, room, false), style(Meaning::Bad));
        lines.push(row(state, Pane::Incidents, i, vec![Span::raw(text), cause]));
    }
    if views.is_empty() {
        lines.push(faint(if state.status.is_some() { "none" } else { "" }));
    }
    put(frame, area, lines);
}

fn draw_lots(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let listed = state.listed();
    let more = if state.has_more { " of the first 200" } else { "" };
    let marked = match state.marked.len() {
        0 => String::new(),
        marked => format!(", {marked} marked"),
    };
    let head = format!("LOTS {}: {}{more}{marked}", state.filter.text(), listed.len());
    let mut lines = vec![heading(&head, state.pane == Pane::Lots, area.width)];
    let rows = area.height.saturating_sub(1);
    for (i, lot) in listed.iter().enumerate().skip(page(state.at(Pane::Lots), rows)) {
        lines.push(row(state, Pane::Lots, i, lot_row(state, lot, area.width)));
    }
    if let (Some(why), None) = (&state.lots_trouble, &state.trouble) {
        lines.push(Line::styled(format!("  {why}"), style(Meaning::Bad)));
    } else if listed.is_empty() && state.status.is_some() {
        lines.push(faint("no lots; Esc lists all that wait, / others"));
    }
    put(frame, area, lines);
}

fn lot_row(state: &State, lot: &LotView, width: u16) -> Vec<Span<'static>> {
    let id = lot.id.to_string();
    let mark = if state.marked.contains(&id) { "*" } else { " " };
    let rank = format!("{}/{}", lot.priority.class, lot.priority.rank);
    let (at, meaning) = match (&lot.awaits, lot.state.as_str()) {
        (Some(awaits), _) => (format!("waits: {awaits}"), Meaning::Plain),
        (None, "parked") => ("parked".to_owned(), Meaning::Bad),
        (None, "retry_at") => ("tries again".to_owned(), Meaning::Warn),
        (None, other) => (other.to_owned(), Meaning::Good),
    };
    let age = lot.since.map(|since| apart(since, state.now)).unwrap_or_default();
    let what = match lot.reason.as_str() {
        "" => lot.item.clone(),
        reason => format!("{}: {reason}", lot.item),
    };
    let room = usize::from(width).saturating_sub(48);
    vec![
        Span::raw(format!("{mark}{} {} ", fitted(&id, 10, false), fitted(&rank, 7, false))),
        Span::styled(fitted(&at, 17, false), style(meaning)),
        Span::raw(format!(" {}  ", fitted(&age, 6, true))),
        Span::raw(fitted(&what, room, false)),
    ]
}
