//! Asks the person at the terminal.

use std::io::IsTerminal as _;

use dialoguer::{Confirm, Input};

use super::stop::{Doing, Held};
use crate::failure::Failure;

/// Whether somebody is present to answer.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Returns the answer. Ctrl-C ends the question and changes nothing.
fn answered<T>(question: impl FnOnce() -> dialoguer::Result<T>) -> Result<T, Failure> {
    let asking = Held::on(Doing::Asks);
    question().inspect(|_| asking.ends()).map_err(|_| {
        // Ctrl-C may leave the cursor hidden, so show it again.
        eprint!("\r\n\x1b[?25h");
        Failure::caller("stopped: nothing was changed", "")
    })
}

/// Asks a question with yes or no; no is the default, which changes nothing.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    answered(|| Confirm::new().with_prompt(question).default(false).interact())
}

/// Asks for a text that `check` accepts. `usual` is the default.
pub(crate) fn ask(
    question: &str,
    usual: Option<&str>,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<String, Failure> {
    // An empty answer is allowed here, but `check` may refuse it.
    let mut input = Input::<String>::new().with_prompt(question).allow_empty(true);
    if let Some(usual) = usual {
        input = input.default(usual.to_owned());
    }
    answered(|| input.validate_with(|text: &String| check(text)).interact_text())
}
