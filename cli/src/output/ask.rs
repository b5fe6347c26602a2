//! Questions to whoever sits at the terminal.
#![allow(clippy::print_stderr)]

use std::io::IsTerminal as _;

use crate::failure::Failure;

/// Asks yes or no, no by default; none: nobody is there to be asked.
pub(crate) fn ask(question: &str) -> Result<Option<bool>, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    eprint!("{question}? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(Failure::ours)?;
    Ok(Some(["y", "yes"].contains(&answer.trim().to_lowercase().as_str())))
}
