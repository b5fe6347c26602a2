//! Workbooks as people send them, and as they do not.

use std::io::{Cursor, Read as _, Write as _};

use anyhow::{Result, ensure};
use rust_xlsxwriter::{Image, Workbook};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::surface::{Answer, Surface};
use crate::support::text;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A picture of one colour, one MiB of it.
fn picture() -> Vec<u8> {
    const SIDE: u32 = 512;
    let pixels = vec![0xEE; (SIDE * SIDE * 4) as usize];
    let mut picture = b"BM".to_vec();
    for long in [54 + pixels.len() as u32, 0, 54, 40, SIDE, SIDE, 1 | 32 << 16, 0] {
        picture.extend(long.to_le_bytes());
    }
    picture.extend((pixels.len() as u32).to_le_bytes());
    picture.extend([0; 16]);
    picture.extend(pixels);
    picture
}

/// A sheet with one line, and a picture beside it.
fn sheet(id: &str) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let line = [
        ("external_id", id),
        ("requester", "REQ"),
        ("item", "Laptop"),
        ("kind", "goods"),
        ("classification", "30213100-6"),
        ("quantity", "1"),
        ("unit", "H87"),
        ("unit_estimate", "100.00"),
        ("currency", "EUR"),
        ("class", "1"),
        ("rank", "1"),
        ("requested", "2025-01-02"),
        ("consignee", "C1"),
    ];
    for (column, (name, value)) in (0..).zip(line) {
        sheet.write(0, column, name)?.write(1, column, value)?;
    }
    sheet.insert_image(4, 0, &Image::new_from_buffer(&picture())?)?;
    Ok(book.save_to_buffer()?)
}

/// `book`, each of whose parts `change` may change; and what `more` adds to it.
fn changed(
    book: Vec<u8>,
    change: impl Fn(&str, Vec<u8>) -> Vec<u8>,
    more: &[(&str, &[u8])],
) -> Result<Vec<u8>> {
    let mut old = ZipArchive::new(Cursor::new(book))?;
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for at in 0..old.len() {
        let mut part = old.by_index(at)?;
        let mut content = Vec::new();
        part.read_to_end(&mut content)?;
        let name = part.name()?.into_owned();
        new.start_file(&name, options)?;
        new.write_all(&change(&name, content))?;
    }
    for (name, content) in more {
        new.start_file(*name, options)?;
        new.write_all(content)?;
    }
    Ok(new.finish()?.into_inner())
}

fn hand_in(surface: &Surface, token: &str, book: Vec<u8>) -> Result<Answer> {
    let request = surface.request("POST", "/v1/requisitions")?.bearer_auth(token);
    surface.send(request.header("content-type", XLSX).body(book))
}

#[test]
fn a_picture_beside_the_lines_is_no_text() -> Result<()> {
    let surface = Surface::open(1)?;
    let requester = surface.token("requester", "REQ")?;
    let answer = hand_in(&surface, &requester, sheet("W-1")?)?.is(200)?.json()?;
    ensure!(answer["new"] == 1, "{answer}");
    let file = surface.secretariat.folder.path().join("w.xlsx");
    std::fs::write(&file, sheet("W-2")?)?;
    let data = text(&surface.secretariat.data)?;
    crate::support::run(&["import", text(&file)?, "--data", data])?.ok()?;
    ensure!(surface.get(&requester, "/v1/lines/W-2")?.is(200)?.text.contains("Laptop"));

    // A picture that is named as the sheet is none: what is no XML is not read as such, however long it is.
    let named = changed(
        sheet("W-3")?,
        |name, content| match name {
            "xl/_rels/workbook.xml.rels" => String::from_utf8_lossy(&content)
                .replace("worksheets/sheet1.xml", "media/image1.bmp")
                .into_bytes(),
            _ => content,
        },
        &[],
    )?;
    hand_in(&surface, &requester, named)?.problem(422, "refused", &["cannot be read"])?;
    Ok(())
}

#[test]
fn a_workbook_is_told_what_it_has_too_much_of_and_how_much_is_read() -> Result<()> {
    let surface = Surface::open(1)?;
    let requester = surface.token("requester", "REQ")?;
    let long = "x".repeat(600_000);
    let text = format!("<sst uniqueCount=\"1\"><si><t>{long}</t></si></sst>");
    let shared = |said: String| {
        move |name: &str, content: Vec<u8>| match name {
            "xl/sharedStrings.xml" => said.clone().into_bytes(),
            _ => content,
        }
    };
    let refused = |book: Vec<u8>, status, kind: &str, parts: &[&str]| -> Result<()> {
        hand_in(&surface, &requester, book)?.problem(status, kind, parts).map(drop)
    };
    let parts = ["`xl/sharedStrings.xml`", "600002 bytes", "the limit is 512 KiB"];
    refused(changed(sheet("W-1")?, shared(text), &[])?, 413, "too_large", &parts)?;
    let claim = "<sst uniqueCount=\"99999999\"/>".to_owned();
    let parts = ["`xl/sharedStrings.xml`", "99999999 texts"];
    refused(changed(sheet("W-1")?, shared(claim), &[])?, 422, "refused", &parts)?;
    let large = vec![0xEE; 65 << 20];
    let more: [(&str, &[u8]); 1] = [("xl/media/image2.emf", &large)];
    let parts = ["more than 64 MiB when unpacked"];
    refused(changed(sheet("W-1")?, |_, content| content, &more)?, 413, "too_large", &parts)?;
    Ok(())
}
