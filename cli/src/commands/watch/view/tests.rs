//! Tests of the live view: what answers and keys show on the screen.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};
use waybill_api::{CommandAnswer, Shown, StatusView};
use waybill_shared::views::LotPage;

use super::super::model::data::{Answer, Ask};
use super::super::model::state::State;
use super::draw;

/// A coalition in operation.
fn status() -> Value {
    let count = |state: &str, step: &str, awaits: &str, lots: i64, oldest: &str| {
        let mut count = json!({"state": state, "lots": lots});
        for (name, value) in [("step", step), ("awaits", awaits), ("oldest", oldest)] {
            if !value.is_empty() {
                count[name] = value.into();
            }
        }
        count
    };
    json!({
        "coalition": "IT Coalition",
        "service": {"version": "0.1.0", "leader": "this process", "now": "2026-05-06T12:00:00Z"},
        "lots": [
            count("ready", "validate_priority", "", 1200, "2026-05-06T11:00:00Z"),
            count("waiting", "validate_priority", "review", 38, "2026-05-01T11:00:00Z"),
            count("waiting", "match_donor", "funding", 12_345, "2026-01-01T00:00:00Z"),
            count("waiting", "match_donor", "consent", 7, "2026-05-05T00:00:00Z"),
            count("retry_at", "issue_order", "", 2, "2026-05-06T11:58:00Z"),
            count("parked", "issue_order", "", 3, "2026-05-03T00:00:00Z"),
            count("waiting", "confirm_delivery", "delivery", 410, "2026-02-01T00:00:00Z"),
            count("delivered", "", "", 88_000, ""),
            count("declined", "", "", 12, ""),
        ],
        "incidents": {"lots": 3, "causes": [{
            "cause": "no supplier offers Laptop in this unit", "step": "issue_order", "lots": 3,
            "since": "2026-05-03T00:00:00Z", "first": ["LOT-005", "LOT-006", "LOT-007"], "how": "",
        }]},
        "at_risk": [], "calendar": [], "webhooks": {"all": 0, "failing": []},
    })
}

