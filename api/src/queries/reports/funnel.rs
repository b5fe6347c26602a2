//! How many lots have come how far.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::kinds::Milestone;
use waybill_shared::domain::lot::StepName;
use waybill_shared::domain::pipeline::Pipeline;
use waybill_shared::store::LotCount;

/// How many lots have come how far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Funnel {
    /// The stages in their order: `asked`, `validated`, `funded`, `ordered`, `received`, `paid`.
    pub stages: Vec<Stage>,
    /// The number of parked lots, at any stage.
    pub parked: i64,
    /// The number of lots that were declined.
    pub declined: i64,
    /// The number of lots that were merged into another lot.
    pub merged: i64,
    /// The number of lots that were cancelled.
    pub cancelled: i64,
    /// The number of lots that were not delivered, within the tolerance of their line.
    pub short: i64,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FunnelStage)]
pub struct Stage {
    /// The stage's name.
    pub name: String,
    /// The number of lots at this stage now.
    pub here: i64,
    /// The number of lots that have reached this stage.
    pub reached: i64,
}

const STAGES: [&str; 6] = ["asked", "validated", "funded", "ordered", "received", "paid"];

/// The stage of the lots in `count`. `None` if they ended without delivery.
fn stage(pipeline: &Pipeline, count: &LotCount) -> Option<usize> {
    let Some(step) = &count.step else { return (count.state == "delivered").then_some(5) };
    let awaits = count.awaits.as_deref();
    Some(match pipeline.reached_before(&StepName::new(step)) {
        _ if awaits == Some("payment") => 4,
        Milestone::Submitted => 0,
        Milestone::Validated => 1,
        Milestone::Funded if matches!(awaits, Some("approval" | "response" | "terms")) => 3,
        Milestone::Funded => 2,
        Milestone::Ordered => 3,
    })
}

impl Funnel {
    /// Builds the funnel from counts of lots that follow `pipeline`.
    #[must_use]
    pub fn of(counts: &[LotCount], pipeline: &Pipeline) -> Self {
        let ended = |wanted: &str| {
            let counts = counts.iter().filter(|count| count.state == wanted);
            counts.map(|count| count.lots).sum::<i64>()
        };
        let mut here = [0_i64; STAGES.len()];
        for count in counts {
            if let Some(at) = stage(pipeline, count) {
                here[at] += count.lots;
            }
        }
        let (declined, cancelled, short) = (ended("declined"), ended("cancelled"), ended("short"));
        let stages = STAGES.iter().enumerate().map(|(at, name)| {
            let on: i64 = here[at..].iter().sum();
            // Lots that ended without delivery were requested; those that stayed short were also ordered.
            let off = match at {
                0 => declined + cancelled + short,
                1..=3 => short,
                _ => 0,
            };
            Stage { name: (*name).to_owned(), here: here[at], reached: on + off }
        });
        Self {
            stages: stages.collect(),
            parked: ended("parked"),
            declined,
            merged: ended("merged"),
            cancelled,
            short,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(state: &str, step: Option<&str>, awaits: Option<&str>, lots: i64) -> LotCount {
        let text = |text: &str| text.to_owned();
        LotCount {
            state: text(state),
            step: step.map(text),
            awaits: awaits.map(text),
            lots,
            oldest: None,
        }
    }

    #[test]
    fn every_lot_is_at_one_stage_and_has_reached_those_before() {
        let counts = [
            count("waiting", Some("validate_priority"), Some("review"), 1),
            count("waiting", Some("match_donor"), Some("funding"), 2),
            count("parked", Some("issue_order"), None, 4),
            count("waiting", Some("issue_order"), Some("response"), 8),
            count("waiting", Some("confirm_delivery"), Some("delivery"), 16),
            count("waiting", Some("confirm_delivery"), Some("payment"), 32),
            count("delivered", None, None, 64),
            count("declined", None, None, 128),
            count("merged", None, None, 256),
            count("short", None, None, 512),
        ];
        let funnel = Funnel::of(&counts, &Pipeline::default());
        let here: Vec<i64> = funnel.stages.iter().map(|stage| stage.here).collect();
        assert_eq!(here, [1, 2, 4, 24, 32, 64]);
        let reached: Vec<i64> = funnel.stages.iter().map(|stage| stage.reached).collect();
        assert_eq!(reached, [767, 638, 636, 632, 96, 64]);
        assert_eq!((funnel.parked, funnel.declined, funnel.merged), (4, 128, 256));
    }

    #[test]
    fn lots_at_a_step_between_others_are_counted_where_they_are() {
        let pipeline = Pipeline::of(&[
            "validate_priority",
            "board_decision",
            "match_donor",
            "issue_order",
            "inspect_quality",
            "confirm_delivery",
        ]);
        let counts = [
            count("waiting", Some("board_decision"), Some("review"), 1),
            count("waiting", Some("inspect_quality"), None, 2),
        ];
        let funnel = Funnel::of(&counts, &pipeline);
        let here: Vec<i64> = funnel.stages.iter().map(|stage| stage.here).collect();
        assert_eq!(here, [0, 1, 0, 2, 0, 0]);
    }
}
