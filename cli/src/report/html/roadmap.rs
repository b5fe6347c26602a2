//! The roadmap as a web page.

use maud::{Markup, html};
use waybill_api::Planned;
use waybill_shared::domain::money::Money;
use waybill_shared::matching::roadmap::{Lapse, OpenLot, PlannedLot, Quarter, SavingChange};
use waybill_shared::matching::what_if::{Difference, Moved};

use super::{Kind, counted, document, none, section, table, written};

pub(crate) fn roadmap(planned: &Planned) -> String {
    let plan = &planned.plan;
    let name = if planned.coalition.is_empty() { "Coalition" } else { &planned.coalition };
    let body = html! {
        header {
            p.kind { "Roadmap" }
            h1 { (name) }
            p.day {
                "From " time datetime=(plan.from) { (written(plan.from)) }
                " to " time datetime=(plan.to) { (written(plan.to)) }
            }
        }
        main {
            p.summary {
                "What gets funded by quarter, if nothing changes. Offers that hold now are "
                "taken to be renewed at their prices. Nothing is committed."
            }
            (overview(&plan.quarters))
            @if let Some(difference) = &planned.difference { (changes(difference)) }
            (lapses(&plan.lapses))
            @for quarter in &plan.quarters { (funded(quarter)) }
            (open(planned))
        }
        footer { p { "Made by Waybill from what was known on " (written(plan.from)) "." } }
    };
    document(&html! { (name) ": roadmap" }, &body)
}

fn digits(amount: &Money) -> Markup {
    html! { span.digits { (amount) } }
}

fn list(money: &[(String, Money)]) -> Markup {
    html! {
        @if money.is_empty() { "–" }
        @for (number, (envelope, amount)) in money.iter().enumerate() {
            @if number > 0 { br; }
            (envelope) " " (digits(amount))
        }
    }
}

fn overview(quarters: &[Quarter]) -> Markup {
    let rows: Vec<Vec<Markup>> = quarters
        .iter()
        .map(|quarter| {
            vec![
                html! { (quarter.name) },
                html! { (quarter.funded.len()) },
                digits(&quarter.cost),
                html! { (quarter.open_lots) },
                digits(&quarter.open_cost),
                list(&quarter.opens),
                list(&quarter.lapses),
            ]
        })
        .collect();
    let columns = [
        ("Quarter", Kind::Name),
        ("Lots funded", Kind::Number),
        ("Cost", Kind::Number),
        ("Lots open", Kind::Number),
        ("Their cost", Kind::Number),
        ("Opens", Kind::Text),
        ("Would lapse", Kind::Text),
    ];
    let caption =
        "Lots that get their money, those still open at the end, and money that comes or goes";
    section("quarters", "The quarters", &table(caption, &columns, &rows, &[]))
}

fn funded(quarter: &Quarter) -> Markup {
    if quarter.funded.is_empty() {
        return html! {};
    }
    let row = |lot: &PlannedLot| {
        vec![
            html! { (lot.lot) " " span.aside { (lot.line) } },
            html! { (lot.item) },
            html! { (lot.day) },
            digits(&lot.cost),
            list(&lot.payers),
            html! { @if let Some(day) = lot.expected { (day) } @else { "–" } },
        ]
    };
    let rows: Vec<Vec<Markup>> = quarter.funded.iter().map(row).collect();
    let columns = [
        ("Lot and request", Kind::Name),
        ("Item", Kind::Text),
        ("Funded on", Kind::Brief),
        ("Cost", Kind::Number),
        ("Paid by", Kind::Text),
        ("There by", Kind::Brief),
    ];
    let id = quarter.name.to_lowercase().replace(' ', "-");
    let caption = format!("{} for {}", counted(rows.len() as u64, "lot", "lots"), quarter.cost);
    section(&id, &format!("Funded in {}", quarter.name), &table(&caption, &columns, &rows, &[]))
}

fn lapses(lapses: &[Lapse]) -> Markup {
    let body = html! {
        @if lapses.is_empty() { (none("No money lapses unused.")) }
        ul {
            @for lapse in lapses {
                li {
                    strong { (lapse.envelope) } " of " (lapse.donors.join(", ")) ": "
                    (lapse.amount) " after " (written(lapse.last_day)) "."
                    @for saving in &lapse.saved_by {
                        " "
                        @match saving.change {
                            SavingChange::LiftEarmark => "If it might be used for anything, ",
                            SavingChange::Extend => "If it might be bound until the end of the plan, ",
                        }
                        (saving.amount) " of it would be used"
                        @if saving.lots > 0 {
                            ", for " (counted(saving.lots.unsigned_abs(), "more lot", "more lots"))
                        }
                        "."
                    }
                    @if lapse.saved_by.is_empty() { " No lot that is open could use it." }
                }
            }
        }
    };
    section("lapses", "Money that would lapse unused", &body)
}

fn open(planned: &Planned) -> Markup {
    let open = &planned.plan.open;
    if open.is_empty() {
        return section("open", "Still open at the end", &none("Every lot is funded by then."));
    }
    let row = |lot: &OpenLot| {
        vec![
            html! { (lot.lot) " " span.aside { (lot.line) } },
            html! { (lot.item) },
            html! { (lot.priority.class) "/" (lot.priority.rank) },
            html! { @if let Some(cost) = &lot.cost { (digits(cost)) } @else { "no offer" } },
            html! { @if let Some(missing) = &lot.missing { (digits(missing)) } @else { "–" } },
        ]
    };
    let rows: Vec<Vec<Markup>> = open.iter().map(row).collect();
    let columns = [
        ("Lot and request", Kind::Name),
        ("Item", Kind::Text),
        ("Priority", Kind::Brief),
        ("Cost", Kind::Number),
        ("Missing", Kind::Number),
    ];
    let caption = "By priority. “Missing” is the new money that would fund the lot while everything ahead of it keeps its money";
    section("open", "Still open at the end", &table(caption, &columns, &rows, &[]))
}

fn changes(difference: &Difference) -> Markup {
    let day = |day: Option<chrono::NaiveDate>| {
        day.map_or_else(|| "not funded".to_owned(), |day| day.to_string())
    };
    let amount = |money: &Option<Money>| {
        money.map_or_else(|| "nothing".to_owned(), |money| money.to_string())
    };
    let row = |lot: &Moved| {
        vec![
            html! { (lot.lot) " " span.aside { (lot.line) } },
            html! { (lot.item) },
            html! { (day(lot.before)) },
            html! { (day(lot.after)) },
        ]
    };
    let rows: Vec<Vec<Markup>> = difference.lots.iter().map(row).collect();
    let columns = [
        ("Lot and request", Kind::Name),
        ("Item", Kind::Text),
        ("Funded before", Kind::Brief),
        ("Funded then", Kind::Brief),
    ];
    let caption = "Lots that get their money on another day, or only in one of both plans";
    let body = html! {
        @if difference.lots.is_empty() && difference.lapses.is_empty() {
            (none("Nothing changes."))
        }
        @if !rows.is_empty() { (table(caption, &columns, &rows, &[])) }
        ul {
            @for (envelope, before, after) in &difference.lapses {
                li {
                    "Of " strong { (envelope) } ", " (amount(after)) " would lapse instead of "
                    (amount(before)) "."
                }
            }
        }
    };
    section("changes", "The effect of the changes", &body)
}
