//! The state that routes share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use waybill_shared::engine::Engine;
use waybill_workers::connectors::{self, Connector};

use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::queries::log::lead_times::LeadTimes;

/// The state that all routes share. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub engine: Engine,
    /// The folder for exchange with outside parties.
    pub(crate) folder: PathBuf,
    /// The connector answers what follows from a document. It is opened on first use.
    connector: Arc<OnceLock<Arc<dyn Connector>>>,
    /// Lead times counted from the log so far, so that each request reads only new events.
    pub(crate) lead_times: Arc<tokio::sync::Mutex<LeadTimes>>,
}

impl Api {
    /// Makes the routes' state. `folder` is the folder for exchange with outside parties.
    #[must_use]
    pub fn new(engine: Engine, folder: &Path) -> Self {
        Self {
            engine,
            folder: folder.to_owned(),
            connector: Arc::default(),
            lead_times: Arc::default(),
        }
    }

    /// Opens the connector on first use.
    pub(crate) fn connector(&self) -> Result<Arc<dyn Connector>, Problem> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector.clone());
        }
        let opened = connectors::open(self.engine.pipeline(), &self.folder).map_err(|error| {
            tracing::error!(%error, "the connector could not be opened");
            Problem::new(ProblemKind::Unavailable, "the connector could not be opened", "try again")
        })?;
        Ok(self.connector.get_or_init(|| opened).clone())
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("engine", &self.engine).finish_non_exhaustive()
    }
}
