//! Every version of the pipeline that a process has read. Versions are only ever added, so that work which is
//! under way keeps the one that it was given.

use std::sync::{Arc, OnceLock};

use crate::domain::lot::StepName;
use crate::domain::pipeline::Pipeline;
use crate::domain::transition::UnknownVersion;
use crate::store::{Store, StoreError};

/// The kind of record that a version is, by its number.
pub const PIPELINE: &str = "pipeline";

/// A pipeline with the names of its steps at hand.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) names: Vec<StepName>,
    next: OnceLock<Box<Version>>,
}

impl Version {
    fn of(pipeline: Pipeline) -> Self {
        Self { names: pipeline.names(), pipeline: Arc::new(pipeline), next: OnceLock::new() }
    }
}

/// The versions that are known, from the first.
#[derive(Debug)]
pub(crate) struct Versions {
    first: Version,
}

impl Versions {
    /// These, oldest first; none: the default pipeline is the only one.
    pub(crate) fn of(pipelines: Vec<Pipeline>) -> Self {
        let mut pipelines = pipelines.into_iter();
        let versions = Self { first: Version::of(pipelines.next().unwrap_or_default()) };
        pipelines.for_each(|pipeline| versions.add(pipeline));
        versions
    }

    /// All of them, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Version> {
        std::iter::successors(Some(&self.first), |version| version.next.get().map(|next| &**next))
    }

    /// The newest, with its number.
    pub(crate) fn latest(&self) -> (u32, &Version) {
        let newest = (1..).zip(self.iter()).last();
        newest.unwrap_or((1, &self.first))
    }

    /// The version of this number.
    pub(crate) fn get(&self, number: u32) -> Result<&Version, UnknownVersion> {
        let found = self.iter().nth((number as usize).saturating_sub(1));
        found.ok_or(UnknownVersion(number))
    }

    fn add(&self, pipeline: Pipeline) {
        let (_, newest) = self.latest();
        // Whoever was quicker has read the same record.
        newest.next.get_or_init(|| Box::new(Version::of(pipeline)));
    }

    /// Reads the versions that were stated since; gives how many.
    pub(crate) async fn learn(&self, store: &dyn Store) -> Result<u32, StoreError> {
        let mut learnt = 0;
        loop {
            let number = self.latest().0 + 1;
            let Some(pipeline) = stated(store, number).await? else { return Ok(learnt) };
            // Another task may have added it meanwhile.
            if self.latest().0 + 1 == number {
                self.add(pipeline);
                learnt += 1;
            }
        }
    }
}

/// The version of this number, as it was stated.
async fn stated(store: &dyn Store, number: u32) -> Result<Option<Pipeline>, StoreError> {
    let Some(record) = store.record(PIPELINE, &number.to_string()).await? else { return Ok(None) };
    let corrupt = |source| StoreError::Corrupt { subject: format!("{PIPELINE}:{number}"), source };
    serde_json::from_str(&record.body).map(Some).map_err(corrupt)
}
