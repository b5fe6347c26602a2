//! Questions to whoever sits at the terminal, and how far long work has come.

use std::io::IsTerminal as _;
use std::time::Duration;

use dialoguer::{Confirm, Input};
use indicatif::{ProgressBar, ProgressStyle};

use super::stop::{Doing, Held};
use crate::failure::Failure;

/// Whether somebody is there to be asked.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// What `question` is answered with; Ctrl-C ends it and changes nothing.
fn answered<T>(question: impl FnOnce() -> dialoguer::Result<T>) -> Result<T, Failure> {
    let asking = Held::on(Doing::Asks);
    question().inspect(|_| asking.ends()).map_err(|_| {
        // The cursor may be left hidden where a question ends by Ctrl-C.
        eprint!("\r\n\x1b[?25h");
        Failure::caller("stopped: nothing was changed", "")
    })
}

/// Asks a question that is answered with yes or no; no is the answer that changes nothing.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    answered(|| Confirm::new().with_prompt(question).default(false).interact())
}

/// Asks for a text that `check` takes; `usual` is what is there to be taken.
pub(crate) fn ask(
    question: &str,
    usual: Option<&str>,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<String, Failure> {
    // Nothing is an answer, too, which `check` may not take.
    let mut input = Input::<String>::new().with_prompt(question).allow_empty(true);
    if let Some(usual) = usual {
        input = input.default(usual.to_owned());
    }
    answered(|| input.validate_with(|text: &String| check(text)).interact_text())
}

/// How far work of `length` parts has come: on a terminal, and only where it takes a moment.
pub(crate) fn progress(length: u64) -> ProgressBar {
    if super::look::get().is_quiet || length < 1000 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len}, {eta} left");
    let bar = ProgressBar::new(length);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
