//! What is in the files of `waybill archive`.

use std::io::BufRead as _;
use std::path::Path;

use waybill_shared::audit::{AuditError, Entry, Exported, Verifier};

use crate::exported::open;
use crate::failure::Failure;

/// The bodies in an archive with their positions. The archive must prove that they are the original ones.
pub(crate) fn bodies(path: &Path) -> Result<Vec<(i64, String)>, Failure> {
    let (mut bodies, mut verifier) = (Vec::new(), Verifier::default());
    let changed = |error: AuditError| {
        let message = format!("{}: {error}: the file was changed or is incomplete", path.display());
        Failure::caller(message, "take another copy of the archive")
    };
    each(path, |line| {
        verifier.take(&line).map_err(changed)?;
        if let Exported::Event(Entry { position, body: Some(body), .. }) = line {
            bodies.push((position, body));
        }
        Ok(())
    })?;
    verifier.verified().map_err(changed)?;
    Ok(bodies)
}

/// Calls `take` with each line of an archive.
pub(crate) fn each(
    path: &Path,
    mut take: impl FnMut(Exported) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let name = path.display();
    let hint = "name a file that `waybill archive` wrote";
    let file = open(path).map_err(|error| Failure::caller(format!("{name}: {error}"), hint))?;
    for (number, line) in file.lines().enumerate() {
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::caller(format!("{name}, line {}: {error}", number + 1), hint)
        };
        let line = line.map_err(|error| wrong(&error))?;
        take(serde_json::from_str(&line).map_err(|error| wrong(&error))?)?;
    }
    Ok(())
}
