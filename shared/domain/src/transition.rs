//! `decide(state, outcome) -> transition`: where a lot goes after its step ran.
//!
//! Pure and total: there is no clock and no I/O. No match over states has a `_`, so a new state does not compile
//! until each rule handles it.

use chrono::{SubsecRound, TimeDelta};

use super::kinds::StepKind;
use super::lot::{Awaited, Lot, LotState, Outcome, StepName, Timestamp};
use super::retry::RetryPolicy;

/// A lot has a version of the pipeline that this process has not read. No other version may decide about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this process has not read version {0} of the pipeline yet")]
pub struct UnknownVersion(pub u32);

/// How one attempt at a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepResult {
    /// The step is done, and the next one is due.
    Done,
    /// Somebody outside has to act.
    Wait {
        awaits: Awaited,
        /// The time at which the step runs again. `None` means that there is no deadline.
        until: Option<Timestamp>,
    },
    /// Another step is due, or the same one from its beginning.
    Go(Direction),
    /// The lot has ended.
    Close(Outcome),
    /// A fault that may pass by itself. The step is repeated.
    Retry {
        /// The cause. Lots that run out of attempts are grouped by it.
        cause: String,
    },
    /// A fault that will not pass by itself.
    Park {
        /// The cause. Lots are grouped into an incident by it.
        cause: String,
    },
    /// The worker lost its lease. This counts as an attempt, and after five of them the lot is parked.
    LeaseLost,
    /// The cause is fixed. A parked lot runs its step again, with all its attempts.
    Replay,
    /// The lot is wanted after all. A declined lot, or a merged one whose carrier has ended, starts from the
    /// beginning.
    Reopen,
}

/// Which step is due, relative to the lot's own step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The pipeline's first step.
    First,
    /// The lot's own step, from its beginning.
    Again,
    /// The step of this kind, or the lot's own step if that comes first.
    Back(StepKind),
    /// The step after the one of this kind, or the lot's own step if that comes later.
    Past(StepKind),
}

/// After this many lost leases a lot is parked instead of tried again.
pub const LOST_LEASES_TO_PARK: u32 = 5;

/// What the caller knows and [`decide`] must not look up.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// The pipeline's steps, in order.
    pub steps: &'a [StepName],
    /// The retry policy of the current step.
    pub retry: RetryPolicy,
    /// The current business time.
    pub now: Timestamp,
    /// An evenly distributed random number, for the jitter.
    pub draw: u64,
}

/// Why a result cannot be applied to a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    #[error("the lot has ended and cannot change")]
    Closed,
    #[error("the lot is parked under incident `{0}`: replay it first")]
    Parked(String),
    /// Only a parked lot can be replayed.
    #[error("the lot is not parked")]
    NotParked,
    /// Only a declined or merged lot can be reopened.
    #[error("the lot is not declined")]
    NotDeclined,
    #[error("the pipeline has no step `{0}`")]
    UnknownStep(StepName),
    /// The lot's version of the pipeline was not read yet.
    #[error(transparent)]
    UnknownVersion(#[from] UnknownVersion),
}

/// Moves `after` to the state to which `result` leads from `before`. Everything else in `after` stays as given.
///
/// # Errors
/// [`TransitionError`], as for [`decide`].
pub fn advance(
    before: &Lot,
    after: &mut Lot,
    result: StepResult,
    at: &Situation<'_>,
) -> Result<(), TransitionError> {
    let state = decide(before.state(), result, at)?;
    if after.since.is_none() || !before.state().stays_at(&state) {
        after.since = Some(at.now.trunc_subsecs(0));
    }
    after.goes_to(state);
    Ok(())
}

