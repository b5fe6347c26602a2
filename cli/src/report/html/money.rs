//! The money by donor: a bar that shows how much of each commitment has been used, and the amounts.

use std::collections::BTreeMap;

use maud::{Markup, html};
use waybill_api::run_report::{DonorMoney, Report};
use waybill_shared::domain::money::{Currency, Money};

use super::chart::{self, Part, percent};
use super::{Kind, counted, joined, none, section, table};

/// A stage of money. The stages are listed from the furthest.
struct Stage {
    name: &'static str,
    class: &'static str,
    meaning: &'static str,
    of: fn(&DonorMoney) -> i64,
}

const STAGES: [Stage; 5] = [
    Stage { name: "Disbursed", class: "paid", meaning: "paid", of: |money| money.disbursed },
    Stage {
        name: "Contracted",
        class: "contracted",
        meaning: "bound by an order",
        of: |money| money.obligated,
    },
    Stage {
        name: "Allocated",
        class: "allocated",
        meaning: "set aside for a lot",
        of: |money| money.allocated,
    },
    Stage {
        name: "Expired",
        class: "expired",
        meaning: "no longer available",
        of: |money| money.expired,
    },
    Stage { name: "Left", class: "left", meaning: "free for other lots", of: |money| money.left },
];

/// An amount such as `EUR 1,250.00`. For an unknown currency, the number of minor units.
fn shown(minor: i64, currency: &str) -> String {
    match currency.parse::<Currency>() {
        Ok(known) => Money::new(minor, known).to_string(),
        Err(_) => format!("{currency} {minor} (minor units)"),
    }
}

/// An amount that can only break between its currency and its digits.
fn amount(minor: i64, currency: &str) -> Markup {
    let text = shown(minor, currency);
    html! {
        span.amount .zero[minor == 0] {
            @match text.split_once(' ') {
                Some((code, digits)) => { span.currency { (code) } " " span.digits { (digits) } }
                None => { (text) }
            }
        }
    }
}

/// The donor's name. Joint donors get spaces around the plus sign.
fn donor(money: &DonorMoney) -> String {
    money.donor.replace('+', " + ")
}

/// The stages in which at least one donor has money.
fn used(report: &Report) -> impl Iterator<Item = &'static Stage> + Clone {
    let is_used = |stage: &&Stage| report.money.iter().any(|money| (stage.of)(money) != 0);
    STAGES.iter().filter(is_used).collect::<Vec<_>>().into_iter()
}

/// The length of the bar: the commitment, or what has been used if outside facts exceed it.
fn extent(money: &DonorMoney) -> i128 {
    let used = STAGES.iter().map(|stage| i128::from((stage.of)(money)).max(0)).sum::<i128>();
    used.max(i128::from(money.committed))
}

fn bar(money: &DonorMoney) -> Markup {
    let committed = i128::from(money.committed);
    let parts: Vec<Part> = STAGES
        .iter()
        .map(|stage| {
            let minor = (stage.of)(money);
            let share = percent(i128::from(minor), committed);
            let text = shown(minor, &money.currency);
            let title = format!("{} {text}, {share}", stage.name);
            Part { class: stage.class, size: i128::from(minor).max(0), title }
        })
        .collect();
    let whole = extent(money);
    let limit = (whole > committed).then_some(committed);
    let title = format!("{}: {} committed", donor(money), shown(money.committed, &money.currency));
    chart::bar(&parts, whole, limit, &title)
}

/// What became of the commitment, in per cent.
fn shares(money: &DonorMoney) -> String {
    let shares = STAGES.iter().filter_map(|stage| {
        let minor = i128::from((stage.of)(money));
        let share = percent(minor, i128::from(money.committed));
        (minor > 0).then(|| format!("{share} {}", stage.name.to_lowercase()))
    });
    shares.collect::<Vec<_>>().join(", ")
}

fn bars(report: &Report) -> Markup {
    let is_passed = report.money.iter().any(|money| extent(money) > i128::from(money.committed));
    html! {
        figure {
            figcaption {
                "What became of each commitment. A full bar is all that the donor committed, in "
                "its own currency: bars of different donors do not compare in amount."
            }
            ul.legend {
                @for stage in used(report) {
                    li {
                        (chart::swatch(stage.class))
                        span { b { (stage.name) } " " (stage.meaning) }
                    }
                }
                @if is_passed {
                    li {
                        (chart::swatch("beyond"))
                        span { b { "Beyond" } " more than was committed" }
                    }
                }
            }
            ol.donors {
                @for money in &report.money {
                    li {
                        p.label {
                            b { (donor(money)) }
                            span { (amount(money.committed, &money.currency)) " committed" }
                        }
                        (bar(money))
                        p.shares {
                            (shares(money))
                            @if money.overrun > 0 { strong.over { " – ⚠ overrun" } }
                        }
                    }
                }
            }
        }
    }
}

/// Names the envelopes that outside facts exceed, before all other information about money.
fn overruns(report: &Report) -> Markup {
    let passed: Vec<&DonorMoney> = report.money.iter().filter(|money| money.overrun > 0).collect();
    if passed.is_empty() {
        let above = report.incidents.iter().filter(|id| id.starts_with("overrun:")).count();
        return html! {
            p {
                "No envelope’s ceiling is exceeded."
                @if above > 0 {
                    " Within the ceilings, "
                    (counted(above as u64, "payment", "payments"))
                    " took more than was contracted: see " a href="#incidents" { "Incidents" } "."
                }
            }
        };
    }
    html! {
        div.alert role="note" {
            p {
                strong { "⚠ Overrun." }
                " Outside facts, such as a payment at another rate, exceed what was agreed:"
            }
            ul {
                @for money in passed {
                    li {
                        b { (donor(money)) } " by " b { (amount(money.overrun, &money.currency)) }
                    }
                }
            }
        }
    }
}

