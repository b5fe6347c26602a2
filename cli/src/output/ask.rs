//! Questions to whoever sits at the terminal.

use std::io::IsTerminal as _;

use dialoguer::{Confirm, Input};

use crate::failure::Failure;

/// Whether somebody is there to be asked.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn stopped(_: dialoguer::Error) -> Failure {
    // The cursor may be left hidden where a question ends by Ctrl-C.
    eprint!("\x1b[?25h");
    Failure::caller("stopped: nothing was changed", "")
}

/// Asks a question that is answered with yes or no; no is the answer that changes nothing.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    Confirm::new().with_prompt(question).default(false).interact().map_err(stopped)
}

/// Asks for a text that `check` takes; `usual` is what is there to be taken.
pub(crate) fn ask(
    question: &str,
    usual: Option<&str>,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<String, Failure> {
    let mut input = Input::<String>::new().with_prompt(question);
    if let Some(usual) = usual {
        input = input.default(usual.to_owned());
    }
    input.validate_with(|text: &String| check(text)).interact_text().map_err(stopped)
}
