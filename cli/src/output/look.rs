//! How output looks: times, colours, the terminal's width.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Local, NaiveDate, TimeDelta, Utc};

/// Settings for everything that a command prints.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    /// Print times in UTC instead of this machine's time zone.
    pub(crate) is_utc: bool,
    /// Print only data and errors.
    pub(crate) is_quiet: bool,
}

static LOOK: OnceLock<Look> = OnceLock::new();

/// Stores the settings. Must be called once, before anything is printed.
pub(crate) fn set(look: Look) {
    LOOK.set(look).ok();
}

pub(super) fn get() -> Look {
    LOOK.get().copied().unwrap_or_default()
}

/// The meaning of a colour. Words always say the same, so that nobody depends on the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Meaning {
    #[default]
    Plain,
    Good,
    /// Somebody should take a look.
    Warn,
    Bad,
    /// How to fix something, such as a command to type.
    Way,
    /// Less important.
    Faint,
    Head,
}

impl Meaning {
    fn style(self) -> Style {
        let of = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Good => of(AnsiColor::Green),
            Self::Warn => of(AnsiColor::Yellow),
            Self::Bad => of(AnsiColor::Red).bold(),
            Self::Way => of(AnsiColor::Cyan),
            Self::Faint => Style::new().dimmed(),
            Self::Head => Style::new().bold(),
        }
    }
}

/// Colours `text` if stdout is a terminal that wants colours.
pub(crate) fn paint(text: &str, meaning: Meaning) -> String {
    painted(text, meaning, std::io::stdout().is_terminal())
}

/// Does the same for any output.
pub(super) fn painted(text: &str, meaning: Meaning, is_terminal: bool) -> String {
    let style = meaning.style();
    if style.is_plain() || text.is_empty() || !wants_colours(is_terminal) {
        return text.to_owned();
    }
    format!("{style}{text}{style:#}")
}

/// Whether the output wants colours. `NO_COLOR` (no-color.org) and `TERM=dumb` are respected.
pub(super) fn wants_colours(is_terminal: bool) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    is_terminal && !is_set("NO_COLOR") && !is_dumb
}

/// The width from `COLUMNS`, or else of the terminal; 80 if there is none.
pub(crate) fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let there = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    said.or_else(there).filter(|columns| *columns >= 40).unwrap_or(80)
}

/// A time to the minute, in this machine's time zone or in UTC.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    formatted(at, "%Y-%m-%d %H:%M")
}

/// A time to the second, in this machine's time zone or in UTC.
pub(crate) fn second(at: DateTime<Utc>) -> String {
    formatted(at, "%Y-%m-%d %H:%M:%S")
}

fn formatted(at: DateTime<Utc>, format: &str) -> String {
    if get().is_utc {
        at.format(format).to_string()
    } else {
        at.with_timezone(&Local).format(format).to_string()
    }
}

/// The day of a time, in this machine's time zone or in UTC.
pub(crate) fn day(at: DateTime<Utc>) -> NaiveDate {
    if get().is_utc { at.date_naive() } else { at.with_timezone(&Local).date_naive() }
}

/// Groups digits in threes.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A file's size, such as `512 bytes` or `1.2 MB`.
pub(crate) fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        ..1_000 => return format!("{bytes} bytes"),
        1_000..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        1_000_000_000.. => (1_000_000_000, "GB"),
    };
    format!("{}.{} {name}", grouped(bytes / unit), bytes % unit * 10 / unit)
}

/// The distance of `at` from now in one unit: `now`, `12 min`, `3 h`, `6 d`; in the future,
/// `in 6 d`.
pub(crate) fn ago(at: DateTime<Utc>) -> String {
    apart(at, Utc::now())
}

/// Does the same from another time than now.
pub(crate) fn apart(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let apart = now - at;
    let long = long(apart.abs());
    if long == "now" || apart >= TimeDelta::zero() { long } else { format!("in {long}") }
}

fn long(time: TimeDelta) -> String {
    match (time.num_seconds(), time.num_minutes(), time.num_hours(), time.num_days()) {
        (..5, ..) => "now".to_owned(),
        (seconds, ..1, ..) => format!("{seconds} s"),
        (_, minutes, ..1, _) => format!("{minutes} min"),
        (_, _, hours, ..2) => format!("{hours} h"),
        (.., days @ ..730) => format!("{days} d"),
        (.., days) => format!("{} y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_one_unit() {
        let lengths = [0, 59, 60, 3_599, 3_600, 172_799, 172_800, 63_072_000];
        let said: Vec<String> = lengths.map(|s| long(TimeDelta::seconds(s))).into();
        assert_eq!(said, ["now", "59 s", "1 min", "59 min", "1 h", "47 h", "2 d", "2 y"]);
    }
}
