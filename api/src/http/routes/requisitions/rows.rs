//! Reads the rows of a body while it arrives.

use std::io::Write as _;

use axum::body::Body;
use http_body_util::BodyExt as _;
use waybill_shared::import::{ImportError, Lines, ReadLimits, ReadOptions, read_lines};

use crate::http::problem::{Problem, Wrong};
use crate::http::problem_kind::ProblemKind;
use crate::http::request::too_large;

/// How many times its size a text file may take in memory. Empty cells take more than the comma before them.
const TIMES: usize = 32;

/// Reads the body by way of a temporary file, so that a large one is never in memory as a whole.
pub(crate) async fn read(mut body: Body, ending: &str) -> Result<Lines, Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(
            ProblemKind::Unavailable,
            format!("the body of the request could not be stored: {error}"),
            "try again",
        )
    };
    let named = tempfile::Builder::new().prefix("body").suffix(&format!(".{ending}")).tempfile();
    let mut file = named.map_err(failed)?;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let mut source = std::error::Error::source(&error);
            while let Some(inner) = source {
                if inner.is::<http_body_util::LengthLimitError>() {
                    return too_large();
                }
                source = inner.source();
            }
            Problem::new(
                ProblemKind::Malformed,
                format!("the body of the request ended early: {error}"),
                "send it again",
            )
        })?;
        if let Some(data) = frame.data_ref() {
            file.write_all(data).map_err(failed)?;
        }
    }
    file.flush().map_err(failed)?;
    // Text grows by a factor when it becomes a table. The limit depends on the size, so a small file cannot take what a
    // large one may.
    let size = file.as_file().metadata().map_err(failed)?.len();
    let mut limits = ReadLimits::SENT;
    if ending != "xlsx" {
        let most = usize::try_from(size).unwrap_or(usize::MAX).saturating_mul(TIMES);
        limits.memory = limits.memory.min(most.saturating_add(64 * 1024));
    }
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let read = tokio::task::spawn_blocking(move || read_lines(file.path(), &options));
    let read =
        read.await.map_err(|error| Problem::new(ProblemKind::Internal, error.to_string(), ""))?;
    read.map_err(wrong)
}

/// The problem for an import error, without the name of the temporary file.
fn wrong(error: ImportError) -> Problem {
    if let ImportError::Rows(errors) = error {
        let first = errors.first().map(|error| match &error.field {
            Some(field) => format!("`{field}`: {}", error.what),
            None => error.what.clone(),
        });
        let detail = format!("the body: {}", first.unwrap_or_default());
        let hint = "see `waybill submit --help` or /docs for the fields";
        return Problem::new(ProblemKind::Invalid, detail, hint)
            .with(errors.iter().map(Wrong::from).collect());
    }
    let kind = match &error {
        ImportError::TooMuch { .. } | ImportError::TooManyColumns { .. } => ProblemKind::TooLarge,
        _ => ProblemKind::Refused,
    };
    let text = error.to_string();
    let (what, hint) = text.split_once("\n  hint: ").unwrap_or((&text, ""));
    let what = what.split_once(": ").filter(|(file, _)| file.starts_with("body"));
    let what = what.map_or_else(|| text.clone(), |(_, what)| what.to_owned());
    Problem::new(kind, format!("the body: {what}"), hint)
}