/// The state that follows `state` when its step ended with `result`.
///
/// # Errors
/// [`TransitionError`] if the lot has ended or is parked, or if a step is not in the pipeline. Only declined and
/// merged lots can be reopened: a merged one is needed again if its carrier ends. All other ends are final.
pub fn decide(
    state: &LotState,
    result: StepResult,
    at: &Situation<'_>,
) -> Result<LotState, TransitionError> {
    let (step, attempt) = match state {
        LotState::Ready { step, attempt } | LotState::RetryAt { step, attempt, .. } => {
            (step, *attempt)
        }
        LotState::Waiting { step, .. } => (step, 1),
        // What an operator may decide about a parked lot.
        LotState::Parked { step, .. }
            if matches!(result, StepResult::Replay | StepResult::Close(_) | StepResult::Go(_)) =>
        {
            (step, 0)
        }
        LotState::Parked { incident, .. } => return Err(TransitionError::Parked(incident.clone())),
        LotState::Closed(outcome) => return reopened(outcome, &result, at),
    };
    let position = |name: &StepName| {
        let found = at.steps.iter().position(|known| known == name);
        found.ok_or_else(|| TransitionError::UnknownStep(name.clone()))
    };
    let here = position(step)?;
    let due = |position: usize| match at.steps.get(position) {
        Some(step) => LotState::Ready { step: step.clone(), attempt: 1 },
        None => LotState::Closed(Outcome::Delivered),
    };
    Ok(match result {
        StepResult::Done => due(here + 1),
        StepResult::Wait { awaits, until } => {
            LotState::Waiting { step: step.clone(), awaits, until }
        }
        StepResult::Go(direction) => due(match direction {
            Direction::First => 0,
            Direction::Again => here,
            Direction::Back(kind) => position(&kind.into())?.min(here),
            Direction::Past(kind) => (position(&kind.into())? + 1).max(here),
        }),
        StepResult::Close(outcome) => LotState::Closed(outcome),
        StepResult::Park { cause } => LotState::Parked { step: step.clone(), incident: cause },
        // A lot whose deadline could not be handled keeps waiting, so that it stays known who has to act.
        StepResult::Retry { .. } if matches!(state, LotState::Waiting { .. }) => {
            let delay = at.retry.delay(1, at.draw).unwrap_or_default();
            later(state, at.now + TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX))
        }
        StepResult::LeaseLost if matches!(state, LotState::Waiting { .. }) => state.clone(),
        StepResult::Retry { cause } => match at.retry.delay(attempt, at.draw) {
            Some(delay) => LotState::RetryAt {
                step: step.clone(),
                attempt: attempt + 1,
                due: at.now + TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX),
            },
            None => LotState::Parked { step: step.clone(), incident: cause },
        },
        StepResult::LeaseLost if attempt >= LOST_LEASES_TO_PARK => {
            LotState::Parked { step: step.clone(), incident: format!("lease lost at {step}") }
        }
        StepResult::LeaseLost => LotState::Ready { step: step.clone(), attempt: attempt + 1 },
        StepResult::Replay if matches!(state, LotState::Parked { .. }) => {
            LotState::Ready { step: step.clone(), attempt: 1 }
        }
        StepResult::Replay => return Err(TransitionError::NotParked),
        StepResult::Reopen => return Err(TransitionError::NotDeclined),
    })
}

/// Reopens a lot that has ended, if that is allowed.
fn reopened(
    outcome: &Outcome,
    result: &StepResult,
    at: &Situation<'_>,
) -> Result<LotState, TransitionError> {
    if *result != StepResult::Reopen {
        return Err(TransitionError::Closed);
    }
    match (outcome, at.steps.first()) {
        (Outcome::Declined(_) | Outcome::Merged { .. }, Some(first)) => {
            Ok(LotState::Ready { step: first.clone(), attempt: 1 })
        }
        (
            Outcome::Declined(_)
            | Outcome::Merged { .. }
            | Outcome::Delivered
            | Outcome::Cancelled
            | Outcome::Short,
            _,
        ) => Err(TransitionError::Closed),
    }
}

