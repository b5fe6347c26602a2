//! Tables for people. Columns are as wide as necessary, and the last one is fitted to the terminal.

use std::borrow::Cow;

use super::width;

/// A table whose last column is cut to what is left of the terminal's width.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    laid_out(head, rows, |cell, room| vec![cut(cell, room)])
}

/// A table whose last column is broken into at most two lines.
pub(crate) fn brief_table(head: &[&str], rows: &[Vec<String>]) -> String {
    laid_out(head, rows, |cell, room| {
        let mut lines = wrap(cell, room);
        if lines.len() > 2 {
            let rest = lines.split_off(1).join(" ");
            lines.push(cut(&rest, room));
        }
        lines
    })
}

/// A table whose last column is broken into as many lines as necessary.
pub(crate) fn wrapped_table(head: &[&str], rows: &[Vec<String>]) -> String {
    laid_out(head, rows, wrap)
}

fn laid_out(
    head: &[&str],
    rows: &[Vec<String>],
    fit: impl Fn(&str, usize) -> Vec<String>,
) -> String {
    let wide = |text: &str| text.chars().count();
    let flat = |row: &Vec<String>| row.iter().map(|cell| flat(cell).into_owned()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(flat).collect();
    let mut widths: Vec<usize> = head.iter().map(|name| wide(name)).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(wide(cell));
        }
    }
    let last = widths.len().saturating_sub(1);
    let before: usize = widths[..last].iter().map(|width| width + 2).sum();
    let room = width().saturating_sub(before).max(12);
    let mut text = String::new();
    let head: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
    for row in std::iter::once(&head).chain(&rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths).take(last) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width + 2 - wide(cell)));
        }
        for (i, part) in fit(row.last().map_or("", String::as_str), room).iter().enumerate() {
            if i > 0 {
                line = " ".repeat(before);
            }
            line.push_str(part);
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

/// Puts `text` on one line, because a line end, tab or other control character in a cell would break a table. The
/// escape character of colours stays.
pub(crate) fn flat(text: &str) -> Cow<'_, str> {
    let is_breaking = |c: char| c.is_control() && c != '\u{1b}';
    match text.contains(is_breaking) {
        true => Cow::Owned(text.replace("\r\n", " ").replace(is_breaking, " ")),
        false => Cow::Borrowed(text),
    }
}

/// Breaks `text` at spaces. Words that are wider than `room` are broken too.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in flat(text).split(' ') {
        let mut word = word;
        loop {
            let last = lines.len() - 1;
            let used = lines[last].chars().count();
            let gap = usize::from(used > 0);
            if used + gap + word.chars().count() <= room {
                if gap > 0 {
                    lines[last].push(' ');
                }
                lines[last].push_str(word);
                break;
            }
            if used > 0 {
                lines.push(String::new());
                continue;
            }
            let at = word.char_indices().nth(room).map_or(word.len(), |(at, _)| at);
            lines[last].push_str(&word[..at]);
            word = &word[at..];
            if word.is_empty() {
                break;
            }
            lines.push(String::new());
        }
    }
    lines
}

/// Cuts `text` to `room` characters.
pub(crate) fn cut(text: &str, room: usize) -> String {
    let text = flat(text);
    if text.chars().count() <= room {
        return text.into_owned();
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    short.push('…');
    short
}
