//! The page for those who have no system of their own.

use anyhow::{Result, ensure};
use serde_json::json;

use super::surface::{Answer, Surface, row};

const BOUNDARY: &str = "waybill-test-boundary";

/// Sends the form with these fields, and a file.
pub(crate) fn send(
    surface: &Surface,
    fields: &[(&str, &str)],
    file: Option<(&str, &str)>,
) -> Result<Answer> {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    if let Some((name, text)) = file {
        body.push_str(&format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             content-type: application/octet-stream\r\n\r\n{text}\r\n"
        ));
    }
    body.push_str(&format!("--{BOUNDARY}--\r\n"));
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    surface.send(surface.request("POST", "/upload")?.header("content-type", kind).body(body))
}

#[test]
fn an_order_is_answered_despatched_and_received_on_the_page() -> Result<()> {
    let surface = Surface::open(5)?;
    let lot = surface.until("LOT-001", "response")?;
    let order = lot["order"].as_str().unwrap_or_default().to_owned();
    let page = surface.send(surface.request("GET", "/upload")?)?.is(200)?;
    ensure!(page.text.contains("<form") && !page.text.contains("<script"), "{page:?}");
    ensure!(page.headers["content-security-policy"].contains("default-src 'none'"), "{page:?}");

    let supplier = surface.token("supplier", "SUP")?;
    let say = |token: &str, kind: &str, number: &str, lines: &str| {
        let fields = [
            ("token", token),
            ("kind", kind),
            ("number", number),
            ("order", &order),
            ("lines", lines),
        ];
        send(&surface, &fields, None)
    };
    let answer = say(&supplier, "order_response", "OR-1", "")?.is(200)?;
    ensure!(
        answer.text.contains("It was accepted.") && !answer.text.contains(&supplier),
        "{answer:?}"
    );
    let again = say(&supplier, "order_response", "OR-1", "")?.is(200)?;
    ensure!(again.text.contains("already accepted earlier"), "{again:?}");
    surface.until("LOT-001", "delivery")?;
    for (lines, part) in [
        ("LOT-001", "line 1: write a lot and a quantity"),
        ("\nLOT-001 many", "line 2"),
        ("nothing 5", "`nothing` is not the id of a lot"),
        ("<b> 5", "&lt;b&gt;"),
    ] {
        let wrong = say(&supplier, "despatch_advice", "DA-1", lines)?.is(422)?;
        ensure!(wrong.text.contains(part), "`{part}` is missing: {wrong:?}");
    }
    say(&supplier, "despatch_advice", "DA-1", "LOT-001 5")?.is(200)?;
    let stranger = surface.token("recipient", "C1")?;
    let wrong = say(&stranger, "despatch_advice", "DA-2", "LOT-001 5")?.is(403)?;
    ensure!(wrong.text.contains("role recipient"), "{wrong:?}");
    say(&stranger, "receipt_advice", "RA-1", "LOT-001; 4; 1")?.is(200)?;
    surface.until("LOT-001", "payment")?;
    surface.until("LOT-001.1", "delivery")?;

    let nobody = say("wbt_no_body", "receipt_advice", "RA-1", "LOT-001 5")?.is(401)?;
    ensure!(nobody.text.contains("not valid"), "{nobody:?}");
    Ok(())
}

#[test]
fn requisitions_are_handed_in_as_a_file() -> Result<()> {
    let surface = Surface::open(1)?;
    let requester = surface.token("requester", "REQ")?;
    let rows = json!([row("U-1", "REQ", 2), row("U-2", "REQ", 3)]).to_string();
    let fields = [("token", requester.as_str()), ("kind", "requisitions")];
    let answer = send(&surface, &fields, Some(("lines.json", &rows)))?.is(200)?;
    ensure!(answer.text.contains("2 new"), "{answer:?}");
    let other = json!([row("U-3", "REQ2", 2)]).to_string();
    let wrong = send(&surface, &fields, Some(("lines.json", &other)))?.is(422)?;
    ensure!(wrong.text.contains("Row 1, requester"), "{wrong:?}");
    let wrong = send(&surface, &fields, Some(("lines.exe", &rows)))?.is(422)?;
    ensure!(wrong.text.contains("lines.exe"), "{wrong:?}");
    send(&surface, &fields, None)?.is(422)?;
    surface.until("LOT-003", "response")?;
    Ok(())
}
