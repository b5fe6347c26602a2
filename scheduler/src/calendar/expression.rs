//! Times of the calendar: five cron fields in an IANA zone, with rules for what cron leaves open.
//!
//! - Weekdays are names (`MON-FRI`), because numbers mean different days in different crons.
//! - Day of month and weekday cannot be given together, because crons differ on whether both must
//!   match.
//! - A time that daylight saving skips fires at the first moment after the gap. A time that occurs
//!   twice fires once, at its first occurrence.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Why an expression was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    #[error("`{0}` does not have five fields: minute hour day-of-month month weekday")]
    Fields(String),
    #[error(
        "weekday `{0}` is a number, which means different days in different cron programs: write \
         names, such as MON-FRI"
    )]
    WeekdayNumber(String),
    #[error(
        "`{0}` gives both a day of the month and a weekday, which cron programs treat \
         differently: use two entries"
    )]
    Both(String),
    #[error("`{text}` is not a cron expression: {why}")]
    Invalid {
        text: String,
        /// The parser's own message.
        why: String,
    },
}

#[derive(Debug, Clone)]
pub struct Times {
    schedule: cron::Schedule,
    zone: Tz,
}

impl Times {
    /// Parses five cron fields whose times are in `zone`.
    ///
    /// # Errors
    /// [`ExpressionError`] if the fields are invalid or ambiguous.
    pub fn parse(text: &str, zone: Tz) -> Result<Self, ExpressionError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [_, _, day, _, weekday] = fields[..] else {
            return Err(ExpressionError::Fields(text.to_owned()));
        };
        if weekday.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(ExpressionError::WeekdayNumber(weekday.to_owned()));
        }
        let is_any = |field: &str| matches!(field, "*" | "?");
        if !is_any(day) && !is_any(weekday) {
            return Err(ExpressionError::Both(text.to_owned()));
        }
        // The cron crate expects a field for seconds first.
        let schedule = cron::Schedule::from_str(&format!("0 {text}")).map_err(|error| {
            ExpressionError::Invalid { text: text.to_owned(), why: error.to_string() }
        })?;
        Ok(Self { schedule, zone })
    }

    /// The first time after `moment`, or `None` if the schedule has no more times.
    #[must_use]
    pub fn next_after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Walk the schedule in local wall time as if it were UTC, so that our own rules for gaps
        // and folds apply. Starting a day earlier covers every fold.
        let local = moment.with_timezone(&self.zone).naive_local() - TimeDelta::days(1);
        self.schedule
            .after(&local.and_utc())
            .map(|wall| self.instant(wall.naive_utc()))
            .find(|instant| *instant > moment)
    }

    /// The times after `from` up to and including `to`, at most `limit`.
    #[must_use]
    pub fn between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        limit: usize,
    ) -> Vec<DateTime<Utc>> {
        let first = self.next_after(from);
        let times = std::iter::successors(first, |last| self.next_after(*last));
        times.take_while(|time| *time <= to).take(limit).collect()
    }

    fn instant(&self, wall: chrono::NaiveDateTime) -> DateTime<Utc> {
        let mut wall = wall;
        loop {
            match self.zone.from_local_datetime(&wall) {
                chrono::LocalResult::Single(time) => return time.to_utc(),
                chrono::LocalResult::Ambiguous(first, _) => return first.to_utc(),
                // Gaps begin and end on full minutes.
                chrono::LocalResult::None => wall += TimeDelta::minutes(1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn times(text: &str) -> Times {
        Times::parse(text, chrono_tz::Europe::Luxembourg).expect("valid")
    }

    #[test]
    fn a_time_in_the_gap_fires_after_it_and_one_in_the_fold_once() {
        let night = times("30 2 * * *");
        // 2025-03-30: 02:00 becomes 03:00. 2025-10-26: 03:00 becomes 02:00.
        let spring = night.between(at("2025-03-29T12:00:00Z"), at("2025-03-31T12:00:00Z"), 9);
        assert_eq!(spring, [at("2025-03-30T01:00:00Z"), at("2025-03-31T00:30:00Z")]);
        let autumn = night.between(at("2025-10-25T12:00:00Z"), at("2025-10-27T12:00:00Z"), 9);
        assert_eq!(autumn, [at("2025-10-26T00:30:00Z"), at("2025-10-27T01:30:00Z")]);
        let quarters = times("*/15 2 * * *");
        let gap = quarters.between(at("2025-03-30T00:50:00Z"), at("2025-03-30T12:00:00Z"), 9);
        assert_eq!(gap, [at("2025-03-30T01:00:00Z")]);
    }

    #[test]
    fn what_crons_disagree_on_is_refused_with_a_way_out() {
        let error = |text| Times::parse(text, chrono_tz::UTC).expect_err("refused").to_string();
        assert!(error("0 6 * * 1-5").contains("MON-FRI"));
        assert!(error("0 6 1 * MON").contains("two entries"));
        assert!(error("0 0 6 * * *").contains("five fields"));
        assert!(error("0 25 * * *").contains("not a cron expression"));
        assert!(Times::parse("0 6 * * MON-FRI", chrono_tz::UTC).is_ok());
    }

    proptest! {
        #[test]
        fn fires_only_move_forward(minute in 0_u32..60, hour in 0_u32..24, start in 1_700_000_000_i64..1_800_000_000) {
            let times = times(&format!("{minute} {hour} * * *"));
            let start = Utc.timestamp_opt(start, 0).single().expect("a time");
            let fires = times.between(start, start + TimeDelta::days(400), 500);
            prop_assert!(fires.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!((399..=401).contains(&fires.len()));
        }
    }
}
