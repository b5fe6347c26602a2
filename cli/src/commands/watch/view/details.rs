//! Shows everything about one subject: its fields, and what happened to it, newest first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use waybill_api::Shown;

use super::super::model::state::State;
use super::{fitted, heading, put};
use crate::output::{Meaning, moment, style, wrap};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let Some(details) = &mut state.details else { return };
    let head = format!("{}  (Esc: back)", details.id);
    let mut lines = vec![heading(&head, true, area.width)];
    match &details.shown {
        None => lines.push(Line::styled("  asking the service", style(Meaning::Faint))),
        Some(Err(why)) => lines.push(Line::styled(format!("  {why}"), style(Meaning::Bad))),
        Some(Ok(shown)) => {
            let all = facts(shown, usize::from(area.width));
            let rows = usize::from(area.height.saturating_sub(1));
            // Scrolling stops at the end.
            details.scroll = details.scroll.min(all.len().saturating_sub(rows));
            lines.extend(all.into_iter().skip(details.scroll));
        }
    }
    put(frame, area, lines);
}

fn facts(shown: &Shown, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let wide = shown.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in &shown.facts {
        for (i, part) in wrap(value, width.saturating_sub(wide + 4).max(20)).into_iter().enumerate()
        {
            let name = if i == 0 { name.as_str() } else { "" };
            let name = Span::styled(format!("  {name:wide$}  "), style(Meaning::Faint));
            lines.push(Line::from(vec![name, Span::raw(part)]));
        }
    }
    let head = format!("  {:16}  {:14}  {:16}  WHY", "WHEN", "WHO", "WHAT");
    lines.push(Line::raw(""));
    lines.push(Line::styled(head, style(Meaning::Faint)));
    for entry in shown.timeline.iter().rev() {
        let what = entry.kind.split_once('.').map_or(entry.kind.as_str(), |(_, what)| what);
        let why = if entry.reason.is_empty() { &entry.state } else { &entry.reason };
        let before = format!(
            "  {}  {}  {}  ",
            fitted(&moment(entry.at), 16, false),
            fitted(&entry.actor, 14, false),
            fitted(&what.replace('_', " "), 16, false)
        );
        let blank = " ".repeat(before.chars().count());
        let room = width.saturating_sub(blank.len()).max(12);
        for (i, part) in wrap(why, room).into_iter().enumerate() {
            let before = if i == 0 { &before } else { &blank };
            lines.push(Line::raw(format!("{before}{part}")));
        }
    }
    lines
}
