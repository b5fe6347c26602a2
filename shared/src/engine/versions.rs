//! All versions of the pipeline that a process has read. Versions are only ever added, so work that is under way keeps
//! the version that it started with.

use std::sync::{Arc, OnceLock};

use crate::domain::kinds::RecordKind;
use crate::domain::lot::StepName;
use crate::domain::pipeline::Pipeline;
use crate::domain::transition::UnknownVersion;
use crate::store::{Store, StoreError};

/// A pipeline, with the names of its steps for quick access.
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

/// A list of versions, beginning with the first.
#[derive(Debug)]
pub(crate) struct Versions {
    first: Version,
}

impl Versions {
    /// From versions in ascending order. If there are none, the default pipeline is the only version.
    pub(crate) fn of(pipelines: Vec<Pipeline>) -> Self {
        let mut pipelines = pipelines.into_iter();
        let versions = Self { first: Version::of(pipelines.next().unwrap_or_default()) };
        (1..).zip(pipelines).for_each(|(after, pipeline)| versions.add(after, pipeline));
        versions
    }

    /// In ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Version> {
        std::iter::successors(Some(&self.first), |version| version.next.get().map(|next| &**next))
    }

    /// The newest version and its number.
    pub(crate) fn latest(&self) -> (u32, &Version) {
        let newest = (1..).zip(self.iter()).last();
        newest.unwrap_or((1, &self.first))
    }

    pub(crate) fn get(&self, number: u32) -> Result<&Version, UnknownVersion> {
        let found = self.iter().nth((number as usize).saturating_sub(1));
        found.ok_or(UnknownVersion(number))
    }

    /// Adds the version that follows number `after`.
    fn add(&self, after: u32, pipeline: Pipeline) {
        if let Ok(before) = self.get(after) {
            // If another task was faster, it has read the same record.
            before.next.get_or_init(|| Box::new(Version::of(pipeline)));
        }
    }

    /// Reads the versions that were added since the last read, and returns how many.
    pub(crate) async fn learn(&self, store: &dyn Store) -> Result<u32, StoreError> {
        let mut learnt = 0;
        loop {
            let newest = self.latest().0;
            let Some(pipeline) = stated(store, newest + 1).await? else { return Ok(learnt) };
            self.add(newest, pipeline);
            learnt += 1;
        }
    }
}

/// The stored version with this number.
async fn stated(store: &dyn Store, number: u32) -> Result<Option<Pipeline>, StoreError> {
    let Some(record) = store.record(RecordKind::Pipeline, &number.to_string()).await? else {
        return Ok(None);
    };
    let corrupt =
        |source| StoreError::Corrupt { subject: RecordKind::Pipeline.subject(number), source };
    serde_json::from_str(&record.body).map(Some).map_err(corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kinds::StepKind;

    #[test]
    fn a_version_that_two_have_read_is_added_once() {
        let pipeline = |days| {
            let mut pipeline = Pipeline::of(StepKind::NAMES);
            pipeline.match_donor.consent_days = days;
            pipeline
        };
        let versions = Versions::of(vec![pipeline(1), pipeline(2)]);
        let reference: *const Version = versions.latest().1;
        versions.add(2, pipeline(3));
        versions.add(2, pipeline(3));
        assert_eq!(versions.latest().0, 3);
        assert_eq!(versions.get(4).err(), Some(UnknownVersion(4)));
        let days =
            |number| versions.get(number).map(|known| known.pipeline.match_donor.consent_days);
        assert_eq!((days(1), days(2), days(3)), (Ok(1), Ok(2), Ok(3)));
        assert!(std::ptr::eq(reference, versions.get(2).expect("there")), "it stays where it is");
    }
}
