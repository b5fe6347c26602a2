//! I15: nothing is given out twice, nothing happens before its day, and nothing moves by itself while it is paused.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone as _};
use serde::Deserialize;
use serde_json::Value;

use super::Check;
use crate::domain::coalition::Coalition;
use crate::domain::event::Event;
use crate::domain::ids::LineId;
use crate::domain::kinds::StepKind;
use crate::domain::kinds::{EventSubject, LotEvent, RecordEvent, RecordKind};
use crate::domain::lot::Timestamp;
use crate::dump::Restore;
use crate::pauses::{ALL, Pause, part_of};
use crate::store::Record;
use crate::store::reference::add;

/// How long work that was under way may continue after a pause. Also how far two processes' clocks may differ,
/// including the time between making a change and assigning its position.
const UNDER_WAY: TimeDelta = TimeDelta::minutes(5);

/// The kinds of records that determine the last day on which money can be bound.
const KINDS: [RecordKind; 2] = [RecordKind::Setting, RecordKind::Contribution];

/// What acts by itself besides steps: the actor's name, and the queue whose work it does.
const ACTORS: [(&str, &str); 6] = [
    ("round", "round"),
    ("gather", "gather"),
    ("calendar", "lapse"),
    ("send", "send"),
    ("tell", "tell"),
    ("webhook", "webhook"),
];

/// The body of an envelope's event.
#[derive(Debug, Deserialize)]
struct Lapsed {
    expired: i64,
}

/// Money that has lapsed and was not restored.
struct Lapse {
    position: i64,
    at: Timestamp,
    /// The last day on which it could be bound.
    last: NaiveDate,
    ends: Timestamp,
    /// The first later event with an earlier time. It shows from the log itself that the day had not ended.
    before: Option<(i64, Timestamp)>,
}

/// State from replaying the log: times, numbers and pauses.
#[derive(Default)]
pub(super) struct CommandResult {
    coalition: Coalition,
    expired: HashMap<String, i64>,
    lapses: BTreeMap<String, Lapse>,
    /// The latest end of the days on which money has lapsed.
    latest: Option<Timestamp>,
    counters: HashMap<String, i64>,
    /// Ranges of void positions.
    voids: Vec<(i64, i64)>,
    void_ranges: Vec<(i64, i64)>,
    /// The number of the last line that was given out before a restore.
    lines: i64,
    paused: BTreeMap<String, Pause>,
    found: Vec<(String, String)>,
}

impl CommandResult {
    pub(super) fn hear(&mut self, event: &Event) {
        if self.latest.is_some_and(|latest| event.at + UNDER_WAY < latest) {
            self.is_earlier(event);
        }
        if event.kind == RecordEvent::LogVoid.name() {
            match self.voids.last_mut() {
                Some((_, upto)) if *upto + 1 == event.position => *upto = event.position,
                _ => self.voids.push((event.position, event.position)),
            }
            return;
        }
        if !self.paused.is_empty() {
            self.moved(event);
        }
        match EventSubject::of(&event.subject) {
            EventSubject::Line if self.lines > 0 && event.number == 1 => self.line(event),
            EventSubject::Envelope(id) => self.envelope(id, event),
            EventSubject::Record(kind, id) => self.record(kind, id, event),
            EventSubject::Lot | EventSubject::Line | EventSubject::Unknown => {}
        }
    }

    /// Ignores bodies that cannot be read: the comparison with the stored record reports them.
    fn record(&mut self, kind: RecordKind, id: &str, event: &Event) {
        match kind {
            RecordKind::OrderSequence => self.counted(id, event),
            RecordKind::Restore => self.restored(event),
            RecordKind::Pause if event.kind == RecordEvent::PauseSet.name() => {
                if let Ok(pause) = serde_json::from_str(&event.body) {
                    self.paused.insert(id.to_owned(), pause);
                }
            }
            RecordKind::Pause if event.kind == RecordEvent::PauseLifted.name() => {
                drop(self.paused.remove(id))
            }
            _ if KINDS.contains(&kind) => {
                let (id, body) = (id.to_owned(), event.body.clone());
                let record = Record { id, version: event.number, body };
                add(&mut self.coalition, kind, &record).ok();
            }
            _ => {}
        }
    }

