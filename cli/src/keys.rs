//! Finds the keys of this process.

use std::path::Path;

use waybill_shared::sealing::Keys;

use crate::failure::Failure;
use crate::private;

/// The environment variable with keys, if there is no file.
const KEY: &str = "WAYBILL_KEY";

/// The environment variable with the path of a file of keys.
const KEY_FILE: &str = "WAYBILL_KEY_FILE";

/// Reads the keys from the file that the environment names, or from the environment itself.
pub(crate) fn of_environment() -> Result<Keys, Failure> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(path) = set(KEY_FILE) {
        return of_file(Path::new(&path));
    }
    match set(KEY) {
        Some(keys) => parse(&keys.to_string_lossy(), KEY),
        None => Ok(Keys::default()),
    }
}

pub(crate) fn of_file(path: &Path) -> Result<Keys, Failure> {
    parse(&private::read(path)?, &path.display().to_string())
}

fn parse(text: &str, place: &str) -> Result<Keys, Failure> {
    Keys::read(text).map_err(|fault| {
        let hint = "a key is a line written by `waybill key new FILE`";
        Failure::caller(format!("{place}: {fault}"), hint)
    })
}
