//! `waybill todo`.

use waybill_api::Move;
use waybill_shared::domain::account::Role;

use crate::args;
use crate::client::{self, escape};
use crate::failure::Failure;
use crate::output::{self, Cell, Column, Fit, Meaning};
use crate::target::Target;

pub(crate) async fn run(arguments: args::Todo) -> Result<(), Failure> {
    let mut path = "/v1/todo".to_owned();
    let mut nothing = "nobody has to act".to_owned();
    if let Some(party) = &arguments.waiting_on {
        path.push_str(&format!("?waiting_on={}", escape(party)));
        nothing = format!("nobody waits for `{party}`");
    }
    let moves: Vec<Move> = client::get(&Target::of(&arguments.data)?, &path).await?;
    let mut form = arguments.form;
    let is_table = form.is_table();
    let moves = if arguments.waiting_on.is_some() && is_table {
        moves.into_iter().flat_map(one_by_one).collect()
    } else {
        moves
    };
    // If only one party is listed, the columns are those that tell it what to do.
    if arguments.waiting_on.is_some() && form.columns.is_empty() && !form.csv {
        form.columns = OF_ONE.map(str::to_owned).to_vec();
    }
    output::listing(&form, &COLUMNS, &moves, &nothing)?;
    let is_others = |row: &Move| !matches!(row.role, None | Some(Role::Operator));
    if arguments.waiting_on.is_some() && form.is_table() && moves.iter().any(is_others) {
        output::talk("these commands submit their answers");
    }
    Ok(())
}

/// Splits a task into one row for each subject, if each has a command of its own.
fn one_by_one(row: Move) -> Vec<Move> {
    if row.each.len() < 2 || (row.each.len() as u64) < row.lots {
        return vec![row];
    }
    let one = |each: &waybill_api::Each| {
        let (how, lots) = (each.how.clone(), 1);
        Move { how, lots, ..row.clone() }
    };
    row.each.iter().map(one).collect()
}

/// The columns for one party.
const OF_ONE: [&str; 6] = ["task", "lots", "late", "since", "due", "how"];

const COLUMNS: [Column<Move>; 11] = [
    Column::new("party", Fit::Left, |row| row.party.clone().into()),
    Column::more("role", Fit::Left, |row| row.role.map_or("", Role::name).into()),
    Column::new("task", Fit::Left, |row| {
        Cell::from(row.task.name().replace('_', " ")).raw(row.task.name())
    }),
    Column::new("lots", Fit::Right, |row| row.lots.to_string().into()),
    Column::new("late", Fit::Right, |row| {
        let text = if row.overdue == 0 { String::new() } else { row.overdue.to_string() };
        Cell::from(text).raw(row.overdue.to_string()).meaning(Meaning::Bad)
    }),
    Column::new("since", Fit::Left, |row| {
        let raw = row.since.map(|since| since.to_rfc3339()).unwrap_or_default();
        let Some(since) = row.since else { return Cell::default().raw(raw) };
        let day = output::day(since).to_string();
        Cell::from(format!("{day} ({})", output::ago(since))).short(day).raw(raw)
    }),
    Column::new("due", Fit::Left, |row| {
        let day = row.due.map(|due| due.to_string()).unwrap_or_default();
        Cell::from(day).meaning(if row.overdue > 0 { Meaning::Bad } else { Meaning::Plain })
    }),
    Column::new("amount", Fit::Right, |row| {
        let amounts: Vec<String> = row.amounts.iter().map(ToString::to_string).collect();
        let raw: Vec<String> = amounts.iter().map(|amount| amount.replace(',', "")).collect();
        Cell::from(amounts.join(", ")).raw(raw.join(", "))
    }),
    Column::more("orders", Fit::Left, |row| row.orders.join(" ").into()),
    Column::more("first", Fit::Left, |row| {
        let ids: Vec<String> = row.first.iter().map(ToString::to_string).collect();
        ids.join(" ").into()
    }),
    Column::more("how", Fit::Whole, |row| row.how.clone().into()),
];
