//! `waybill match`: runs only the matcher, on a problem in a file.

use std::io::Read;
use std::path::Path;

use waybill_shared::matching::Instance;

use crate::args;
use crate::failure::Failure;
use crate::output;

/// Solves the problem.
pub(crate) async fn run(arguments: args::Match) -> Result<(), Failure> {
    let (name, text) = read(&arguments.instance)?;
    let wrong = |why: String| {
        let hint = "the fields are in docs/reference/matcher.md";
        Failure::caller(format!("{name}: {why}"), hint)
    };
    let instance: Instance =
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let solved = tokio::task::spawn_blocking(move || instance.solve()).await;
    let matched = solved.map_err(Failure::ours)?;
    output::json(&matched.map_err(|error| wrong(error.to_string()))?)
}

/// Reads a file, and returns its name and text. `-` means standard input.
fn read(path: &Path) -> Result<(String, String), Failure> {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| Failure::caller(format!("{name}: {error}"), "");
    if path != Path::new("-") {
        let text = std::fs::read_to_string(path).map_err(failed)?;
        return Ok((name, text));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(failed)?;
    Ok(("standard input".to_owned(), text))
}
