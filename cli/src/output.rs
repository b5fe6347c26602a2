//! The only place that prints: data on stdout, talk on stderr.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::failure::Failure;
use crate::traces::Traces;

/// Starts the log on stderr: text, or JSON with `WAYBILL_LOG_FORMAT=json`.
pub(crate) fn log(verbose: bool, is_service: bool, traces: Option<&Traces>) {
    let level = match (verbose, is_service) {
        (true, _) => "debug",
        (false, true) => "info",
        (false, false) => "off",
    };
    let filter = EnvFilter::try_from_env("WAYBILL_LOG")
        .unwrap_or_else(|_| EnvFilter::new(format!("{level},sqlx=warn,hyper=warn")));
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = if std::env::var("WAYBILL_LOG_FORMAT").is_ok_and(|format| format == "json") {
        log.json().with_filter(filter).boxed()
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).with_filter(filter).boxed()
    };
    let traces = traces.map(Traces::layer);
    // A second start of the log, as tests may do, changes nothing.
    tracing_subscriber::registry().with(traces).with(log).try_init().ok();
}

/// Prints data. A reader that has gone away is no error.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::caller(format!("the output could not be written: {error}"), ""))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Prints usage: help goes to stdout and is no failure.
pub(crate) fn usage(usage: &clap::Error) -> ExitCode {
    usage.print().ok();
    if usage.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

/// Prints one JSON document.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::ours)?;
    data(&format!("{text}\n"))
}

/// Prints one JSON document on one line.
pub(crate) fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(Failure::ours)?;
    data(&format!("{text}\n"))
}

/// Says something to whoever watches.
pub(crate) fn talk(text: &str) {
    eprintln!("{text}");
}

/// Says what went wrong.
pub(crate) fn error(message: &str, hint: Option<&str>) {
    eprintln!("error: {message}");
    if let Some(hint) = hint {
        eprintln!("\n  hint: {hint}");
    }
}

/// How wide the terminal is; 80 where there is none.
pub(crate) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.filter(|columns| *columns >= 40).unwrap_or(80)
}

/// A table: columns as wide as they must be, the last one cut to what the terminal has left.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    laid_out(head, rows, |cell, room| vec![cut(cell, room)])
}

/// The same, the last column broken into two lines and cut to them.
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

/// The same, the last column broken into as many lines as it needs.
pub(crate) fn wrapped_table(head: &[&str], rows: &[Vec<String>]) -> String {
    laid_out(head, rows, wrap)
}

fn laid_out(
    head: &[&str],
    rows: &[Vec<String>],
    fit: impl Fn(&str, usize) -> Vec<String>,
) -> String {
    let wide = |text: &str| text.chars().count();
    let mut widths: Vec<usize> = head.iter().map(|name| wide(name)).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(wide(cell));
        }
    }
    let last = widths.len().saturating_sub(1);
    let before: usize = widths[..last].iter().map(|width| width + 2).sum();
    let room = width().saturating_sub(before).max(12);
    let mut text = String::new();
    let head: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
    for row in std::iter::once(&head).chain(rows) {
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

/// `text` broken at spaces, and within words that are wider than `room`.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
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

/// `text`, cut to `room` characters.
pub(crate) fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    short.push('…');
    short
}
