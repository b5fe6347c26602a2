//! How long things took, as counts of tenths of a day. So any number of them needs little memory, and no
//! floating-point number is involved.

use std::collections::BTreeMap;
use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use utoipa::ToSchema;

use super::money::decimal;

/// Seconds in a tenth of a day.
const TENTH: i64 = 8_640;

/// A length of time in tenths of a day, written as `12.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, ToSchema)]
#[schema(value_type = String, example = "12.5")]
pub struct Days(pub i64);

impl Days {
    /// Rounds to the nearest tenth of a day. Negative times count as zero.
    #[must_use]
    pub fn of(time: TimeDelta) -> Self {
        Self((time.num_seconds().max(0) + TENTH / 2) / TENTH)
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let read = || {
            let (number, decimals) = decimal(&text).filter(|(number, _)| *number >= 0)?;
            let scaled = number.checked_mul(10_i128.checked_pow(1_u32.checked_sub(decimals)?)?)?;
            i64::try_from(scaled).ok().map(Self)
        };
        read().ok_or_else(|| D::Error::custom(format!("`{text}` is not a number of days")))
    }
}

/// How often things took how long.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spread {
    counts: BTreeMap<Days, u64>,
    count: u64,
}

impl Spread {
    pub fn add(&mut self, took: Days) {
        *self.counts.entry(took).or_default() += 1;
        self.count += 1;
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (took, count) in &other.counts {
            *self.counts.entry(*took).or_default() += count;
        }
        self.count += other.count;
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The shortest time that `per_cent` of all did not exceed (nearest rank). `None` if nothing was counted.
    #[must_use]
    pub fn percentile(&self, per_cent: u64) -> Option<Days> {
        let rank = (u128::from(self.count) * u128::from(per_cent)).div_ceil(100).max(1);
        let mut seen = 0_u128;
        for (took, count) in &self.counts {
            seen += u128::from(*count);
            if seen >= rank {
                return Some(*took);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spread(tenths: &[i64]) -> Spread {
        let mut spread = Spread::default();
        tenths.iter().for_each(|tenths| spread.add(Days(*tenths)));
        spread
    }

    #[test]
    fn of_nothing_nothing_is_said() {
        assert_eq!(spread(&[]).percentile(50), None);
        assert_eq!(spread(&[7]).percentile(90), Some(Days(7)));
        assert_eq!(spread(&[1, 2, 3, 4]).percentile(50), Some(Days(2)));
        assert_eq!(spread(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).percentile(90), Some(Days(9)));
    }

    #[test]
    fn a_length_is_its_nearest_tenth_of_a_day() {
        for (seconds, shown) in [(0, "0.0"), (4_319, "0.0"), (4_320, "0.1"), (864_000, "10.0")] {
            assert_eq!(Days::of(TimeDelta::seconds(seconds)).to_string(), shown, "{seconds} s");
        }
        assert_eq!(Days::of(TimeDelta::seconds(-5)), Days(0));
        assert!(serde_json::from_str::<Days>("\"1.25\"").is_err());
    }

    proptest! {
        #[test]
        fn a_percentile_is_the_nearest_rank_of_the_sorted_list(
            mut tenths in proptest::collection::vec(0_i64..500, 1..200),
            per_cent in 1_u64..=100,
        ) {
            let found = spread(&tenths).percentile(per_cent);
            tenths.sort_unstable();
            let rank = (tenths.len() * per_cent as usize).div_ceil(100).max(1);
            prop_assert_eq!(found, Some(Days(tenths[rank - 1])));
        }

        #[test]
        fn parts_merge_into_the_whole(
            a in proptest::collection::vec(0_i64..50, 0..50),
            b in proptest::collection::vec(0_i64..50, 0..50),
        ) {
            let mut merged = spread(&a);
            merged.merge(&spread(&b));
            prop_assert_eq!(merged, spread(&[a, b].concat()));
        }

        #[test]
        fn days_read_back(tenths in 0_i64..1_000_000) {
            let text = serde_json::to_string(&Days(tenths)).expect("a text");
            prop_assert_eq!(serde_json::from_str::<Days>(&text).ok(), Some(Days(tenths)));
        }
    }
}
