//! The files of the examples, cut into pieces so short that every change to one has an effect.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The path of a folder or file of the examples.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

pub(crate) fn file(name: &str) -> Result<String> {
    let path = example(name);
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// The first `rows` rows of an example's file, including the header.
pub(crate) fn head(name: &str, rows: usize) -> Result<String> {
    Ok(file(name)?.lines().take(rows).map(|line| format!("{line}\n")).collect())
}
