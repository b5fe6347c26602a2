//! Queries: they read the store and build views. They know nothing about callers or HTTP.
//!
//! The files directly in this folder are used by all of its subfolders and depend on none of them.

pub(crate) mod cursor;
pub(crate) mod doctor;
pub(crate) mod effects;
pub(crate) mod error;
pub(crate) mod few;
pub(crate) mod log;
pub(crate) mod lots;
pub(crate) mod money;
pub(crate) mod near;
pub(crate) mod orders;
pub(crate) mod past;
pub(crate) mod reports;
pub(crate) mod service;
pub(crate) mod show;
pub(crate) mod todo;

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn queries_know_no_http() {
        let words = [["crate::", "http"].concat(), ["ax", "um"].concat()];
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/queries");
        let mut files = Vec::new();
        sources(&folder, &mut files);
        assert!(files.len() > 30, "{files:?}");
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a source");
            for (number, line) in text.lines().enumerate() {
                let found = words.iter().find(|word| line.contains(*word));
                assert!(found.is_none(), "{}:{}: {line}", file.display(), number + 1);
            }
        }
    }
}
