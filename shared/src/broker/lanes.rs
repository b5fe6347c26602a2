//! What waits in one queue, by lane. Urgent lots have runners of their own; of the others, the most
//! urgent is served first, but every fourth turn is of the lane whose first has waited longest, so
//! that none starves.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::{Claimed, Track};
use crate::store::Lane;

/// Every so many turns are by age.
const BY_AGE: u32 = 4;

/// The longest that other lots wait for urgent ones, each time before they are taken.
const YIELD: Duration = Duration::from_millis(200);

/// Urgent lots keep coming while no more than this lies between two.
const EXPRESS: Duration = Duration::from_secs(1);

/// Other lots are then taken in batches of this size at most.
const SMALL: usize = 64;

/// Items in lanes, in the order in which they came.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    waiting: [VecDeque<(u64, T)>; Lane::ALL.len()],
    arrived: u64,
    /// How often was taken on each track.
    turns: [u32; 3],
    urgent: Arc<Notify>,
    any: Arc<Notify>,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self {
            waiting: [const { VecDeque::new() }; Lane::ALL.len()],
            arrived: 0,
            turns: [0; 3],
            urgent: Arc::default(),
            any: Arc::default(),
        }
    }
}

impl<T> Lanes<T> {
    pub(super) fn push(&mut self, lane: Lane, item: T) {
        self.arrived += 1;
        self.waiting[lane as usize].push_back((self.arrived, item));
        if lane == Lane::Urgent {
            self.urgent.notify_one();
        }
        self.any.notify_one();
    }

    pub(super) fn len(&self, lane: Lane) -> usize {
        self.waiting[lane as usize].len()
    }

    /// Whether nothing waits on this track.
    pub(super) fn is_empty(&self, track: Track) -> bool {
        track.lanes().iter().all(|lane| self.len(*lane) == 0)
    }

    pub(super) fn clear(&mut self) {
        self.waiting.iter_mut().for_each(VecDeque::clear);
    }

    /// Notified when something comes on this track, and perhaps when it does not.
    pub(super) fn arrival(&self, track: Track) -> OwnedNotified {
        self.notify(track).clone().notified_owned()
    }

    fn notify(&self, track: Track) -> &Arc<Notify> {
        match track {
            Track::Urgent => &self.urgent,
            Track::Others | Track::All => &self.any,
        }
    }

    /// Wakes everybody who waits.
    pub(super) fn wake(&self) {
        for notify in [&self.urgent, &self.any] {
            notify.notify_waiters();
            notify.notify_one();
        }
    }

    /// Takes from the lane of this track whose turn it is for as long as `fits` says so; at least
    /// one, if any.
    pub(super) fn take(&mut self, track: Track, mut fits: impl FnMut(&T) -> bool) -> Vec<T> {
        let turn = &mut self.turns[track as usize];
        *turn = turn.wrapping_add(1);
        let is_by_age = turn.is_multiple_of(BY_AGE);
        let first = |lane: &Lane| self.waiting[*lane as usize].front().map(|(arrived, _)| *arrived);
        let mut filled = track.lanes().iter().copied().filter(|lane| first(lane).is_some());
        let lane = if is_by_age { filled.min_by_key(first) } else { filled.next() };
        let Some(lane) = lane else { return Vec::new() };
        let lane = &mut self.waiting[lane as usize];
        let mut taken = Vec::new();
        while let Some((arrived, item)) = lane.pop_front() {
            if !fits(&item) && !taken.is_empty() {
                lane.push_front((arrived, item));
                break;
            }
            taken.push(item);
        }
        if !self.is_empty(track) {
            self.notify(track).notify_one();
        }
        taken
    }
}

/// Urgent lots that this process has, in any of its queues. What is less urgent waits for them
/// before it is taken; and while such keep coming, it is taken in small batches, one at a time, so
/// that a backlog does not cost them the machine.
#[derive(Debug)]
pub(super) struct Precedence {
    in_hand: usize,
    ended: Arc<Notify>,
    /// When the last one was taken.
    last: Option<Instant>,
    /// Of what is less urgent, one at a time holds it, in the order in which they asked.
    turn: Arc<Semaphore>,
}

