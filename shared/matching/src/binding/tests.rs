//! Tests of who may pay, who has to consent, and how long a role lasts.

use super::*;
use waybill_domain::contribution::{Consent, Contribution, Earmark, Firmness};
use waybill_domain::ids::LotId;
use waybill_domain::lot::{Priority, StepName};
use waybill_domain::money::{Currency, Money, Rate};
use waybill_domain::party::{Party, Role, RoleSpan};
use waybill_domain::quantity::Quantity;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn span(role: Role, from: &str, to: Option<&str>) -> RoleSpan {
    RoleSpan { role, from: day(from), to: to.map(day), evidence: String::new() }
}

fn party(id: &str, roles: Vec<RoleSpan>) -> (String, Party) {
    (id.to_owned(), Party { id: id.to_owned(), name: id.to_owned(), roles })
}

fn coalition(donors: &[&str]) -> Coalition {
    let given = Contribution {
        id: "J".to_owned(),
        donors: donors.iter().map(|donor| (*donor).to_owned()).collect(),
        firmness: Firmness::Commitment,
        stated: day("2026-01-01"),
        amount: Some(Money::new(1000, Currency::EUR)),
        in_kind: Vec::new(),
        converts: None,
        earmark: Earmark::default(),
        tranches: Vec::new(),
        obligate_by: Some(day("2026-12-31")),
        pay_by: None,
        consent: Consent::EachLine,
        source: String::new(),
    };
    let parties = [
        party("ONE", vec![span(Role::Member, "2026-01-01", None)]),
        party(
            "TWO",
            vec![
                span(Role::Member, "2026-01-01", Some("2026-06-30")),
                span(Role::Lead, "2026-07-01", Some("2026-09-30")),
            ],
        ),
        party("SEES", vec![span(Role::Observer, "2026-01-01", None)]),
    ];
    let contributions = [("J".to_owned(), given)].into();
    Coalition { parties: parties.into(), contributions, ..Coalition::default() }
}

fn share(consents: &[&str]) -> Share {
    let amount = Money::new(1000, Currency::EUR);
    Share {
        envelope: "J".to_owned(),
        amount,
        covers: amount,
        rate: Rate::ONE,
        state: ShareState::Agreed,
        covers_rate: None,
        consents: consents.iter().map(|donor| (*donor).to_owned()).collect(),
    }
}

fn lot(share: Share) -> Lot {
    let priority = Priority { class: 1, rank: 1 };
    let first = StepName::new("validate_priority");
    let id = "LOT-001".parse::<LotId>().expect("an id");
    let mut lot = Lot::new(id, Quantity(1000), priority, first);
    lot.funding.push(share);
    lot
}

#[test]
fn all_donors_of_joint_money_are_members_and_those_who_only_observe_are_not_asked() {
    let wanted = Wanted { item: "Laptop", classification: "3", requester: "MIN" };
    let pays = |donors: &[&str], on: &str| {
        let lot = lot(share(&[]));
        may_pay(&coalition(donors), &lot, wanted, "J", day(on)).is_ok()
    };
    assert!(pays(&["ONE", "TWO"], "2026-06-30"));
    assert!(pays(&["ONE", "TWO"], "2026-09-30"));
    assert!(!pays(&["ONE", "TWO"], "2026-10-01"));
    assert!(pays(&["ONE", "SEES"], "2026-10-01"));
    assert!(!pays(&["SEES"], "2026-10-01"));
    assert!(!pays(&["ONE", "STRANGER"], "2026-10-01"));
    assert!(!pays(&["ONE"], "2027-01-01"));

    let coalition = coalition(&["SEES", "ONE", "TWO"]);
    let left = |consents: &[&str]| unanswered_of(&coalition, &share(consents), day("2026-02-01"));
    assert_eq!(left(&[]), ["ONE", "TWO"]);
    assert_eq!(left(&["TWO"]), ["ONE"]);
    assert_eq!(left(&["TWO", "ONE"]), Vec::<String>::new());
    assert!(has_consent(&coalition, &share(&["ONE", "TWO"]), day("2026-02-01")));
    assert!(!has_consent(&coalition, &share(&["SEES"]), day("2026-02-01")));
}

#[test]
fn a_role_lasts_as_long_as_spans_follow_each_other() {
    let coalition = coalition(&["ONE"]);
    let until = |party: &str, on: &str| coalition.parties[party].funds_until(day(on));
    assert_eq!(until("ONE", "2026-02-01"), None);
    assert_eq!(until("TWO", "2026-02-01"), Some(day("2026-09-30")));
}
