//! The only place that prints: data on stdout, talk on stderr.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod ask;
mod file;
mod listing;
mod log;
mod look;
mod progress;
mod screen;
mod stop;
mod table;
mod visible;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;
use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::failure::Failure;
use crate::traces::Traces;

pub(crate) use ask::{ask, can_ask, confirm};
pub(crate) use file::{ending, file};
pub(crate) use listing::{Cell, Column, Fit, listing};
pub(crate) use log::left_out;
pub(crate) use look::{
    Look, Meaning, ago, apart, day, grouped, moment, paint, second, set, size, width,
};
pub(crate) use progress::progress;
pub(crate) use screen::{Screen, style};
pub(crate) use stop::{Doing, Held};
pub(crate) use table::{brief_table, cut, table, wrap, wrapped_table};
pub(crate) use visible::plainly;
use visible::{visible, visible_json};

/// Starts the log on stderr: text, or JSON with `WAYBILL_LOG_FORMAT=json`.
pub(crate) fn log(verbose: bool, is_service: bool, traces: Option<&Traces>) {
    let usual = match (verbose, is_service) {
        // What RabbitMQ's client says of a queue that is not there yet is said by those who wait for it.
        (true, _) => "debug,sqlx=warn,hyper=warn,lapin=off",
        (false, true) => "info,sqlx=warn,hyper=warn,lapin=off",
        (false, false) => "off",
    };
    let filter = EnvFilter::try_from_env("WAYBILL_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let filter = filter.and(log::Seldom);
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
    stream(text).map(drop)
}

/// Prints data of which more may come; false: whoever read it has gone away.
pub(crate) fn stream(text: &str) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    // What goes into a file or to a program stays as it is.
    let text = if out.is_terminal() { visible(text) } else { text.into() };
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::caller(format!("the output could not be written: {error}"), "")),
    }
}

/// Standard output, for what is too long to be held.
pub(crate) fn sink() -> impl Write + Send + 'static {
    std::io::stdout()
}

/// Prints usage: help goes to stdout and is no failure.
pub(crate) fn usage(usage: &clap::Error) -> ExitCode {
    usage.print().ok();
    if usage.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

/// A JSON document, which a terminal shows as it is.
pub(crate) fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::ours)?;
    Ok(visible_json(&text).into_owned())
}

/// The same in one line.
pub(crate) fn compact(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value).map_err(Failure::ours)?;
    Ok(visible_json(&text).into_owned())
}

/// Prints one JSON document.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    data(&format!("{}\n", pretty(value)?))
}

/// Prints one JSON document on one line.
pub(crate) fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    data(&format!("{}\n", compact(value)?))
}

/// Says something to whoever watches, unless that is not wanted.
pub(crate) fn talk(text: &str) {
    if !look::get().is_quiet {
        eprintln!("{}", visible(text));
    }
}

/// `text` broken at spaces to the terminal's width, what is indented with its indent.
fn fitted(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let words = line.trim_start();
        let indent = " ".repeat(line.len() - words.len());
        // Room for what stands before the first line.
        let room = width().saturating_sub(indent.len() + "error: ".len()).max(20);
        lines.extend(wrap(words, room).into_iter().map(|part| format!("{indent}{part}")));
    }
    lines.join("\n")
}

/// Says what went wrong.
pub(crate) fn error(message: &str, hint: Option<&str>) {
    let is_terminal = std::io::stderr().is_terminal();
    let fitted = |text: &str| if is_terminal { fitted(text) } else { text.to_owned() };
    let (message, hint) = (visible(message), hint.map(visible));
    eprintln!("{} {}", look::painted("error:", Meaning::Bad, is_terminal), fitted(&message));
    if let Some(hint) = hint {
        eprintln!("\n  {} {}", look::painted("hint:", Meaning::Way, is_terminal), fitted(&hint));
    }
}