fn lot(number: i64, rank: u32, more: &Value) -> Value {
    let mut lot = json!({
        "id": format!("LOT-{number:03}"), "line": "LINE-001", "external_id": format!("R-{rank}"),
        "requester": "REQ", "item": "Laptop", "quantity": "10", "unit": "H87",
        "priority": {"class": 1, "rank": rank}, "consignee": "C1", "state": "waiting",
        "step": "match_donor", "awaits": "funding", "since": "2026-04-01T00:00:00Z",
        "reason": "EUR 4,000.00 more would fund it", "version": 3,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        lot[name] = value.clone();
    }
    lot
}

/// A live view that is fed with answers and keys.
struct Watched {
    state: State,
}

impl Watched {
    fn new() -> Result<Self, serde_json::Error> {
        crate::output::set(crate::output::Look { is_utc: true, is_quiet: false });
        let now: chrono::DateTime<chrono::Utc> = "2026-05-06T12:00:00Z".parse().unwrap_or_default();
        let mut watched = Self { state: State::new(now) };
        let status: StatusView = serde_json::from_value(status())?;
        watched.state.take(Answer::Status(Ok(Box::new(status))));
        let held = json!({"awaits": "release", "reason": "held by an operator"});
        let items =
            json!({"items": [lot(1, 1, &json!({})), lot(2, 2, &held), lot(3, 40, &json!({}))]});
        watched.lots(serde_json::from_value(items)?);
        Ok(watched)
    }

    fn lots(&mut self, page: LotPage) {
        let path = self.state.filter.path();
        self.state.take(Answer::Lots(path, Ok(page)));
    }

    fn types(&mut self, codes: &[KeyCode]) -> Vec<Ask> {
        let key = |code: &KeyCode| self.state.key(KeyEvent::new(*code, KeyModifiers::NONE));
        codes.iter().flat_map(key).collect()
    }

    fn text(&mut self, text: &str) -> Vec<Ask> {
        self.types(&text.chars().map(KeyCode::Char).collect::<Vec<_>>())
    }

    fn screen(&mut self, width: u16, height: u16) -> String {
        let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
        let Ok(_) = terminal.draw(|frame| draw(frame, &mut self.state));
        terminal.backend().to_string()
    }
}

#[test]
fn everything_is_seen_on_80_columns_and_24_rows() -> Result<(), serde_json::Error> {
    let mut watched = Watched::new()?;
    insta::assert_snapshot!("everything", watched.screen(80, 24));
    insta::assert_snapshot!("wide_and_high", watched.screen(120, 40));
    insta::assert_snapshot!("small", watched.screen(60, 12));
    assert!(watched.screen(50, 3).contains("this needs 60 columns and 12 rows; q ends it"));
    Ok(())
}

#[test]
fn help_tells_every_key() -> Result<(), serde_json::Error> {
    let mut watched = Watched::new()?;
    watched.text("?");
    insta::assert_snapshot!("keys", watched.screen(80, 24));
    Ok(())
}

#[test]
fn a_row_leads_to_its_lots_and_a_lot_to_its_details() -> Result<(), serde_json::Error> {
    let mut watched = Watched::new()?;
    // From the lots to the funnel and then to the waits.
    let asks = watched.types(&[KeyCode::Tab, KeyCode::Tab, KeyCode::Down, KeyCode::Enter]);
    let path = "/v1/lots?sort=priority&awaits=delivery&limit=200".to_owned();
    assert_eq!(asks, [Ask::Lots(path)]);
    // An answer to an outdated request is ignored.
    let late: LotPage = serde_json::from_value(json!({"items": [lot(9, 9, &json!({}))]}))?;
    let before = "/v1/lots?sort=priority&state=waiting&limit=200".to_owned();
    watched.state.take(Answer::Lots(before, Ok(late)));
    assert!(watched.state.listed().is_empty());
    watched.lots(serde_json::from_value(json!({"items": [lot(4, 4, &json!({}))], "next": "x"}))?);
    let asks = watched.types(&[KeyCode::Enter]);
    assert_eq!(asks, [Ask::Shown("LOT-004".to_owned())]);
    let shown: Shown = serde_json::from_value(json!({
        "id": "LOT-004",
        "kind": "lot", "facts": [["state", "match_donor: waits for money"], ["item", "Laptop"]],
        "timeline": [
            {"at": "2026-04-01T08:00:00Z", "actor": "REQ", "kind": "lot.created",
             "state": "ready for validate_priority", "reason": ""},
            {"at": "2026-04-02T08:00:00Z", "actor": "round", "kind": "lot.unfunded",
             "state": "match_donor: waits for money",
             "reason": "the envelope AA-1 is exhausted by the lots ahead of it, LOT-001 and LOT-002"},
        ],
    }))?;
    watched.state.take(Answer::Shown("LOT-004".to_owned(), Ok(shown)));
    watched.types(&[KeyCode::PageDown]);
    insta::assert_snapshot!("details", watched.screen(80, 24));
    watched.types(&[KeyCode::Esc]);
    assert!(watched.screen(80, 24).contains("LOTS awaits=delivery: 1 of the first 200"));
    Ok(())
}

fn answer(on: &[String], outcome: &str, why: &str) -> Result<CommandAnswer, serde_json::Error> {
    let item = |id: &String| {
        let effects = match outcome {
            "changed" => json!([{"subject": id, "what": "match_donor: waits for money -> held"}]),
            _ => json!([]),
        };
        json!({"id": id, "outcome": outcome, "why": why, "effects": effects})
    };
    let items: Vec<Value> = on.iter().map(item).collect();
    let mut answer =
        json!({"dry_run": true, "changed": 0, "unchanged": 0, "refused": 0, "items": items});
    answer[outcome] = on.len().into();
    serde_json::from_value(answer)
}

#[test]
fn an_act_is_shown_and_asked_about_before_it_is_done() -> Result<(), serde_json::Error> {
    let mut watched = Watched::new()?;
    // Marks two of three lots.
    let asks = watched.text("  h");
    let on = ["LOT-001".to_owned(), "LOT-002".to_owned()];
    let [Ask::Look(1, request)] = asks.as_slice() else { panic!("{asks:?}") };
    assert!(request.dry_run && request.on == on);
    watched.state.take(Answer::Looked(1, Ok(answer(&on, "changed", "")?)));
    insta::assert_snapshot!("asked", watched.screen(80, 24));
    // `m` asks for a reason first, and then for the effects again.
    watched.text("mwrong model");
    let asks = watched.types(&[KeyCode::Enter]);
    assert!(matches!(asks.as_slice(), [Ask::Look(2, _)]));
    // The answer to the first request does not belong to this question.
    watched.state.take(Answer::Looked(1, Ok(answer(&on, "changed", "")?)));
    assert!(watched.text("y").is_empty());
    watched.state.take(Answer::Looked(2, Ok(answer(&on, "changed", "")?)));
    let asks = watched.text("y");
    let [Ask::Act(2, request)] = asks.as_slice() else { panic!("{asks:?}") };
    assert!(!request.dry_run && request.on == on && request.reason == "wrong model");
    let asks = watched.state.take(Answer::CommandResult(2, Ok(answer(&on, "changed", "")?)));
    assert!(asks.contains(&Ask::Status));
    assert!(watched.screen(80, 24).contains("held 2 lots"));
    Ok(())
}

#[test]
fn what_is_refused_or_left_changes_nothing_and_says_why() -> Result<(), serde_json::Error> {
    let mut watched = Watched::new()?;
    let on = ["LOT-001".to_owned()];
    watched.text("t");
    watched.state.take(Answer::Looked(1, Ok(answer(&on, "refused", "it is not parked")?)));
    assert!(watched.screen(80, 24).contains("LOT-001: it is not parked"));
    watched.text("h");
    watched.state.take(Answer::Looked(2, Ok(answer(&on, "changed", "")?)));
    assert!(watched.text("n").is_empty());
    assert!(watched.screen(80, 24).contains("nothing was changed"));
    // A verdict that the requester will read needs a reason.
    watched.text("rd");
    assert!(watched.types(&[KeyCode::Enter]).is_empty());
    insta::assert_snapshot!("reason", watched.screen(80, 24));
    // The chosen row is not a lot, so there is nothing to hold.
    watched.types(&[KeyCode::Esc, KeyCode::Tab]);
    assert!(watched.text("h").is_empty());
    assert!(watched.screen(80, 24).contains("choose a lot first"));
    Ok(())
}

#[test]
fn the_last_data_stays_with_its_age_while_the_service_is_away() -> Result<(), serde_json::Error> {
    let mut watched = Watched::new()?;
    watched.state.now += chrono::TimeDelta::seconds(42);
    watched.state.take(Answer::Status(Err("`serve` does not answer any more".to_owned())));
    let screen = watched.screen(80, 24);
    let says = "no answer for 42 s: this is the state at 2026-05-06 12:00:00";
    assert!(screen.contains(says) && screen.contains("LOT-001"), "{screen}");
    Ok(())
}

#[test]
fn words_narrow_the_list_and_an_id_leads_to_its_lot() -> Result<(), serde_json::Error> {
    let mut watched = Watched::new()?;
    watched.text("/held");
    watched.types(&[KeyCode::Enter]);
    let listed: Vec<String> = watched.state.listed().iter().map(|lot| lot.id.to_string()).collect();
    assert_eq!(listed, ["LOT-002"]);
    watched.text("/lot-7k2");
    assert_eq!(watched.types(&[KeyCode::Enter]), [Ask::Shown("LOT-7K2".to_owned())]);
    watched.text("/colour=red");
    watched.types(&[KeyCode::Enter]);
    assert!(watched.screen(80, 24).contains("no filter `colour`"));
    Ok(())
}
