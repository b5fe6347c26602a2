//! The only place that prints. Data goes to stdout, messages go to stderr.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod ask;
pub(crate) mod failure;
mod file;
mod form;
mod listing;
mod log;
mod look;
mod progress;
mod screen;
mod stop;
mod table;
pub(crate) mod traces;
mod visible;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;
use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::failure::Failure;
use traces::Traces;

pub(crate) use ask::{ask, can_ask, confirm};
pub(crate) use file::{ending, file};
pub(crate) use form::{Form, HEADING};
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

/// Starts the log on stderr, as text or, with `WAYBILL_LOG_FORMAT=json`, as JSON.
pub(crate) fn log(verbose: bool, is_service: bool, traces: Option<&Traces>) {
    let usual = match (verbose, is_service) {
        // The RabbitMQ client complains about queues that do not exist yet. The code that waits for them reports that
        // itself.
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
    // Starting the log a second time, as tests may do, has no effect.
    tracing_subscriber::registry().with(traces).with(log).try_init().ok();
}

/// Prints data. It is not an error if the reader has gone away.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    stream(text).map(drop)
}

/// Prints data that more may follow. Returns false if the reader has gone away.
pub(crate) fn stream(text: &str) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    // Output to a file or a program stays unchanged.
    let text = if out.is_terminal() { visible(text) } else { text.into() };
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::caller(format!("cannot write the output: {error}"), "")),
    }
}

/// Standard output, for data that is too long to keep in memory.
pub(crate) fn sink() -> impl Write + Send + 'static {
    std::io::stdout()
}

/// Prints a usage message. Requested help goes to stdout and is not a failure.
pub(crate) fn usage(usage: &clap::Error) -> ExitCode {
    usage.print().ok();
    if usage.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

/// Formats a JSON document so that a terminal shows every character.
pub(crate) fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::ours)?;
    Ok(visible_json(&text).into_owned())
}

/// Does the same on one line.
pub(crate) fn compact(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value).map_err(Failure::ours)?;
    Ok(visible_json(&text).into_owned())
}

pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    data(&format!("{}\n", pretty(value)?))
}

pub(crate) fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    data(&format!("{}\n", compact(value)?))
}

/// Prints a message to stderr, unless `--quiet` is set.
pub(crate) fn talk(text: &str) {
    if !look::get().is_quiet {
        eprintln!("{}", visible(text));
    }
}

/// Breaks `text` at spaces to the terminal's width. Indented lines keep their indent.
fn fitted(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let words = line.trim_start();
        let indent = " ".repeat(line.len() - words.len());
        // Leaves room for the prefix of the first line.
        let room = width().saturating_sub(indent.len() + "error: ".len()).max(20);
        lines.extend(wrap(words, room).into_iter().map(|part| format!("{indent}{part}")));
    }
    lines.join("\n")
}

/// Prints an error.
pub(crate) fn error(message: &str, hint: Option<&str>) {
    let is_terminal = std::io::stderr().is_terminal();
    let fitted = |text: &str| if is_terminal { fitted(text) } else { text.to_owned() };
    let (message, hint) = (visible(message), hint.map(visible));
    eprintln!("{} {}", look::painted("error:", Meaning::Bad, is_terminal), fitted(&message));
    if let Some(hint) = hint {
        eprintln!("\n  {} {}", look::painted("hint:", Meaning::Way, is_terminal), fitted(&hint));
    }
}
