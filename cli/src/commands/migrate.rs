//! `waybill migrate`: shows which database migrations were applied, and applies the others.

use serde::Serialize;
use waybill_shared::store::Migration;

use crate::args;
use crate::failure::Failure;
use crate::output::{self, Cell, Column, Fit, Meaning};
use crate::target::Target;

#[derive(Debug, Serialize)]
struct View {
    version: i64,
    name: String,
    /// `applied`, `pending`, or `applied now`.
    state: &'static str,
}

const COLUMNS: [Column<View>; 3] = [
    Column::new("version", Fit::Right, |view| view.version.to_string().into()),
    Column::new("name", Fit::Rest, |view| view.name.clone().into()),
    Column::new("state", Fit::Left, |view| {
        let meaning = match view.state {
            "pending" => Meaning::Warn,
            "applied now" => Meaning::Good,
            _ => Meaning::Plain,
        };
        Cell::from(view.state).meaning(meaning)
    }),
];

/// Shows the pending migrations, and applies them unless it is a dry run.
pub(crate) async fn run(arguments: args::Migrate) -> Result<(), Failure> {
    let target = Target::here(&arguments.data)?;
    let migrations = target.store.migrations().await?;
    let pending = migrations.iter().filter(|migration| !migration.is_applied).count();
    if !arguments.dry_run && pending > 0 {
        let _lock = target.hold()?;
        target.store.open().await?.close().await;
    }
    let view = |Migration { version, name, is_applied }| {
        let state = match (is_applied, arguments.dry_run) {
            (true, _) => "applied",
            (false, true) => "pending",
            (false, false) => "applied now",
        };
        View { version, name, state }
    };
    let views: Vec<View> = migrations.into_iter().map(view).collect();
    output::listing(&arguments.form, &COLUMNS, &views, "there are no migrations")?;
    if pending == 0 {
        output::talk("nothing is pending");
    } else if arguments.dry_run {
        output::talk(&format!("{pending} pending: dry run, nothing was written"));
    }
    Ok(())
}
