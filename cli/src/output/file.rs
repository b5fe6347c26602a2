//! Writes files that a command was asked for.

use std::path::Path;

use crate::failure::Failure;

/// The format of a file by its extension, which must be one of `endings`.
pub(crate) fn ending(path: &Path, endings: &[&'static str]) -> Result<&'static str, Failure> {
    let ending = path.extension().and_then(|extension| extension.to_str());
    let known = endings.iter().find(|known| ending == Some(**known));
    known.copied().ok_or_else(|| {
        let named: Vec<String> = endings.iter().map(|ending| format!(".{ending}")).collect();
        let (last, first) = named.split_last().map_or(("", &[][..]), |(l, f)| (l.as_str(), f));
        let message = format!("{} is neither {} nor {last}", path.display(), first.join(", "));
        Failure::caller(message, "use the ending for the format you want")
    })
}

/// Writes a file, and reports it.
pub(crate) fn file(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        Failure::caller(format!("{}: {error}", path.display()), "name a file that can be written")
    })?;
    super::talk(&format!("written to {}", path.display()));
    Ok(())
}
