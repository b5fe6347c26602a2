//! Decides which pipeline new lots use: the one in the file of whoever started last, if that file is new. A file that
//! a later version has replaced has no effect. Otherwise two processes with different files would replace each
//! other's version at every start.

use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::domain::pipeline::Pipeline;
use waybill_shared::store::{ChangeSet, Fate, RecordChange, Store};

use crate::failure::Failure;

/// How often stating is tried if others state a pipeline at the same time.
const CONFLICTS: usize = 8;

/// A pipeline from a file.
#[derive(Debug, Clone)]
pub(crate) struct Stating {
    pub(crate) pipeline: Pipeline,
    /// Whether it becomes a version again, even though a later version has replaced it.
    pub(crate) is_again: bool,
}

impl Stating {
    /// States the pipeline if it is new.
    pub(crate) fn once(pipeline: Pipeline) -> Self {
        Self { pipeline, is_again: false }
    }

    /// States the pipeline even if a later version has replaced it.
    pub(crate) fn again(pipeline: Pipeline) -> Self {
        Self { pipeline, is_again: true }
    }
}

/// What happens to a pipeline from a file, given the stored versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Becomes {
    /// It is the newest version already.
    Newest,
    /// It equals this version, which a later one has replaced.
    Replaced(u32),
    /// It becomes this version, the next one.
    Next(u32),
}

impl Becomes {
    /// Compares `pipeline` with the `stored` versions, oldest first.
    pub(crate) fn of(pipeline: &Pipeline, stored: &[Pipeline]) -> Self {
        let next = u32::try_from(stored.len()).unwrap_or(u32::MAX).saturating_add(1);
        match (1..).zip(stored).filter(|(_, known)| *known == pipeline).last() {
            Some((version, _)) if version + 1 == next => Self::Newest,
            Some((version, _)) => Self::Replaced(version),
            None => Self::Next(next),
        }
    }
}

/// The stored versions, oldest first.
pub(crate) async fn stored(store: &dyn Store) -> Result<Vec<Pipeline>, Failure> {
    let mut stored: Vec<(u32, Pipeline)> = Vec::new();
    for record in store.records(RecordKind::Pipeline).await? {
        let pipeline = serde_json::from_str(&record.body).map_err(Failure::ours)?;
        stored.push((record.id.parse().map_err(Failure::ours)?, pipeline));
    }
    stored.sort_by_key(|(version, _)| *version);
    Ok(stored.into_iter().map(|(_, pipeline)| pipeline).collect())
}

/// Stores the pipeline if it is new, and returns all versions, oldest first. If nothing is stored or stated, the
/// default becomes the first version.
pub(crate) async fn state(
    store: &dyn Store,
    stating: Option<Stating>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<Pipeline>, Failure> {
    for _ in 0..CONFLICTS {
        let mut known = stored(store).await?;
        let stating = match &stating {
            Some(stating) => stating.clone(),
            None if known.is_empty() => Stating::once(Pipeline::default()),
            None => return Ok(known),
        };
        let next = match Becomes::of(&stating.pipeline, &known) {
            Becomes::Newest => return Ok(known),
            Becomes::Replaced(version) if !stating.is_again => {
                let newest = known.len();
                tracing::warn!(
                    version,
                    newest,
                    "pipeline.toml is the same as an earlier version, which a later one has \
                     replaced: it is not applied; `--restate` applies it again"
                );
                return Ok(known);
            }
            Becomes::Replaced(_) => {
                u32::try_from(known.len()).unwrap_or(u32::MAX).saturating_add(1)
            }
            Becomes::Next(next) => next,
        };
        let mut change_set = ChangeSet::new("operator", now);
        change_set.records.push(RecordChange {
            kind: RecordKind::Pipeline,
            id: next.to_string(),
            expected: 0,
            body: serde_json::to_string(&stating.pipeline).map_err(Failure::ours)?,
            event: RecordEvent::PipelineStated,
        });
        // If somebody else has stated a version at the same moment, start over with that.
        if store.commit(vec![change_set]).await?.first() == Some(&Fate::Committed) {
            known.push(stating.pipeline);
            return Ok(known);
        }
    }
    match stating {
        // A damaged database must still open for commands that diagnose it.
        None => Ok(Vec::new()),
        Some(_) => {
            let hint = "run `waybill check`";
            Err(Failure::caller(
                "the pipeline could not be applied: other processes keep changing it",
                hint,
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_shared::domain::kinds::StepKind;

    #[test]
    fn what_a_later_version_has_replaced_states_nothing() {
        let versions: Vec<Pipeline> = (1..=3)
            .map(|days| {
                let mut pipeline = Pipeline::of(StepKind::NAMES);
                pipeline.match_donor.consent_days = days;
                pipeline
            })
            .collect();
        let [one, two, three] = &versions[..] else { panic!("three") };
        assert_eq!(Becomes::of(one, &[]), Becomes::Next(1));
        assert_eq!(Becomes::of(one, std::slice::from_ref(one)), Becomes::Newest);
        let both = [one.clone(), two.clone()];
        assert_eq!(Becomes::of(one, &both), Becomes::Replaced(1));
        assert_eq!(Becomes::of(three, &both), Becomes::Next(3));
        let stated_again = [one.clone(), two.clone(), one.clone()];
        assert_eq!(Becomes::of(one, &stated_again), Becomes::Newest);
    }
}
