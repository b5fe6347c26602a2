//! What waits in one queue, by lane. The most urgent is served first, but every fourth turn is of
//! the lane whose first has waited longest, so that none starves.

use std::collections::VecDeque;

use crate::store::Lane;

/// Every so many turns are by age.
const BY_AGE: u32 = 4;

/// Items in lanes, in the order in which they came.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    waiting: [VecDeque<(u64, T)>; Lane::ALL.len()],
    arrived: u64,
    turn: u32,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self { waiting: [const { VecDeque::new() }; Lane::ALL.len()], arrived: 0, turn: 0 }
    }
}

impl<T> Lanes<T> {
    pub(super) fn push(&mut self, lane: Lane, item: T) {
        self.arrived += 1;
        self.waiting[lane as usize].push_back((self.arrived, item));
    }

    pub(super) fn len(&self, lane: Lane) -> usize {
        self.waiting[lane as usize].len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.iter().all(VecDeque::is_empty)
    }

    pub(super) fn clear(&mut self) {
        self.waiting.iter_mut().for_each(VecDeque::clear);
    }

    /// Takes from the lane whose turn it is for as long as `fits` says so; at least one, if any.
    pub(super) fn take(&mut self, mut fits: impl FnMut(&T) -> bool) -> Vec<T> {
        self.turn = self.turn.wrapping_add(1);
        let is_by_age = self.turn.is_multiple_of(BY_AGE);
        let mut filled = self.waiting.iter_mut().filter(|lane| !lane.is_empty());
        let lane = if is_by_age {
            filled.min_by_key(|lane| lane.front().map(|(arrived, _)| *arrived))
        } else {
            filled.next()
        };
        let Some(lane) = lane else { return Vec::new() };
        let mut taken = Vec::new();
        while let Some((arrived, item)) = lane.pop_front() {
            if !fits(&item) && !taken.is_empty() {
                lane.push_front((arrived, item));
                break;
            }
            taken.push(item);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(lanes: &mut Lanes<i32>) -> i32 {
        lanes.take(|_| false)[0]
    }

    #[test]
    fn the_urgent_come_first_and_the_low_do_not_starve() {
        let mut lanes = Lanes::default();
        (0..100).for_each(|_| lanes.push(Lane::Low, 3));
        (0..100).for_each(|_| lanes.push(Lane::Urgent, 1));
        let taken: Vec<i32> = (0..8).map(|_| one(&mut lanes)).collect();
        assert_eq!(taken, [1, 1, 1, 3, 1, 1, 1, 3]);
    }

    #[test]
    fn a_batch_is_of_one_lane_and_ends_with_what_does_not_fit() {
        let mut lanes = Lanes::default();
        (1..=3).for_each(|item| lanes.push(Lane::Normal, item));
        lanes.push(Lane::Low, 4);
        let mut room = 2;
        let batch = lanes.take(|_| {
            room -= 1;
            room >= 0
        });
        assert_eq!(batch, [1, 2]);
        assert_eq!((lanes.len(Lane::Normal), lanes.len(Lane::Low)), (1, 1));
        assert_eq!(lanes.take(|_| true), [3]);
        assert_eq!(lanes.take(|_| true), [4]);
        assert!(lanes.take(|_| true).is_empty() && lanes.is_empty());
    }
}