/// The sums by currency, if more than one donor gives in it.
fn sums(report: &Report) -> Vec<DonorMoney> {
    let mut sums: BTreeMap<&str, (usize, Option<DonorMoney>)> = BTreeMap::new();
    for money in &report.money {
        sums.entry(&money.currency)
            .and_modify(|(donors, sum)| {
                *donors += 1;
                *sum = sum.take().and_then(|sum| added(&sum, money));
            })
            .or_insert_with(|| (1, Some(money.clone())));
    }
    sums.into_values()
        .filter(|(donors, _)| *donors > 1)
        .filter_map(|(donors, sum)| {
            let donor = counted(donors as u64, "donor", "donors");
            sum.map(|sum| DonorMoney { donor: format!("{donor} in {}", sum.currency), ..sum })
        })
        .collect()
}

/// The sum of two rows. `None` on overflow, because no sum is better than a wrong one.
fn added(a: &DonorMoney, b: &DonorMoney) -> Option<DonorMoney> {
    Some(DonorMoney {
        donor: String::new(),
        currency: a.currency.clone(),
        committed: a.committed.checked_add(b.committed)?,
        allocated: a.allocated.checked_add(b.allocated)?,
        obligated: a.obligated.checked_add(b.obligated)?,
        disbursed: a.disbursed.checked_add(b.disbursed)?,
        expired: a.expired.checked_add(b.expired)?,
        overrun: a.overrun.checked_add(b.overrun)?,
        left: a.left.checked_add(b.left)?,
    })
}

fn amounts(report: &Report) -> Markup {
    let is_passed = report.money.iter().any(|money| money.overrun > 0);
    let mut columns = vec![("Donor", Kind::Name), ("Committed", Kind::Number)];
    columns.extend(used(report).map(|stage| (stage.name, Kind::Number)));
    if is_passed {
        columns.push(("Overrun", Kind::Number));
    }
    let row = |money: &DonorMoney| {
        let cell = |minor| amount(minor, &money.currency);
        let mut cells = vec![html! { (donor(money)) }, cell(money.committed)];
        cells.extend(used(report).map(|stage| cell((stage.of)(money))));
        if is_passed {
            cells.push(match money.overrun {
                0 => cell(0),
                over => html! { strong.over { (cell(over)) } },
            });
        }
        cells
    };
    let rows: Vec<Vec<Markup>> = report.money.iter().map(row).collect();
    let sums: Vec<Vec<Markup>> = sums(report).iter().map(row).collect();
    let unused: Vec<String> = STAGES
        .iter()
        .filter(|stage| used(report).all(|used| used.name != stage.name))
        .map(|stage| stage.name.to_lowercase())
        .collect();
    html! {
        div.amounts .many[columns.len() > 6] role="group" tabindex="0"
            aria-label="Amounts by donor" {
            (table("Amounts by donor", &columns, &rows, &sums))
        }
        @if !unused.is_empty() { p.note { "Nothing is " (joined(&unused, "or")) "." } }
    }
}

pub(super) fn by_donor(report: &Report) -> Markup {
    let body = if report.money.is_empty() {
        none("No donor has committed money.")
    } else {
        html! { (overruns(report)) (bars(report)) (amounts(report)) }
    };
    section("money", "The money, by donor", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(donor: &str, currency: &str, committed: i64, disbursed: i64) -> DonorMoney {
        DonorMoney {
            donor: donor.to_owned(),
            currency: currency.to_owned(),
            committed,
            allocated: 0,
            obligated: 0,
            disbursed,
            expired: 0,
            overrun: (disbursed - committed).max(0),
            left: committed - disbursed,
        }
    }

    #[test]
    fn amounts_follow_their_currency() {
        assert_eq!(shown(123_456_789, "EUR"), "EUR 1,234,567.89");
        assert_eq!(shown(45_000_000, "ISK"), "ISK 45,000,000");
        assert_eq!(shown(-5, "DKK"), "DKK -0.05");
        assert_eq!(shown(1234, "gold"), "gold 1234 (minor units)");
    }

    #[test]
    fn sums_never_mix_currencies_nor_wrap_around() {
        let donors = vec![
            money("EE", "EUR", 100, 10),
            money("LU", "EUR", 200, 20),
            money("DK", "DKK", 300, 30),
            money("A", "USD", i64::MAX, 0),
            money("B", "USD", i64::MAX, 0),
        ];
        let report = Report { money: donors, ..super::super::tests::empty() };
        let sums = sums(&report);
        assert_eq!(sums.len(), 1);
        assert_eq!((sums[0].donor.as_str(), sums[0].committed), ("2 donors in EUR", 300));
    }

    #[test]
    fn an_overrun_is_told_and_a_line_marks_the_limit() {
        let over =
            Report { money: vec![money("NL", "EUR", 100, 125)], ..super::super::tests::empty() };
        let page = by_donor(&over).into_string();
        assert!(page.contains("⚠ Overrun.") && page.contains("0.25"), "{page}");
        assert!(page.contains(r#"class="limit" x1="80.000%""#), "{page}");
        let within =
            Report { money: vec![money("NL", "EUR", 100, 99)], ..super::super::tests::empty() };
        let page = by_donor(&within).into_string();
        assert!(
            page.contains("No envelope’s ceiling is exceeded.") && !page.contains("limit"),
            "{page}"
        );
    }
}
