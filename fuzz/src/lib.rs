//! Readers of what others send, given anything: files, documents, commands, cursors, amounts. None panics, takes long or
//! takes much memory; what is taken says the same when it is written and read again; the same bytes get the same answer.

mod corpus;
mod files;
mod mutate;
mod run;
mod texts;

use std::path::Path;

use peak_alloc::PeakAlloc;

pub use run::{Fault, Report, run};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A reader, and what it is given to begin with.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// How many of a hundred inputs are for it, about.
    pub share: u64,
    /// What is changed into inputs.
    corpus: Vec<Vec<u8>>,
    /// What may stand in it that chance does not find.
    words: &'static [&'static str],
    /// Reads an input, with a folder for it to stand in: whether it was taken, or what is wrong with how it was read.
    read: fn(&Path, &[u8]) -> Result<bool, String>,
}

/// All readers.
///
/// # Errors
/// The examples cannot be read.
pub fn targets() -> anyhow::Result<Vec<Target>> {
    let mut all = files::targets()?;
    all.extend(texts::targets()?);
    Ok(all)
}

/// The answer of `read`, which must be the same again.
fn twice<T: PartialEq, E: std::fmt::Display>(
    read: impl Fn() -> Result<T, E>,
) -> Result<Option<T>, String> {
    match (read(), read()) {
        (Ok(one), Ok(other)) if one == other => Ok(Some(one)),
        (Err(one), Err(other)) if one.to_string() == other.to_string() => Ok(None),
        (Ok(_), Ok(_)) => Err("the same bytes were read as something else".to_owned()),
        (Err(one), Err(other)) => Err(format!("the same bytes: {one}, and {other}")),
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => {
            Err(format!("the same bytes were taken and refused: {error}"))
        }
    }
}

/// What was read, written as JSON and read again, must be the same.
fn kept<T: PartialEq + serde::Serialize + serde::de::DeserializeOwned>(
    value: &T,
) -> Result<(), String> {
    let json = serde_json::to_string(value).map_err(|error| format!("not written: {error}"))?;
    let again: T =
        serde_json::from_str(&json).map_err(|error| format!("not read again: {error}: {json}"))?;
    if again == *value { Ok(()) } else { Err(format!("read again as something else: {json}")) }
}