impl Default for Precedence {
    fn default() -> Self {
        Self { in_hand: 0, ended: Arc::default(), last: None, turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Precedence {
    /// Lots were taken on `track`.
    pub(super) fn takes(&mut self, track: Track, lots: usize) {
        if track == Track::Urgent {
            self.in_hand += lots;
            self.last = Some(Instant::now());
        }
    }

    /// Lots that were taken on `track` have been looked at.
    pub(super) fn ends(&mut self, track: Track, lots: usize) {
        if track == Track::Urgent {
            self.in_hand = self.in_hand.saturating_sub(lots);
            if self.in_hand == 0 {
                self.ended.notify_waiters();
            }
        }
    }

    fn is_express(&self, track: Track) -> bool {
        track == Track::Others && self.last.is_some_and(|last| last.elapsed() < EXPRESS)
    }

    /// How many lots are taken together on `track`, of `most`.
    pub(super) fn batch(&self, track: Track, most: usize) -> usize {
        if self.is_express(track) { most.min(SMALL) } else { most }
    }

    /// What `track` has to wait for before it takes from one of `queues`.
    pub(super) fn before<'a, T: 'a>(
        &self,
        track: Track,
        waits: &Waits,
        mut queues: impl Iterator<Item = &'a Lanes<T>>,
    ) -> Option<Look> {
        let mut is_urgent = || self.in_hand > 0 || queues.any(|queue| queue.len(Lane::Urgent) > 0);
        if !waits.has_queued && self.is_express(track) {
            Some(Look::Queue(self.turn.clone()))
        } else if track == Track::Others && waits.is_patient() && is_urgent() {
            Some(Look::Yield(self.ended.clone().notified_owned()))
        } else {
            None
        }
    }
}

/// What one look for something to take found.
pub(super) enum Look {
    Closed,
    Nothing(OwnedNotified),
    /// Something, but it has to wait for its turn.
    Queue(Arc<Semaphore>),
    /// Something, but urgent lots go first.
    Yield(OwnedNotified),
    Claimed(Claimed),
}

/// What a runner has waited for.
#[derive(Default)]
pub(super) struct Waits {
    has_queued: bool,
    until: Option<Instant>,
}

impl Waits {
    fn is_patient(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }

    fn until(&mut self) -> Instant {
        *self.until.get_or_insert_with(|| Instant::now() + YIELD)
    }
}

/// Looks until something is taken.
pub(super) async fn take(mut look: impl FnMut(&Waits) -> Look) -> Option<Claimed> {
    let (mut waits, mut turn) = (Waits::default(), None);
    loop {
        match look(&waits) {
            Look::Closed => return None,
            Look::Nothing(arrival) => {
                (waits, turn) = (Waits::default(), None);
                arrival.await;
            }
            Look::Queue(turns) => {
                waits.has_queued = true;
                turn = timeout_at(waits.until(), turns.acquire_owned()).await.ok();
            }
            Look::Yield(ended) => drop(timeout_at(waits.until(), ended).await),
            Look::Claimed(taken) => {
                let turn = turn.and_then(Result::ok);
                return Some(Claimed { turn, ..taken });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(lanes: &mut Lanes<i32>, track: Track) -> i32 {
        lanes.take(track, |_| false)[0]
    }

    #[test]
    fn the_more_urgent_come_first_and_the_low_do_not_starve() {
        let mut lanes = Lanes::default();
        (0..100).for_each(|_| lanes.push(Lane::Low, 3));
        (0..100).for_each(|_| lanes.push(Lane::Normal, 2));
        (0..100).for_each(|_| lanes.push(Lane::Urgent, 1));
        let taken: Vec<i32> = (0..8).map(|_| one(&mut lanes, Track::Others)).collect();
        assert_eq!(taken, [2, 2, 2, 3, 2, 2, 2, 3]);
        // What is taken on one track is no turn of another.
        let mut both = || (one(&mut lanes, Track::Urgent), one(&mut lanes, Track::Others));
        assert_eq!([both(), both(), both(), both()], [(1, 2), (1, 2), (1, 2), (1, 3)]);
        assert_eq!(one(&mut lanes, Track::All), 1);
    }

    #[test]
    fn a_batch_is_of_one_lane_and_ends_with_what_does_not_fit() {
        let mut lanes = Lanes::default();
        (1..=3).for_each(|item| lanes.push(Lane::Normal, item));
        lanes.push(Lane::Low, 4);
        let mut room = 2;
        let batch = lanes.take(Track::Others, |_| {
            room -= 1;
            room >= 0
        });
        assert_eq!(batch, [1, 2]);
        assert_eq!((lanes.len(Lane::Normal), lanes.len(Lane::Low)), (1, 1));
        assert!(lanes.take(Track::Urgent, |_| true).is_empty());
        assert_eq!(lanes.take(Track::Others, |_| true), [3]);
        assert_eq!(lanes.take(Track::Others, |_| true), [4]);
        assert!(lanes.take(Track::All, |_| true).is_empty() && lanes.is_empty(Track::All));
    }
}
