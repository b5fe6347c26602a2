//! Growing pauses between attempts, with random spread, so that those who wait for the same thing do not all return at
//! once.

use std::time::Duration;

/// The pauses of one repeated operation.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    /// The first pause is about `first`. Each one doubles, up to about `most`.
    #[must_use]
    pub fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, next: first }
    }

    /// How long to wait before the next attempt. Each call lengthens the following pause.
    pub fn pause(&mut self) -> Duration {
        let pause = spread(self.next);
        self.next = (self.next * 2).min(self.most);
        pause
    }

    /// Call it after a success: the next pause is a short one again.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// A random duration between half of `pause` and one and a half of it.
#[must_use]
pub fn spread(pause: Duration) -> Duration {
    let drawn = getrandom::u32().map_or(0.5, |drawn| f64::from(drawn) / f64::from(u32::MAX));
    pause.mul_f64(0.5 + drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_are_spread_and_begin_anew() {
        let (first, most) = (Duration::from_millis(100), Duration::from_secs(5));
        let mut backoff = Backoff::new(first, most);
        let pauses: Vec<Duration> = (0..8).map(|_| backoff.pause()).collect();
        for (n, pause) in pauses.iter().enumerate() {
            let about = (first * 2_u32.pow(u32::try_from(n).unwrap_or(0))).min(most);
            assert!(*pause >= about / 2 && *pause <= about * 3 / 2, "{n}: {pauses:?}");
        }
        let mut other = Backoff::new(first, most);
        let others: Vec<Duration> = (0..8).map(|_| other.pause()).collect();
        assert_ne!(pauses, others);
        backoff.reset();
        assert!(backoff.pause() <= first * 3 / 2);
    }
}
