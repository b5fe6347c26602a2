//! Draws the live view.

mod details;
mod dialogs;
mod panes;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::model::state::{Dialog, State};
use crate::output::{Meaning, apart, cut, second, style};

/// The smallest terminal, in columns and rows. On a smaller one nothing is shown.
const LEAST: (u16, u16) = (60, 12);

pub(super) fn draw(frame: &mut Frame<'_>, state: &mut State) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!("this needs {} columns and {} rows; q ends it", LEAST.0, LEAST.1);
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let parts = [Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)];
    let [head, body, foot] = Layout::vertical(parts).areas(area);
    frame.render_widget(header(state, usize::from(head.width)), head);
    if state.details.is_some() {
        details::draw(frame, body, state);
    } else {
        panes::draw(frame, body, state);
    }
    frame.render_widget(footer(state, usize::from(foot.width)), foot);
    dialogs::draw(frame, body, state);
}

/// The coalition, whether its service runs, and the service's clock.
fn header(state: &State, width: usize) -> Line<'static> {
    let (text, meaning) = standing(state);
    let name = state.status.as_ref().and_then(|status| status.coalition.clone());
    let name = cut(&name.unwrap_or_default(), width.saturating_sub(text.chars().count() + 2));
    let gap = width.saturating_sub(name.chars().count() + text.chars().count());
    Line::from(vec![
        Span::styled(name, style(Meaning::Head)),
        Span::raw(" ".repeat(gap)),
        Span::styled(text, style(meaning)),
    ])
}

fn standing(state: &State) -> (String, Meaning) {
    let as_of = second(state.as_of);
    match (&state.status, &state.trouble) {
        (None, None) => ("asking the service".to_owned(), Meaning::Faint),
        (None, Some(why)) => (format!("no answer: {why}"), Meaning::Bad),
        (Some(_), Some(_)) => {
            let age = apart(state.as_of, state.now);
            (format!("no answer for {age}: this is the state at {as_of}"), Meaning::Bad)
        }
        (Some(status), None) if status.service.leader.is_none() => {
            (format!("no process is running, lots stand still  {as_of}"), Meaning::Warn)
        }
        (Some(status), None) => {
            (format!("runs, version {}  {as_of}", status.service.version), Meaning::Good)
        }
    }
}

/// The last message, or the keys.
fn footer(state: &State, width: usize) -> Line<'static> {
    if let Dialog::Filter(text) = &state.dialog
        && state.said.is_none()
    {
        // The end of a long text is visible.
        let skip = text.chars().count().saturating_sub(width.saturating_sub(3));
        let text: String = text.chars().skip(skip).collect();
        return Line::from(vec![
            Span::styled("/", style(Meaning::Way)),
            Span::raw(text),
            Span::styled(" ", Style::new().add_modifier(Modifier::REVERSED)),
        ]);
    }
    if let Some((text, meaning)) = &state.said {
        return Line::styled(cut(text, width), style(*meaning));
    }
    if let Some(intent) = state.doing.last() {
        return Line::styled(cut(&format!("{} …", intent.text()), width), style(Meaning::Way));
    }
    let keys = "?:keys Tab:next Enter:open /:filter h:hold u:resume t:retry r:review q:end";
    Line::styled(cut(keys, width), style(Meaning::Faint))
}

/// The heading of a pane. A mark shows which pane receives the keys, so that this does not depend
/// on colour alone.
fn heading(text: &str, is_chosen: bool, width: u16) -> Line<'static> {
    let mark = if is_chosen { "▶ " } else { "  " };
    let text = cut(text, usize::from(width).saturating_sub(3));
    let rule = usize::from(width).saturating_sub(text.chars().count() + 3);
    let meaning = if is_chosen { Meaning::Head } else { Meaning::Plain };
    Line::from(vec![
        Span::styled(format!("{mark}{text} "), style(meaning)),
        Span::styled("─".repeat(rule), style(Meaning::Faint)),
    ])
}

/// Fits `text` to `width`, aligned left or right.
fn fitted(text: &str, width: usize, is_number: bool) -> String {
    let text = cut(text, width);
    if is_number { format!("{text:>width$}") } else { format!("{text:width$}") }
}

/// A number with thousands separators.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The first row of the page that contains row `at`; a page has `rows` rows.
fn page(at: usize, rows: u16) -> usize {
    let rows = usize::from(rows).max(1);
    at - at % rows
}

fn put(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    frame.render_widget(Paragraph::new(lines), area);
}

#[cfg(test)]
mod tests;
