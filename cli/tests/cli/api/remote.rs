//! The command line with a service elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::receiver::{Receiver, Temper};
use super::surface::{Surface, row as api_row};
use crate::coalition::{requisitions, row};
use crate::support::{SOON, Said, eventually, finish, run, text, waybill};

fn keep(folder: &Path, name: &str, token: &str, mode: u32) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, format!("{token}\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    Ok(path)
}

/// `arguments` with a service elsewhere.
fn there(surface: &Surface, token: &Path, arguments: &[&str]) -> Result<Said> {
    let mut all = arguments.to_vec();
    all.extend(["--server", &surface.base, "--token-file", text(token)?]);
    run(&all)
}

#[test]
fn commands_work_from_elsewhere_as_far_as_their_account_may() -> Result<()> {
    let surface = Surface::open(2)?;
    surface.until("LOT-001", "response")?;
    let folder = surface.secretariat.folder.path();
    let operator = keep(folder, "operator", &surface.token("operator", "")?, 0o600)?;
    let there = |token: &Path, arguments: &[&str]| there(&surface, token, arguments);

    let lots = there(&operator, &["lots"])?.ok()?;
    ensure!(lots.out.contains("LOT-001"), "{lots:?}");
    let shown = there(&operator, &["show", "R-1"])?.ok()?;
    ensure!(shown.out.contains("Laptop"), "{shown:?}");
    let why = there(&operator, &["why", "LOT-001"])?.ok()?;
    ensure!(why.out.contains("AA-1"), "{why:?}");
    let more = folder.join("more.csv");
    requisitions(&more, &[row("R-9", 7)])?;
    let taken = there(&operator, &["import", text(&more)?, "--json"])?.json()?;
    ensure!(taken["new"] == 1, "{taken}");
    there(&operator, &["check"])?.ok()?;
    there(&operator, &["plan"])?.ok()?;

    let stranger = keep(folder, "stranger", &surface.token("requester", "REQ2")?, 0o600)?;
    let lots = there(&stranger, &["lots", "--json"])?.json()?;
    ensure!(lots.as_array().is_some_and(Vec::is_empty), "{lots}");
    // Whoever names data here means that, whatever the environment says.
    let mut command = waybill(&["lots", "--data", text(&surface.secretariat.data)?]);
    command.env("WAYBILL_SERVER", "http://127.0.0.1:1");
    ensure!(finish(command)?.ok()?.out.contains("LOT-001"));
    there(&stranger, &["show", "R-1"])?.failed(1, &["R-1", "hint"])?;
    let own = json!([api_row("S-1", "REQ2", 3)]);
    surface.post(&surface.token("requester", "REQ2")?, "/v1/requisitions", &own)?.is(200)?;
    let shown = there(&stranger, &["show", "S-1"])?.ok()?;
    ensure!(shown.out.contains("Laptop"), "{shown:?}");
    // Typed lines are for the secretariat's program: a requester's are read by the public route.
    there(&stranger, &["import", text(&more)?])?.failed(1, &["role requester"])?;
    there(&stranger, &["token", "list"])?.failed(1, &["role requester"])?;

    let open = keep(folder, "open", "wbt_x_y", 0o644)?;
    there(&open, &["lots"])?.failed(1, &["can be read by other users", "chmod 600"])?;
    let unknown = format!("wbt_0123456789ab_{}", "x".repeat(43));
    let wrong = keep(folder, "wrong", &unknown, 0o600)?;
    there(&wrong, &["lots"])?.failed(1, &["not valid"])?;
    // One that was cut off or mistyped is known before anybody is asked.
    let token = surface.token("operator", "")?;
    let cut = token[..token.len() - 2].to_owned();
    let end = if token.ends_with('a') { 'b' } else { 'a' };
    let typed = format!("{}{end}", &token[..token.len() - 1]);
    for (name, slip) in [("cut", cut), ("typed", typed)] {
        let slip = keep(folder, name, &slip, 0o600)?;
        let nobody = ["lots", "--server", "http://127.0.0.1:1", "--token-file", text(&slip)?];
        run(&nobody)?.failed(1, &[name, "checksum", "copy the whole token again"])?;
    }
    let nowhere = ["lots", "--server", "http://127.0.0.1:1", "--token-file", text(&operator)?];
    run(&nowhere)?.failed(1, &["--server"])?;
    run(&["lots", "--server", "somewhere"])?.failed(1, &["is not the address of a service"])?;
    Ok(())
}

#[test]
fn a_webhook_is_made_shown_and_removed() -> Result<()> {
    let surface = Surface::open(2)?;
    surface.until("LOT-001", "response")?;
    let folder = surface.secretariat.folder.path();
    let donor = keep(folder, "donor", &surface.token("donor", "AA")?, 0o600)?;
    let there = |arguments: &[&str]| there(&surface, &donor, arguments);
    let receiver = Receiver::start(Temper::Ready)?;
    let url = receiver.url();

    there(&["webhook", "create", "https://127.0.0.1/"])?.failed(1, &["not a public address"])?;
    let create = ["webhook", "create", &url, "--kinds", "lot.matched", "--after", "0"];
    let made = there(&create)?.ok()?;
    ensure!(made.out.starts_with("whsec_") && made.err.contains("shown this once"), "{made:?}");
    let id = made.err.split(':').next().context("an id")?.to_owned();
    eventually("it has arrived", SOON, || Ok((!receiver.arrived().is_empty()).then_some(())))?;
    receiver.arrived()[0].is_signed(made.out.trim())?;

    let listed = there(&["webhook", "list"])?.ok()?;
    ensure!(listed.out.contains(&id) && listed.out.contains("arrives"), "{listed:?}");
    let pinged = there(&["webhook", "ping", &id])?.ok()?;
    ensure!(pinged.out.contains("answered 204"), "{pinged:?}");
    let shown = eventually("the attempt is kept", SOON, || {
        let shown = there(&["webhook", "show", &id])?.ok()?;
        Ok(shown.out.contains("waybill.lot.matched").then_some(shown))
    })?;
    ensure!(shown.out.contains("0 waiting, 0 failed"), "{shown:?}");
    ensure!(shown.out.lines().all(|line| line.chars().count() <= 80), "{}", shown.out);
    let position = receiver.taken()?[0]["position"].to_string();
    let again = there(&["webhook", "replay", &id, "--from", &position])?.ok()?;
    ensure!(again.out.starts_with("1 events"), "{again:?}");
    let rotated = there(&["webhook", "rotate", &id])?.ok()?;
    ensure!(rotated.out.starts_with("whsec_") && rotated.out != made.out, "{rotated:?}");

    receiver.becomes(Temper::Broken);
    there(&["webhook", "ping", &id])?.failed(1, &["was not delivered", "500"])?;
    there(&["webhook", "remove", &id])?.ok()?;
    there(&["webhook", "show", &id])?.failed(1, &["no webhook"])?;
    Ok(())
}
