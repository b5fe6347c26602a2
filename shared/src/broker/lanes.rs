//! What waits in one queue, by lane. Urgent lots have their own runners. Among the others, the most urgent lane is
//! served first, but every fourth turn goes to the lane whose first item has waited longest, so that no lane starves.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::{Claimed, Track};
use crate::store::Lane;

/// One turn in this many goes by age.
const BY_AGE: u32 = 4;

/// The longest time for which other lots wait for urgent lots before they are taken.
const YIELD: Duration = Duration::from_millis(200);

/// Urgent lots count as coming steadily if the last one was taken within this time.
const EXPRESS: Duration = Duration::from_secs(1);

/// The largest batch of other lots while urgent lots keep coming.
const SMALL: usize = 64;

/// Items by lane, in the order of arrival.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    waiting: [VecDeque<(u64, T)>; Lane::ALL.len()],
    arrived: u64,
    /// The number of turns of each track.
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

    pub(super) fn is_empty(&self, track: Track) -> bool {
        track.lanes().iter().all(|lane| self.len(*lane) == 0)
    }

    pub(super) fn clear(&mut self) {
        self.waiting.iter_mut().for_each(VecDeque::clear);
    }

    /// Notified when an item arrives on this track. It may also be notified for no reason.
    pub(super) fn arrival(&self, track: Track) -> OwnedNotified {
        self.notify(track).clone().notified_owned()
    }

    fn notify(&self, track: Track) -> &Arc<Notify> {
        match track {
            Track::Urgent => &self.urgent,
            Track::Others | Track::All => &self.any,
        }
    }

    pub(super) fn wake(&self) {
        for notify in [&self.urgent, &self.any] {
            notify.notify_waiters();
            notify.notify_one();
        }
    }

    /// Takes items from the lane whose turn it is on this track, while `fits` accepts them. Takes at least one if there
    /// is one.
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

/// Tracks the urgent lots that this process has in any queue. Less urgent lots wait for them before they are taken.
/// While urgent lots keep coming, the others are taken in small batches, one batch at a time, so that a backlog leaves
/// enough of the machine for urgent lots.
#[derive(Debug)]
pub(super) struct Precedence {
    in_hand: usize,
    ended: Arc<Notify>,
    /// When an urgent lot was last taken.
    last: Option<Instant>,
    /// Held by one batch of less urgent lots at a time, in the order of requests.
    turn: Arc<Semaphore>,
}

impl Default for Precedence {
    fn default() -> Self {
        Self { in_hand: 0, ended: Arc::default(), last: None, turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Precedence {
    /// Records that lots were taken on `track`.
    pub(super) fn takes(&mut self, track: Track, lots: usize) {
        if track == Track::Urgent {
            self.in_hand += lots;
            self.last = Some(Instant::now());
        }
    }

    /// Records that lots taken on `track` have been processed.
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

    /// The largest batch on `track`, if the caller wants up to `most` lots.
    pub(super) fn batch(&self, track: Track, most: usize) -> usize {
        if self.is_express(track) { most.min(SMALL) } else { most }
    }

    /// What `track` has to wait for before it takes from `queues`; `None` if it may take now.
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

/// The result of one attempt to take something.
pub(super) enum Look {
    Closed,
    Nothing(OwnedNotified),
    /// Something is there, but the caller has to wait for its turn.
    Queue(Arc<Semaphore>),
    /// Something is there, but urgent lots go first.
    Yield(OwnedNotified),
    Claimed(Claimed),
}

/// What a runner has already waited for.
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

/// Repeats `look` until something is taken or the broker is closed.
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
        // Each track counts its own turns.
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
