//! Fuzz tests of the readers of what others send: files, documents, commands, cursors, amounts. No
//! reader may panic, take long or use much memory. What a reader accepts must stay the same when it
//! is written and read again, and the same bytes must get the same answer.

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

/// A reader and the inputs that it starts from.
pub struct Target {
    pub name: &'static str,
    /// Its share of all inputs, relative to the shares of the other readers.
    pub share: u64,
    /// The inputs that are mutated.
    corpus: Vec<Vec<u8>>,
    /// Words of its format that chance would not find.
    words: &'static [&'static str],
    /// Reads an input; the path is a folder in which it may write. Returns whether the input was
    /// accepted, or what is wrong with how it was read.
    read: fn(&Path, &[u8]) -> Result<bool, String>,
}

/// All readers.
///
/// # Errors
/// If the examples cannot be read.
pub fn targets() -> anyhow::Result<Vec<Target>> {
    let mut all = files::targets()?;
    all.extend(texts::targets()?);
    Ok(all)
}

/// Calls `read` twice. Both answers must be the same.
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

/// Checks that `value` is the same after it is written as JSON and read again.
fn kept<T: PartialEq + serde::Serialize + serde::de::DeserializeOwned>(
    value: &T,
) -> Result<(), String> {
    let json = serde_json::to_string(value).map_err(|error| format!("not written: {error}"))?;
    let again: T =
        serde_json::from_str(&json).map_err(|error| format!("not read again: {error}: {json}"))?;
    if again == *value { Ok(()) } else { Err(format!("read again as something else: {json}")) }
}
