//! Reads files with secrets.

use std::path::Path;

use crate::failure::Failure;

/// Reads a file. It fails if others than the owner may read it.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::caller(format!("{}: {error}", path.display()), "name a file that can be read")
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let message = format!("{} can be read by other users (mode {mode:o})", path.display());
            let hint = format!("restrict it first: chmod 600 {}", path.display());
            return Err(Failure::caller(message, hint));
        }
    }
    std::fs::read_to_string(path).map_err(failed)
}
