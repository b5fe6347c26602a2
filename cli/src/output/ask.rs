//! Questions to whoever sits at the terminal.

use std::io::IsTerminal as _;

use dialoguer::{Confirm, Input};

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