    fn envelope(&mut self, id: &str, event: &Event) {
        let Ok(Lapsed { expired }) = serde_json::from_str(&event.body) else { return };
        let before = self.expired.insert(id.to_owned(), expired).unwrap_or(0);
        if expired < before {
            self.lapses.remove(id);
            self.latest = self.lapses.values().map(|lapse| lapse.ends).max();
        } else if expired > before {
            let given = self.coalition.contributions.get(id);
            let Some(last) = given.and_then(|given| given.obligate_by) else { return };
            let Some(ends) = self.end_of(last) else { return };
            let (position, at) = (event.position, event.at);
            let lapse = Lapse { position, at, last, ends, before: None };
            self.latest = self.latest.max(Some(ends));
            self.lapses.insert(id.to_owned(), lapse);
        }
    }

    /// The end of a day in the coalition's time zone.
    fn end_of(&self, day: NaiveDate) -> Option<Timestamp> {
        let next = day.succ_opt()?.and_hms_opt(0, 0, 0)?;
        let next = self.coalition.zone().from_local_datetime(&next).earliest()?;
        Some(DateTime::to_utc(&next))
    }

    fn is_earlier(&mut self, event: &Event) {
        for lapse in self.lapses.values_mut() {
            if event.at + UNDER_WAY < lapse.ends {
                lapse.before.get_or_insert((event.position, event.at));
            }
        }
    }

    fn counted(&mut self, key: &str, event: &Event) {
        let value = serde_json::from_str::<Value>(&event.body).ok();
        let Some(value) = value.and_then(|body| body["value"].as_i64()) else { return };
        let before = self.counters.insert(key.to_owned(), value).unwrap_or(0);
        if value <= before {
            let detail = format!(
                "order number {value} was issued at position {}, although {before} was already \
                 issued",
                event.position
            );
            self.found.push((key.to_owned(), detail));
        }
    }

    fn line(&mut self, event: &Event) {
        let Ok(line) = event.subject.parse::<LineId>() else { return };
        if line.0 <= self.lines {
            let detail = format!(
                "was created at position {}, but line ids up to {} were issued before a restore",
                event.position,
                LineId(self.lines)
            );
            self.found.push((event.subject.clone(), detail));
        }
    }

    fn restored(&mut self, event: &Event) {
        let Ok(restore) = serde_json::from_str::<Restore>(&event.body) else { return };
        self.lines = self.lines.max(restore.lines);
        let Restore { epoch, upto, given_out, .. } = restore;
        if given_out > upto {
            self.void_ranges.push((upto + 1, given_out));
            let is_void = |(from, to): &(i64, i64)| *from <= upto + 1 && *to >= given_out;
            if !self.voids.iter().any(is_void) {
                let detail = format!(
                    "positions {} to {given_out} were issued before the restore, but are not void",
                    upto + 1
                );
                self.found.push((RecordKind::Restore.subject(epoch), detail));
            }
        }
    }

    fn moved(&mut self, event: &Event) {
        // Exceptions: a starting scheduler corrects the calendar, and money that a donor withdraws leaves its lots at
        // once.
        if [RecordEvent::CronCorrected.name(), LotEvent::ReturnedToMatching.name()]
            .contains(&event.kind.as_str())
        {
            return;
        }
        let actor = event.actor.as_str();
        let queue = ACTORS.iter().find(|(known, _)| *known == actor).map(|(_, queue)| *queue);
        let queue = if event.kind == RecordEvent::CronFired.name() { Some("cron") } else { queue };
        let Some(queue) =
            queue.or_else(|| StepKind::NAMES.iter().find(|step| **step == actor).copied())
        else {
            return;
        };
        let part = part_of(queue);
        for what in [ALL, part.as_str()] {
            let Some(pause) = self.paused.get(what) else { continue };
            if event.at > pause.since + UNDER_WAY {
                let Pause { by, since, .. } = pause;
                let since = since.format("%Y-%m-%d %H:%M UTC");
                let Event { kind, position, .. } = event;
                let detail = format!(
                    "{kind} by {actor} at position {position}, although {by} had paused {what} since {since}"
                );
                self.found.push((event.subject.clone(), detail));
                return;
            }
        }
    }

