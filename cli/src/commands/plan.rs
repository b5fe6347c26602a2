//! `waybill plan`: shows the roadmap by quarter, what would lapse, and the effect of changes.

use waybill_api::{PlanRequest, Planned};
use waybill_shared::domain::money::Money;
use waybill_shared::matching::roadmap::{Lapse, Quarter, SavingChange};
use waybill_shared::matching::what_if::{Difference, WhatIf};

use crate::args;
use crate::client;
use crate::failure::Failure;
use crate::output;
use crate::report;
use crate::target::Target;

/// Plans without committing anything.
pub(crate) async fn run(arguments: args::Plan) -> Result<(), Failure> {
    let target = Target::of(&arguments.data)?;
    let mut what_if: Vec<WhatIf> = Vec::new();
    for text in &arguments.add {
        let added =
            text.parse().map_err(|error: waybill_shared::matching::what_if::WhatIfError| {
                Failure::caller(error.to_string(), "see `waybill plan --help`")
            })?;
        what_if.push(WhatIf::Add(added));
    }
    what_if.extend(arguments.withdraw.iter().cloned().map(WhatIf::Withdraw));
    for pair in arguments.rank.chunks_exact(2) {
        let rank = pair[1].parse().map_err(|_| {
            let message = format!("`{}` is not a rank: write --rank LINE 1", pair[1]);
            Failure::caller(message, "a rank is a whole number, 1 the first")
        })?;
        what_if.push(WhatIf::Rank(pair[0].clone(), rank));
    }
    what_if.extend(arguments.fail.iter().cloned().map(WhatIf::Fail));
    let files: Vec<_> = arguments
        .output
        .iter()
        .map(|path| Ok((path, output::ending(path, &["html", "csv"])?)))
        .collect::<Result<_, Failure>>()?;
    let request = PlanRequest { from: arguments.from, quarters: arguments.quarters, what_if };
    let planned: Planned = client::post(&target, "/v1/plan", &request).await?;
    for (path, ending) in files {
        match ending {
            "csv" => output::file(path, &csv(&planned))?,
            _ => output::file(path, &report::html::roadmap(&planned))?,
        }
    }
    if arguments.json {
        return output::json(&planned);
    }
    output::data(&text(&planned))
}

/// One row for each funded lot and payer, then the lots that stay open, and money that would lapse.
fn csv(planned: &Planned) -> String {
    let mut text =
        "what,quarter,day,lot,line,item,class,rank,envelope,amount,currency\n".to_owned();
    let mut row = |cells: [String; 11]| {
        let quoted = cells.map(|cell| match cell.contains([',', '"', '\n']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell,
        });
        text.push_str(&quoted.join(","));
        text.push('\n');
    };
    let plain = |money: &Money| money.to_string()[4..].replace(',', "");
    for quarter in &planned.plan.quarters {
        for lot in &quarter.funded {
            for (envelope, amount) in &lot.payers {
                row([
                    "funded".to_owned(),
                    quarter.name.clone(),
                    lot.day.to_string(),
                    lot.lot.to_string(),
                    lot.line.clone(),
                    lot.item.clone(),
                    lot.priority.class.to_string(),
                    lot.priority.rank.to_string(),
                    envelope.clone(),
                    plain(amount),
                    amount.currency.to_string(),
                ]);
            }
        }
    }
    for lot in &planned.plan.open {
        let cost = lot.cost.as_ref();
        row([
            "open".to_owned(),
            String::new(),
            String::new(),
            lot.lot.to_string(),
            lot.line.clone(),
            lot.item.clone(),
            lot.priority.class.to_string(),
            lot.priority.rank.to_string(),
            String::new(),
            cost.map_or_else(String::new, plain),
            cost.map_or_else(String::new, |cost| cost.currency.to_string()),
        ]);
    }
    for lapse in &planned.plan.lapses {
        let mut cells = [const { String::new() }; 11];
        cells[0] = "lapses".to_owned();
        cells[2] = lapse.last_day.to_string();
        cells[8] = lapse.envelope.clone();
        cells[9] = plain(&lapse.amount);
        cells[10] = lapse.amount.currency.to_string();
        row(cells);
    }
    text
}

