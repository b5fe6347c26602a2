//! What routes work on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use waybill_shared::engine::Engine;
use waybill_workers::connectors::{self, Connector};

use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::queries::log::lead_times::LeadTimes;

/// What routes work on. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// Store, clock and pipelines.
    pub engine: Engine,
    /// The folder through which the outside is reached.
    pub(crate) folder: PathBuf,
    /// How the outside is asked what follows from a document; opened when it is first needed.
    connector: Arc<OnceLock<Arc<dyn Connector>>>,
    /// What the log said of lead times, as far as it was read.
    pub(crate) lead_times: Arc<tokio::sync::Mutex<LeadTimes>>,
}

impl Api {
    /// Routes on `engine`; the outside is reached through `folder`.
    #[must_use]
    pub fn new(engine: Engine, folder: &Path) -> Self {
        Self {
            engine,
            folder: folder.to_owned(),
            connector: Arc::default(),
            lead_times: Arc::default(),
        }
    }

    /// The way to the outside.
    pub(crate) fn connector(&self) -> Result<Arc<dyn Connector>, Problem> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector.clone());
        }
        let opened = connectors::open(self.engine.pipeline(), &self.folder).map_err(|error| {
            tracing::error!(%error, "the way to the outside could not be opened");
            Problem::new(
                ProblemKind::Unavailable,
                "the way to the outside could not be opened",
                "try again",
            )
        })?;
        Ok(self.connector.get_or_init(|| opened).clone())
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("engine", &self.engine).finish_non_exhaustive()
    }
}
