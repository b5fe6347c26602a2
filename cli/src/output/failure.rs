//! How a command fails: whose mistake it was, what happened, and how to fix it.

use std::process::ExitCode;

use waybill_api::DISK_FULL;

use crate::output;

/// The hint if a database that cannot be opened does not say why.
const ELSE: &str = "ask its operator; `waybill doctor` shows more once it can be reached";

#[derive(Debug)]
pub(crate) struct Failure {
    /// 1: the caller's mistake; 2: another failure.
    code: u8,
    message: String,
    hint: Option<String>,
    is_not_found: bool,
    /// Why the database cannot be used, if that will pass by itself.
    passes: Option<&'static str>,
}

impl Failure {
    /// A mistake of the caller, and how to fix it. An empty hint counts as none.
    pub(crate) fn caller(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        Self { code: 1, message: message.into(), hint, is_not_found: false, passes: None }
    }

    /// A failure that is not the caller's mistake.
    pub(crate) fn ours(error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        Self {
            code: 2,
            message: format!("{error:#}"),
            hint: None,
            is_not_found: false,
            passes: None,
        }
    }

    /// Does the same for a problem that the API reports.
    pub(crate) fn of_problem(problem: &waybill_api::Problem) -> Self {
        let passes = problem.retry_after.map(|_| "the database cannot be used");
        Self { passes, ..Self::ours(anyhow::anyhow!(problem.detail.clone())) }
    }

    /// A check found something. Everything was printed already, so this only sets the exit code 2.
    pub(crate) fn found() -> Self {
        Self { code: 2, message: String::new(), hint: None, is_not_found: false, passes: None }
    }

    /// Marks the failure as "no such thing".
    pub(crate) fn not_found(self) -> Self {
        Self { is_not_found: true, ..self }
    }

    /// Why the database cannot be used, if that will pass by itself: it is away, starting, or has no free connection.
    pub(crate) fn passes(&self) -> Option<&'static str> {
        self.passes
    }

    /// Whether the requested thing does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.is_not_found
    }

    /// Replaces the hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names `option` in the hint instead of a route's `parameter`.
    pub(crate) fn hint_by(self, parameter: &str, option: &str) -> Self {
        Self { hint: self.hint.map(|hint| hint.replace(parameter, option)), ..self }
    }

    /// The message and the hint.
    pub(crate) fn told(&self) -> (&str, Option<&str>) {
        (&self.message, self.hint.as_deref())
    }

    /// Prints the failure and returns the exit code.
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
        // The text of an import error contains its hint.
        Self::caller(error.to_string(), "")
    }
}

impl From<waybill_shared::store::StoreError> for Failure {
    fn from(error: waybill_shared::store::StoreError) -> Self {
        // A wrong user or password at the start does not pass by itself.
        let is_passing = error.is_passing() && !error.is_refused();
        let what = error.cause().map_or("the database cannot be used", |cause| cause.what);
        Self { passes: is_passing.then_some(what), ..Self::of_store(error) }
    }
}

impl Failure {
    fn of_store(error: waybill_shared::store::StoreError) -> Self {
        use waybill_shared::sealing::SealError;
        use waybill_shared::store::StoreError;
        match &error {
            StoreError::Newer { .. } => Self::caller(error.to_string(), ""),
            StoreError::Older { .. } => {
                Self::caller(error.to_string(), "apply them with `waybill migrate`")
            }
            StoreError::HalfMade { .. } => {
                Self::caller(error.to_string(), "`waybill restore` the backup from before it")
            }
            StoreError::MadeOtherwise { .. } => Self::caller(
                error.to_string(),
                "use the version of Waybill that made it, or `waybill restore` a backup of this one's",
            ),
            StoreError::Pooled { .. } => Self::caller(
                error.to_string(),
                "in --store, give the address of Postgres itself, or of a pooler in session mode: see \"Connections and poolers\" in docs/runbook.md",
            ),
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
                let hint = error.cause().map_or(ELSE, |cause| cause.mend);
                Self::ours(anyhow::anyhow!("{error}: {source}")).hint(hint)
            }
            StoreError::Open { source, .. } => {
                let why = source
                    .as_database_error()
                    .map_or_else(|| source.to_string(), |reported| reported.message().to_owned());
                Self::caller(format!("{error}: {why}"), "name another folder with --data")
            }
            StoreError::Moved { .. } => Self::ours(error).hint(
                "nothing has been written since: put the file back, or `waybill restore` a \
                 backup, then start again",
            ),
            StoreError::Clock(doubt) => {
                let mend = doubt.mend();
                Self::ours(error).hint(mend)
            }
            StoreError::Seal(SealError::Lacking { .. }) => {
                Self::caller(error.to_string(), waybill_api::LACKING)
            }
            StoreError::Archived { .. } => {
                Self::caller(error.to_string(), "name its file: --with-archive FILE")
            }
            StoreError::Database { .. }
            | StoreError::Corrupt { .. }
            | StoreError::UnknownVersion(_)
            | StoreError::Seal(_)
            | StoreError::Closed => Self::ours(error),
        }
    }
}

impl From<waybill_shared::job::JobError> for Failure {
    fn from(error: waybill_shared::job::JobError) -> Self {
        use waybill_shared::job::JobError;
        match error {
            JobError::Invalid(text) => Self::caller(text, ""),
            JobError::Store(error) => error.into(),
            error @ JobError::Outside { .. } => Self::ours(error),
        }
    }
}
