//! `waybill note` and `attach`.

use waybill_shared::domain::command::Command;

use super::{Picked, Verb, act};
use crate::args;
use crate::failure::Failure;

pub(crate) async fn note(note: args::Note) -> Result<(), Failure> {
    if note.how.reason.trim().is_empty() {
        return Err(Failure::caller("the note has no text", "give its text with --reason TEXT"));
    }
    let verb = Verb::new("note", "noted", "subject");
    let command = Command::Note { follow_up: note.follow_up };
    act(verb, command, Picked::Ids(&note.ids), &note.how).await
}

pub(crate) async fn attach(attach: args::Attach) -> Result<(), Failure> {
    let path = &attach.file;
    let failed = |error: std::io::Error| {
        Failure::caller(format!("{}: {error}", path.display()), "name a file that can be read")
    };
    let content = std::fs::read(path).map_err(failed)?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let verb = Verb::new("attach to", "given the file", "subject");
    let ids = [attach.id];
    act(verb, Command::Attach { name, content }, Picked::Ids(&ids), &attach.how).await
}
