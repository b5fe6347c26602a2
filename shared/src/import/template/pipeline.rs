//! Writes pipeline.toml: the steps, the default values that are changed most often, and the
//! calendar.

use std::fmt::Write as _;

use super::words::Words;
use super::{Template, comment};
use crate::domain::kinds::StepKind;
use crate::domain::pipeline::{CronAct, Pipeline};

/// The calendar: what runs when, in the coalition's time zone.
const CALENDAR: [(CronAct, &str, &str); 4] = [
    (CronAct::Lapse, "5 0 * * *", ""),
    (CronAct::Rematch, "0 6 * * *", ""),
    (CronAct::Chase, "0 7 * * MON-FRI", ""),
    (CronAct::Digest, "0 18 * * *", "missed = \"skip\"\n"),
];

pub(super) fn text(template: &Template, words: &Words) -> String {
    let usual = Pipeline::default();
    let mut text = format!("{}\n", comment(words.pipeline));
    for step in StepKind::NAMES {
        let _ = writeln!(text, "\n[[step]]\nname = \"{step}\"");
    }
    let _ = writeln!(text, "\n{}", comment(words.usual));
    let lot = &usual.match_donor;
    let _ = writeln!(text, "[match_donor]");
    let _ = writeln!(text, "# consent_days = {}", lot.consent_days);
    let _ = writeln!(text, "# acceptance_days = {}", lot.acceptance_days);
    let order = &usual.issue_order;
    let currency = template.currency;
    let _ = writeln!(text, "\n[issue_order]");
    let _ = writeln!(text, "# gather_s = {}", order.gather_s);
    let _ = writeln!(text, "# response_days = {}", order.response_days);
    let _ = writeln!(text, "# approval_above = {{ minor = 10000000, currency = \"{currency}\" }}");
    let delivery = &usual.confirm_delivery;
    let _ = writeln!(text, "\n[confirm_delivery]");
    let _ = writeln!(text, "# chase_days = {}", delivery.chase_days);
    let _ = writeln!(text, "# chases = {}", delivery.chases);
    let _ = writeln!(text, "\n{}\n[connector]\nkind = \"files\"", comment(words.connector));
    let _ = writeln!(text, "\n{}", comment(words.calendar));
    for (act, at, more) in CALENDAR {
        let (name, zone) = (act.name(), template.zone);
        let _ = writeln!(
            text,
            "[[cron]]\nname = \"{name}\"\nact = \"{name}\"\nat = \"{at}\"\nzone = \"{zone}\"\n{more}"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::columns::Language;
    use crate::import::template::words;

    #[test]
    fn it_says_the_usual_and_a_calendar() {
        for language in [Language::English, Language::French, Language::Ukrainian] {
            let template = Template {
                name: "Ours".to_owned(),
                currency: "EUR".parse().expect("a currency"),
                zone: chrono_tz::Europe::Kyiv,
                start: "2026-01-01".parse().expect("a day"),
                language,
                has_example: false,
            };
            let text = text(&template, words::of(language));
            let mut said: Pipeline = toml::from_str(&text).expect("a pipeline");
            said.check().expect("sound");
            assert_eq!(said.unscheduled().count(), 0);
            assert!(said.cron.iter().all(|entry| entry.zone == template.zone));
            said.cron.clear();
            assert_eq!(said, Pipeline::default());
            // The lines that are commented out must be valid too.
            let all =
                text.replace("# consent_days", "consent_days").replace("# gather_s", "gather_s");
            let all = all.replace("# chases =", "chases =").replace("# approval", "approval");
            toml::from_str::<Pipeline>(&all).expect("a pipeline").check().expect("sound");
        }
    }
}