/// The plan as text and tables.
fn text(planned: &Planned) -> String {
    let plan = &planned.plan;
    let head = format!(
        "{}: the roadmap from {} to {}. Nothing is committed.",
        planned.coalition, plan.from, plan.to
    );
    let mut text = output::wrap(&head, output::width()).join("\n") + "\n";
    text.push_str("Offers that hold now are taken to be renewed at their prices.\n");
    for quarter in &plan.quarters {
        text.push_str(&quarter_text(quarter));
    }
    if plan.open.is_empty() {
        text.push_str("\nEvery lot is funded by then.\n");
    } else {
        text.push_str(&format!("\nStill open on {}:\n", plan.to));
        let rows: Vec<Vec<String>> = plan
            .open
            .iter()
            .map(|lot| {
                let missing = match (&lot.missing, &lot.cost) {
                    (Some(missing), _) => format!("{missing} missing"),
                    (None, Some(_)) => "not by the rules".to_owned(),
                    (None, None) => "nobody offers it".to_owned(),
                };
                let priority = format!("{}/{}", lot.priority.class, lot.priority.rank);
                vec![lot.lot.to_string(), priority, missing, lot.item.clone()]
            })
            .collect();
        text.push_str(&output::table(&["LOT", "RANK", "WHY", "ITEM"], &rows));
    }
    if !plan.lapses.is_empty() {
        text.push_str("\nMoney that would lapse unused:\n");
        plan.lapses.iter().for_each(|lapse| text.push_str(&lapse_text(lapse)));
    }
    if let Some(difference) = &planned.difference {
        text.push_str(&difference_text(difference));
    }
    text
}

fn quarter_text(quarter: &Quarter) -> String {
    let mut text = format!("\n{}", quarter.name);
    match quarter.funded.len() {
        0 => text.push_str("  nothing is funded"),
        1 => text.push_str(&format!("  1 lot is funded, {}", quarter.cost)),
        many => text.push_str(&format!("  {many} lots are funded, {}", quarter.cost)),
    }
    text.push_str(&match quarter.open_lots {
        0 => "; none stays open\n".to_owned(),
        open => format!("; {open} open, {}\n", quarter.open_cost),
    });
    let money = |list: &[(String, Money)]| {
        list.iter().map(|(id, money)| format!("{id} {money}")).collect::<Vec<_>>().join(", ")
    };
    let room = output::width().saturating_sub(2);
    for (what, list) in [("opens", &quarter.opens), ("would lapse", &quarter.lapses)] {
        if !list.is_empty() {
            for line in output::wrap(&format!("{what}: {}", money(list)), room) {
                text.push_str(&format!("  {line}\n"));
            }
        }
    }
    if !quarter.funded.is_empty() {
        let rows: Vec<Vec<String>> = quarter
            .funded
            .iter()
            .map(|lot| {
                let payers: Vec<&str> = lot.payers.iter().map(|(id, _)| id.as_str()).collect();
                let expected = lot.expected.map_or_else(String::new, |day| day.to_string());
                vec![
                    format!("  {}", lot.day),
                    lot.lot.to_string(),
                    lot.cost.to_string(),
                    expected,
                    format!("{}, paid by {}", lot.item, payers.join(", ")),
                ]
            })
            .collect();
        text.push_str(&output::wrapped_table(&["  DAY", "LOT", "COST", "THERE BY", "WHAT"], &rows));
    }
    text
}

fn lapse_text(lapse: &Lapse) -> String {
    let Lapse { envelope, donors, last_day, amount, .. } = lapse;
    let mut text = format!("  {envelope} of {}: {amount} after {last_day}.\n", donors.join(", "));
    for saving in &lapse.saved_by {
        let how = match saving.change {
            SavingChange::LiftEarmark => "If it might be used for anything",
            SavingChange::Extend => "If it might be bound until the end of the plan",
        };
        let lots = match saving.lots {
            0 => String::new(),
            1 => ", and 1 more lot would be funded".to_owned(),
            lots if lots > 0 => format!(", and {lots} more lots would be funded"),
            _ => String::new(),
        };
        let line = format!("{how}, {} of it would be used{lots}.", saving.amount);
        for line in output::wrap(&line, output::width().saturating_sub(4)) {
            text.push_str(&format!("    {line}\n"));
        }
    }
    if lapse.saved_by.is_empty() {
        text.push_str("    No lot that is open could use it.\n");
    }
    text
}

fn difference_text(difference: &Difference) -> String {
    let mut text = "\nThe effect of the changes:\n".to_owned();
    if difference.lots.is_empty() && difference.lapses.is_empty() {
        return text + "  Nothing changes.\n";
    }
    let day = |day: Option<chrono::NaiveDate>| {
        day.map_or_else(|| "not funded".to_owned(), |day| day.to_string())
    };
    if !difference.lots.is_empty() {
        let rows: Vec<Vec<String>> = difference
            .lots
            .iter()
            .map(|lot| {
                let lot_id = format!("  {}", lot.lot);
                vec![lot_id, day(lot.before), day(lot.after), lot.item.clone()]
            })
            .collect();
        text.push_str(&output::table(&["  LOT", "BEFORE", "THEN", "ITEM"], &rows));
    }
    let amount = |money: &Option<Money>| {
        money.map_or_else(|| "nothing".to_owned(), |money| money.to_string())
    };
    for (envelope, before, after) in &difference.lapses {
        let line = format!(
            "  of {envelope}, {} would lapse instead of {}\n",
            amount(after),
            amount(before)
        );
        text.push_str(&line);
    }
    text
}