/// The same wait, with another deadline.
fn later(state: &LotState, until: Timestamp) -> LotState {
    match state {
        LotState::Waiting { step, awaits, .. } => {
            LotState::Waiting { step: step.clone(), awaits: awaits.clone(), until: Some(until) }
        }
        LotState::Ready { .. }
        | LotState::RetryAt { .. }
        | LotState::Parked { .. }
        | LotState::Closed(_) => state.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::LotId;
    use crate::lot::Decline;
    use proptest::prelude::*;

    fn steps() -> Vec<StepName> {
        StepKind::ALL.iter().copied().map(StepName::from).collect()
    }

    fn directions() -> impl Strategy<Value = Direction> {
        let kinds = || proptest::sample::select(StepKind::ALL);
        prop_oneof![
            Just(Direction::First),
            Just(Direction::Again),
            kinds().prop_map(Direction::Back),
            kinds().prop_map(Direction::Past),
        ]
    }

    fn results() -> impl Strategy<Value = StepResult> {
        prop_oneof![
            4 => Just(StepResult::Done),
            2 => Just(StepResult::Wait { awaits: Awaited::Funding, until: None }),
            1 => directions().prop_map(StepResult::Go),
            1 => Just(StepResult::Close(Outcome::Cancelled)),
            2 => Just(StepResult::Retry { cause: "down".into() }),
            1 => Just(StepResult::Park { cause: "broken".into() }),
            2 => Just(StepResult::LeaseLost),
            2 => Just(StepResult::Replay),
            2 => Just(StepResult::Reopen),
            1 => Just(StepResult::Close(Outcome::Declined(Decline {
                code: "prohibited_item".into(),
                text: String::new(),
            }))),
        ]
    }

    proptest! {
        #[test]
        fn any_history_keeps_a_lot_in_one_valid_state(
            history in proptest::collection::vec((results(), any::<u64>()), 0..60),
        ) {
            let steps = steps();
            let mut state = LotState::Ready { step: steps[0].clone(), attempt: 1 };
            for (result, draw) in history {
                let now = Timestamp::UNIX_EPOCH;
                let at = Situation { steps: &steps, retry: RetryPolicy::default(), now, draw };
                match decide(&state, result.clone(), &at) {
                    Ok(next) => {
                        if let Some(step) = next.step() {
                            prop_assert!(steps.contains(step));
                        }
                        if let LotState::RetryAt { attempt, due, .. } = &next {
                            prop_assert!(*attempt <= RetryPolicy::default().attempts);
                            prop_assert!(*due >= now);
                        }
                        if let LotState::Closed(before) = &state {
                            prop_assert_eq!(result, StepResult::Reopen);
                            prop_assert!(matches!(before, Outcome::Declined(_)));
                        }
                        state = next;
                    }
                    Err(TransitionError::NotDeclined) => {
                        prop_assert_eq!(result, StepResult::Reopen);
                        prop_assert!(!matches!(state, LotState::Closed(_)));
                    }
                    Err(TransitionError::Closed) => {
                        prop_assert!(matches!(state, LotState::Closed(_)));
                    }
                    Err(TransitionError::UnknownVersion(_)) => prop_assert!(false),
                    Err(TransitionError::Parked(_)) => {
                        let is_parked = matches!(state, LotState::Parked { .. });
                        prop_assert!(is_parked);
                    }
                    Err(TransitionError::NotParked) => {
                        prop_assert_eq!(result, StepResult::Replay);
                        let is_parked = matches!(state, LotState::Parked { .. });
                        prop_assert!(!is_parked);
                    }
                    Err(TransitionError::UnknownStep(_)) => prop_assert!(false),
                }
            }
        }
    }

    #[test]
    fn a_lot_goes_back_to_a_step_never_over_steps_that_it_has_not_passed() {
        let own = |name: &str| StepName::new(name);
        let steps = [
            own("validate_priority"),
            own("board_decision"),
            own("match_donor"),
            own("issue_order"),
            own("inspect_quality"),
            own("confirm_delivery"),
        ];
        let retry = RetryPolicy::default();
        let at = Situation { steps: &steps, retry, now: Timestamp::UNIX_EPOCH, draw: 0 };
        let funding = Direction::Back(StepKind::MatchDonor);
        let in_kind = Direction::Past(StepKind::IssueOrder);
        for (from, direction, to) in [
            ("board_decision", funding, "board_decision"),
            ("match_donor", funding, "match_donor"),
            ("inspect_quality", funding, "match_donor"),
            ("match_donor", in_kind, "inspect_quality"),
            ("confirm_delivery", in_kind, "confirm_delivery"),
            ("inspect_quality", Direction::Again, "inspect_quality"),
            ("inspect_quality", Direction::First, "validate_priority"),
        ] {
            let state = LotState::Ready { step: own(from), attempt: 3 };
            let went = decide(&state, StepResult::Go(direction), &at);
            assert_eq!(went, Ok(LotState::Ready { step: own(to), attempt: 1 }), "{from}");
        }
        let short = [own("match_donor"), own("confirm_delivery")];
        let at = Situation { steps: &short, ..at };
        let state = LotState::Ready { step: own("match_donor"), attempt: 1 };
        let unknown = TransitionError::UnknownStep(own("issue_order"));
        assert_eq!(decide(&state, StepResult::Go(in_kind), &at), Err(unknown));
    }

    #[test]
    fn a_wait_whose_deadline_failed_still_names_whose_move_it_is() {
        let steps = steps();
        let now = Timestamp::UNIX_EPOCH;
        let at = Situation { steps: &steps, retry: RetryPolicy::default(), now, draw: 7 };
        let awaits = Awaited::Response { order: "PO-1".into() };
        let step = steps[2].clone();
        let waiting = LotState::Waiting { step, awaits: awaits.clone(), until: Some(now) };
        for result in [StepResult::Retry { cause: "down".into() }, StepResult::LeaseLost] {
            let next = decide(&waiting, result, &at).expect("open");
            assert!(matches!(next, LotState::Waiting { awaits: still, .. } if still == awaits));
        }
    }

    #[test]
    fn declined_and_merged_are_reopened_and_no_other_end_is() {
        let steps = steps();
        let now = Timestamp::UNIX_EPOCH;
        let at = Situation { steps: &steps, retry: RetryPolicy::default(), now, draw: 0 };
        let decline = Decline { code: "prohibited_item".into(), text: "no".into() };
        let first = LotState::Ready { step: steps[0].clone(), attempt: 1 };
        for (outcome, is_reopened) in [
            (Outcome::Declined(decline), true),
            (Outcome::Merged { into: LotId(7) }, true),
            (Outcome::Delivered, false),
            (Outcome::Cancelled, false),
            (Outcome::Short, false),
        ] {
            let ended = LotState::Closed(outcome);
            let expected =
                if is_reopened { Ok(first.clone()) } else { Err(TransitionError::Closed) };
            assert_eq!(decide(&ended, StepResult::Reopen, &at), expected, "{ended:?}");
            for other in [StepResult::Done, StepResult::Replay, StepResult::LeaseLost] {
                assert_eq!(decide(&ended, other, &at), Err(TransitionError::Closed));
            }
        }
        assert_eq!(decide(&first, StepResult::Reopen, &at), Err(TransitionError::NotDeclined));
    }

    #[test]
    fn the_fifth_lost_lease_parks() {
        let steps = steps();
        let at = Situation {
            steps: &steps,
            retry: RetryPolicy::default(),
            now: Timestamp::UNIX_EPOCH,
            draw: 0,
        };
        let mut state = LotState::Ready { step: steps[0].clone(), attempt: 1 };
        for lost in 1..=LOST_LEASES_TO_PARK {
            state = decide(&state, StepResult::LeaseLost, &at).expect("open");
            let parked = matches!(state, LotState::Parked { .. });
            assert_eq!(parked, lost == LOST_LEASES_TO_PARK, "after {lost} lost leases");
        }
    }
}
