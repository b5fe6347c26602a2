//! What the examples hand in, in pieces short enough that each change of one counts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder of an example.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

/// A file of an example.
pub(crate) fn file(name: &str) -> Result<String> {
    let path = example(name);
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// The first `rows` rows of a file of an example, the header included.
pub(crate) fn head(name: &str, rows: usize) -> Result<String> {
    Ok(file(name)?.lines().take(rows).map(|line| format!("{line}\n")).collect())
}
