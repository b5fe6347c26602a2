//! Questions to whoever sits at the terminal.

use std::io::IsTerminal as _;

use crate::failure::Failure;

/// Asks yes or no, no by default; none: nobody is there to be asked.
pub(crate) fn ask(question: &str) -> Result<Option<bool>, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    let confirm = dialoguer::Confirm::new().with_prompt(question).default(false);
    confirm.interact().map(Some).map_err(|error| {
        Failure::caller(format!("no answer could be read: {error}"), "answer yes or no")
    })
}
