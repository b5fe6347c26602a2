//! How a command fails: whose mistake it was, what happened, and the way out.

use std::process::ExitCode;

use waybill_api::DISK_FULL;

use crate::output;

/// A command that did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    /// 1: the caller's mistake; 2: ours.
    code: u8,
    message: String,
    hint: Option<String>,
    is_not_found: bool,
    /// The database is away, and will be back.
    is_passing: bool,
}

impl Failure {
    /// The caller's mistake, with the way out; an empty hint is none.
    pub(crate) fn caller(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        Self { code: 1, message: message.into(), hint, is_not_found: false, is_passing: false }
    }

    /// Ours.
    pub(crate) fn ours(error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        Self {
            code: 2,
            message: format!("{error:#}"),
            hint: None,
            is_not_found: false,
            is_passing: false,
        }
    }

    /// Exits with 2 although everything was printed already: the check found something.
    pub(crate) fn found() -> Self {
        Self { code: 2, message: String::new(), hint: None, is_not_found: false, is_passing: false }
    }

    /// The same: there is no such thing.
    pub(crate) fn not_found(self) -> Self {
        Self { is_not_found: true, ..self }
    }

    /// Whether the database was away, starting or full of others: it passes by itself.
    pub(crate) fn is_passing(&self) -> bool {
        self.is_passing
    }

    /// Whether what was asked for is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        self.is_not_found
    }

    /// The same with another hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with `option` in the hint, where it names a route's `parameter`.
    pub(crate) fn hint_by(self, parameter: &str, option: &str) -> Self {
        Self { hint: self.hint.map(|hint| hint.replace(parameter, option)), ..self }
    }

    /// What happened, and the way out.
    pub(crate) fn told(&self) -> (&str, Option<&str>) {
        (&self.message, self.hint.as_deref())
    }

    /// Prints it, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            output::error(&self.message, self.hint.as_deref());
        }
        ExitCode::from(self.code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<waybill_shared::import::ImportError> for Failure {
    fn from(error: waybill_shared::import::ImportError) -> Self {
        // Import errors bring their hints with them.
        Self::caller(error.to_string(), "")
    }
}

impl From<waybill_shared::store::StoreError> for Failure {
    fn from(error: waybill_shared::store::StoreError) -> Self {
        let is_passing = error.is_passing();
        Self { is_passing, ..Self::of_store(error) }
    }
}

impl Failure {
    fn of_store(error: waybill_shared::store::StoreError) -> Self {
        use waybill_shared::store::StoreError;
        match &error {
            StoreError::Newer { .. } => Self::caller(error.to_string(), ""),
            StoreError::Older { .. } => {
                Self::caller(error.to_string(), "make them with `waybill migrate`")
            }
            StoreError::Busy { .. } => {
                Self::caller(error.to_string(), "stop `serve` and every scheduler first")
            }
            StoreError::Gone { .. } => Self::caller(
                error.to_string(),
                "bring it back: `waybill restore` from a backup, or rename what is left of it; or name a new folder \
                 with --data",
            ),
            StoreError::Database { .. } | StoreError::Open { .. } if error.is_disk_full() => {
                Self::ours(error).hint(DISK_FULL)
            }
            StoreError::Open { path, source } if path.starts_with("postgres") => {
                Self::ours(anyhow::anyhow!("{error}: {source}")).hint(postgres_hint(
                    &source.as_database_error().and_then(|e| e.code()).unwrap_or_default(),
                ))
            }
            StoreError::Open { source, .. } => {
                let why = source
                    .as_database_error()
                    .map_or_else(|| source.to_string(), |reported| reported.message().to_owned());
                Self::caller(format!("{error}: {why}"), "name another folder with --data")
            }
            StoreError::Moved { .. } => Self::ours(error).hint(
                "nothing was written since: put the file back, or `waybill restore` a backup, then start again",
            ),
            StoreError::Clock(doubt) => {
                let mend = doubt.mend();
                Self::ours(error).hint(mend)
            }
            StoreError::Archived { .. } => Self::caller(error.to_string(), "name its file: --with-archive FILE"),
            StoreError::Database { .. }
            | StoreError::Corrupt { .. }
            | StoreError::UnknownVersion(_)
            | StoreError::Closed => Self::ours(error),
        }
    }
}

impl From<waybill_shared::act::ActError> for Failure {
    fn from(error: waybill_shared::act::ActError) -> Self {
        use waybill_shared::act::ActError;
        match &error {
            ActError::Invalid(text) => Self::caller(text.clone(), ""),
            ActError::Store(_) | ActError::Outside { .. } => Self::ours(error),
        }
    }
}

/// The way out where Postgres cannot be reached or does not let in, by its SQLSTATE.
fn postgres_hint(code: &str) -> &'static str {
    match code {
        "28P01" | "28000" => {
            "its user or password is wrong: see --store, WAYBILL_STORE or the file that holds it"
        }
        "3D000" => "make that database first, or name another one in --store",
        "42501" => "give that user the rights to the database and its schema",
        "53300" => "it has no connection left: end some, or raise its `max_connections`",
        "57P03" => "it is starting or shutting down: try again in a moment",
        "25006" => {
            "it is read-only: a standby, or one that failed over; name the one that takes writes"
        }
        "08P01" | "42P05" | "26000" => {
            "a pooler stands before it: name Postgres itself, or a pool in session mode that lets through \
             `extra_float_digits` and `options`"
        }
        "" => "is it running, and is its address right? see --store or WAYBILL_STORE",
        _ => "ask who runs it; `waybill doctor` tells more once it can be reached",
    }
}
