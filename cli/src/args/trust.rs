//! Trust in settings. The settings file in the current folder says where data, tokens and traces go, and a folder may
//! come from somebody else. So the user has to say once that its present content is trusted.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::failure::Failure;

/// Options that only say how much is shown, and of what. They send no token, data or answer elsewhere, and write
/// nothing.
const SHOWING: [&str; 22] = [
    "all",
    "awaits",
    "class",
    "columns",
    "csv",
    "data",
    "days",
    "donor",
    "group",
    "json",
    "limit",
    "quiet",
    "requester",
    "rank",
    "sort",
    "state",
    "step",
    "supplier",
    "timeline",
    "utc",
    "verbose",
    "waiting-on",
];

/// The list of trusted settings files, in the user's own configuration folder.
fn list() -> Result<PathBuf, Failure> {
    let own = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let own = own.filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let found = own.or_else(home).map(|config| config.join("waybill").join("trusted"));
    found.ok_or_else(|| {
        Failure::caller(
            "the folder for your configuration is unknown",
            "set HOME or XDG_CONFIG_HOME",
        )
    })
}

/// The list's entry for `file` with this text. Once the text changes, the file is not trusted any more.
fn entry(file: &Path, text: &str) -> Result<String, Failure> {
    let path = file.canonicalize().map_err(Failure::ours)?;
    let digest = hex::encode(Sha256::digest(text));
    Ok(format!("{digest} {}", path.display()))
}

fn entries(list: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(list).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Refuses settings that can send data elsewhere, unless they are trusted.
pub(crate) fn check(file: &Path, text: &str, settings: &toml::Table) -> Result<(), Failure> {
    let Some(key) = settings.keys().find(|key| !SHOWING.contains(&key.as_str())) else {
        return Ok(());
    };
    if list().is_ok_and(|list| entry(file, text).is_ok_and(|entry| entries(&list).contains(&entry)))
    {
        return Ok(());
    }
    let message = format!(
        "{} in this folder sets `{key}`, but you have not trusted the file in its present form",
        file.display()
    );
    Err(Failure::caller(
        message,
        "read the file, then run `waybill trust` here; or work from another folder",
    ))
}

/// Records that `file` is trusted with its present content.
pub(crate) fn trust(file: &Path) -> Result<(), Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        Failure::caller(format!("{}: {error}", path.display()), "")
    };
    let text = fs::read_to_string(file).map_err(|error| failed(file, error))?;
    let list = list()?;
    let mut all = entries(&list);
    all.insert(entry(file, &text)?);
    if let Some(folder) = list.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    }
    let lines: String = all.iter().map(|entry| format!("{entry}\n")).collect();
    let new = list.with_extension("new");
    fs::write(&new, lines).map_err(|error| failed(&new, error))?;
    fs::rename(&new, &list).map_err(|error| failed(&list, error))
}