    pub(super) fn report(self, check: &mut Check) {
        for (id, lapse) in self.lapses {
            let Lapse { position, at, last, ends, before } = lapse;
            let why = if at + UNDER_WAY < ends {
                format!("on {}", at.format("%Y-%m-%d"))
            } else if let Some((later, at)) = before {
                format!(
                    "because a clock was ahead: position {later} is dated {}",
                    at.format("%Y-%m-%d")
                )
            } else {
                continue;
            };
            let detail = format!(
                "lapsed at position {position}, {why}; its money could be bound until {last}: \
                 `waybill reinstate {id}`"
            );
            check.fails("I15", format!("envelope:{id}"), detail);
        }
        for (from, to) in self.voids {
            let is_known = self.void_ranges.iter().any(|(a, b)| *a <= from && to <= *b + 1);
            if !is_known {
                let detail =
                    format!("positions {from} to {to} are void, but no restore voided them");
                check.fails("I15", "log", detail);
            }
        }
        for (subject, detail) in self.found {
            check.fails("I15", subject, detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kinds::LineEvent;

    /// Violations in a log of these events: minute, actor, subject, number, kind and body.
    fn found(events: &[(i64, &str, &str, i64, &str, Value)]) -> Vec<String> {
        let mut acted = CommandResult::default();
        for (at, (minute, actor, subject, number, kind, body)) in events.iter().enumerate() {
            acted.hear(&Event {
                position: at as i64 + 1,
                at: Timestamp::UNIX_EPOCH + TimeDelta::minutes(*minute),
                actor: (*actor).to_owned(),
                subject: (*subject).to_owned(),
                number: *number,
                kind: (*kind).to_owned(),
                body: body.to_string(),
            });
        }
        let mut check = Check::default();
        acted.report(&mut check);
        check.violations.into_iter().map(|one| format!("{}: {}", one.subject, one.detail)).collect()
    }

    fn restore(upto: i64, given_out: i64, lines: i64) -> Value {
        let at = Timestamp::UNIX_EPOCH;
        let from = "copy".to_owned();
        serde_json::json!(Restore { epoch: 1, at, from, upto, given_out, lines })
    }

    #[test]
    fn what_was_given_out_before_a_restore_is_void_and_lines_go_on_after_it() {
        let null = || Value::Null;
        let void = |number| (0, "restore", "void:1", number, RecordEvent::LogVoid.name(), null());
        let line = |name| (0, "import", name, 1, LineEvent::Submitted.name(), null());
        let epoch = |given_out| {
            (
                0,
                "restore",
                "restore:1",
                1,
                RecordEvent::LogRestored.name(),
                restore(1, given_out, 7),
            )
        };
        let good = [line("LINE-000001"), void(1), void(2), epoch(2), line("LINE-000008")];
        assert_eq!(found(&good), [""; 0]);
        // A position that somebody has already read now has another event.
        let used =
            [line("LINE-000001"), line("LINE-000002"), void(1), epoch(3), line("LINE-000007")];
        let used = found(&used);
        assert_eq!(used.len(), 2, "{used:?}");
        assert!(used[0].contains("positions 2 to 3 were issued before the restore"), "{used:?}");
        assert!(used[1].contains("LINE-000007") && used[1].contains("was created"), "{used:?}");
        let void = found(&[void(1), line("LINE-000001")]);
        assert!(void.len() == 1 && void[0].contains("no restore voided them"), "{void:?}");
    }

    #[test]
    fn a_number_is_given_out_once() {
        let set = |number, value: i64| {
            let body = serde_json::json!({ "value": value });
            (
                0,
                "issue_order",
                "order_sequence:S|AG|EUR",
                number,
                RecordEvent::OrderNumbered.name(),
                body,
            )
        };
        assert_eq!(found(&[set(1, 1), set(2, 2), set(3, 9), set(4, 10)]), [""; 0]);
        let twice = found(&[set(1, 1), set(2, 2), set(3, 2)]);
        assert!(twice.len() == 1 && twice[0].contains("order number 2"), "{twice:?}");
    }

    #[test]
    fn what_is_paused_rests_and_what_is_by_hand_does_not() {
        let since = Timestamp::UNIX_EPOCH;
        let pause = |what: &'static str| {
            let pause = Pause { paused: true, since, by: "ada".to_owned(), reason: String::new() };
            (0, "ada", what, 1, RecordEvent::PauseSet.name(), serde_json::json!(pause))
        };
        let moves =
            |minute, actor| (minute, actor, "LOT-001", 2, LotEvent::Matched.name(), Value::Null);
        let one = |what, at| found(&[pause(what), at]).len();
        assert_eq!(one("pause:all", moves(4, "round")), 0, "what was under way");
        assert_eq!(one("pause:all", moves(6, "round")), 1);
        assert_eq!(one("pause:all", moves(6, "ada")), 0);
        assert_eq!(one("pause:step:match_donor", moves(6, "round")), 1);
        assert_eq!(one("pause:step:match_donor", moves(6, "issue_order")), 0);
        let lifted = (5, "ada", "pause:all", 2, RecordEvent::PauseLifted.name(), Value::Null);
        assert_eq!(found(&[pause("pause:all"), lifted, moves(6, "round")]), [""; 0]);
    }
}
