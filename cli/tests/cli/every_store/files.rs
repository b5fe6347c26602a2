//! Files as offices save them, from the file to what `waybill lines` says; and what Waybill writes for
//! spreadsheets, which must not run there and is read back.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rust_xlsxwriter::{Format, Workbook};
use serde_json::Value;
use tempfile::TempDir;

use crate::coalition::{self, HEADER, row};
use crate::support::{Said, is_clean, run, text};

/// A data folder with a coalition and no lines.
struct Secretariat {
    folder: TempDir,
    data: PathBuf,
}

impl Secretariat {
    fn new() -> Result<Self> {
        let folder = TempDir::new()?;
        let dir = coalition::write(folder.path(), &[])?;
        let data = folder.path().join("data");
        run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
        Ok(Self { folder, data })
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        fs::write(&path, content)?;
        Ok(path)
    }

    fn run(&self, arguments: &[&str]) -> Result<Said> {
        run(&[arguments, &["--data", text(&self.data)?]].concat())
    }

    fn import(&self, path: &Path, more: &[&str]) -> Result<Said> {
        self.run(&[&["import", text(path)?], more].concat())
    }

    /// Hands in `content` as the file `name`.
    fn hand_in(&self, name: &str, content: impl AsRef<[u8]>) -> Result<Said> {
        self.import(&self.file(name, content)?, &[])
    }

    fn lines(&self) -> Result<Vec<Value>> {
        match self.run(&["lines", "--json"])?.json()? {
            Value::Array(lines) => Ok(lines),
            other => anyhow::bail!("no list of lines: {other}"),
        }
    }

    /// Id, item, quantity and estimate in minor units of each line.
    fn told(&self) -> Result<Vec<String>> {
        let line = |line: &Value| {
            let word = |name: &str| line[name].as_str().unwrap_or("none").to_owned();
            let minor = &line["unit_estimate"]["minor"];
            format!("{} {} {} {minor}", word("external_id"), word("item"), word("quantity"))
        };
        Ok(self.lines()?.iter().map(line).collect())
    }
}

fn csv(rows: &[String]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// A workbook with `rows` of text from row `first`, on a sheet for each name.
fn workbook(sheets: &[(&str, u32, &[String])]) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    for (name, first, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name)?;
        sheet.write(0, 0, "Requisition of the ministry")?;
        for (at, row) in (*first..).zip(rows.iter()) {
            for (column, cell) in (0..).zip(row.split(',')) {
                sheet.write(at, column, cell)?;
            }
        }
    }
    Ok(book.save_to_buffer()?)
}

#[test]
fn a_thousand_pieces_are_never_one() -> Result<()> {
    let secretariat = Secretariat::new()?;
    let thousand = row("X-1", 1).replace(",1,H87", ",1.000,H87");
    let readings = [
        "q1000.csv, row 2, field quantity, value \"1.000\": is 1 ",
        "or 1,000 ",
        "write 1 or 1000",
    ];
    secretariat.hand_in("q1000.csv", csv(std::slice::from_ref(&thousand)))?.failed(1, &readings)?;
    // The same from a JSON text, by an amendment, and by hand.
    let object = serde_json::json!({
        "external_id": "X-1", "requester": "REQ", "item": "Laptop", "kind": "goods",
        "classification": "30213100-6", "quantity": "1.000", "unit": "H87", "unit_estimate": "9.00",
        "currency": "EUR", "class": 1, "rank": 1, "requested": "2025-01-02", "consignee": "C1",
    });
    secretariat
        .hand_in("x.json", format!("[{object}]"))?
        .failed(1, &["field quantity", "or 1,000"])?;
    ensure!(secretariat.told()?.is_empty());
    let mapping = secretariat.file("mapping.toml", "decimal = \",\"\n")?;
    let german = csv(&[thousand.replace("100.00", "\"100,00\"")]);
    let path = secretariat.file("german.csv", german)?;
    secretariat.import(&path, &["--mapping", text(&mapping)?])?.ok()?;
    ensure!(secretariat.told()? == ["X-1 Laptop 1000 10000"], "{:?}", secretariat.told()?);
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn a_german_export_is_read_with_its_mapping() -> Result<()> {
    let secretariat = Secretariat::new()?;
    let rows = "Nr;Behörde;Artikel;Art;CPV;Menge;Einheit;Preis;Währung;Klasse;Rang;Datum;Bis;Ort\n\
        DE-1;REQ;Laptop;Ware;30213100-6;1.000;Stk;950,50;EUR;1;1;20.11.2026;31.03.2098;C1\n";
    let mapping = secretariat.file(
        "mapping.toml",
        "date = \"%d.%m.%Y\"\ndecimal = \",\"\n[columns]\nexternal_id = \"Nr\"\nrequester = \"Behörde\"\n\
         item = \"Artikel\"\nkind = \"Art\"\nclassification = \"CPV\"\nquantity = \"Menge\"\n\
         unit = \"Einheit\"\nunit_estimate = \"Preis\"\ncurrency = \"Währung\"\nclass = \"Klasse\"\n\
         rank = \"Rang\"\nrequested = \"Datum\"\nneeded_by = \"Bis\"\nconsignee = \"Ort\"\n\
         [codes.kind]\nWare = \"goods\"\n[codes.unit]\nStk = \"H87\"\n",
    )?;
    let path = secretariat.file("semicolon.csv", rows)?;
    secretariat.import(&path, &["--mapping", text(&mapping)?])?.ok()?;
    ensure!(secretariat.told()? == ["DE-1 Laptop 1000 95050"], "{:?}", secretariat.told()?);
    // A wrong separator is told with what seems to be the right one.
    let said =
        secretariat.import(&path, &["--mapping", text(&mapping)?, "--separator", "comma"])?;
    said.failed(1, &["separated by ';'", "--separator"])?;
    Ok(())
}

#[test]
fn utf_16_titles_and_other_sheets_are_taken_or_named() -> Result<()> {
    let secretariat = Secretariat::new()?;
    let marked = format!("\u{feff}{}", csv(&[row("U-1", 10)]));
    let utf_16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    secretariat.hand_in("utf16.csv", &utf_16)?.ok()?;
    secretariat
        .hand_in("unmarked.csv", &utf_16[2..])?
        .failed(1, &["UTF-16", "--encoding utf-16le"])?;

    let rows = [HEADER.to_owned(), row("T-1", 20)];
    let said = secretariat.hand_in("title.xlsx", workbook(&[("Needs", 1, &rows)])?)?.ok()?;
    ensure!(said.err.contains("title.xlsx: row 1, above the header in row 2"), "{}", said.err);
    let rows = [HEADER.to_owned(), row("C-1", 30)];
    let path =
        secretariat.file("cover.xlsx", workbook(&[("Cover", 0, &[]), ("Needs", 1, &rows)])?)?;
    secretariat.import(&path, &[])?.failed(1, &["cover.xlsx", "sheet Needs has all columns"])?;
    secretariat.import(&path, &["--sheet", "Needs"])?.ok()?;
    let told = secretariat.told()?;
    ensure!(
        told == ["U-1 Laptop 10 10000", "T-1 Laptop 20 10000", "C-1 Laptop 30 10000"],
        "{told:?}"
    );
    Ok(())
}

#[test]
fn a_cell_that_shows_zeros_keeps_them() -> Result<()> {
    let secretariat = Secretariat::new()?;
    secretariat.hand_in("twelve.csv", csv(&[row("12", 4)]))?.ok()?;
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let zeros = Format::new().set_num_format("0000");
    for (at, text) in (0..).zip([HEADER.to_owned(), row("0", 10)]) {
        for (column, cell) in (0..).zip(text.split(',')) {
            sheet.write(at, column, cell)?;
        }
    }
    sheet.write_number_with_format(1, 0, 12.0, &zeros)?;
    secretariat.hand_in("zeros.xlsx", book.save_to_buffer()?)?.ok()?;
    let told = secretariat.told()?;
    ensure!(told == ["12 Laptop 4 10000", "0012 Laptop 10 10000"], "{told:?}");
    Ok(())
}

#[test]
fn one_name_in_other_bytes_is_one_line() -> Result<()> {
    let secretariat = Secretariat::new()?;
    let composed = row("Réf-1", 10).replace("Laptop", "Routeur déporté");
    let apart = composed.replace('é', "e\u{301}");
    secretariat.hand_in("nfd.csv", csv(&[apart]))?.ok()?;
    let said = secretariat.hand_in("nfc.csv", csv(&[composed]))?.ok()?;
    ensure!(said.out.contains("0 new, 0 amended, 1 unchanged"), "{}", said.out);
    ensure!(secretariat.told()? == ["Réf-1 Routeur déporté 10 10000"], "{:?}", secretariat.told()?);
    let hidden = row("R\u{200b}-1", 1);
    secretariat
        .hand_in("hidden.csv", csv(&[hidden]))?
        .failed(1, &["row 2, field external_id", "U+200B"])?;
    let said = secretariat.hand_in("alike.csv", csv(&[row("R\u{415}Q-1", 1)]))?.ok()?;
    ensure!(said.err.contains("warning: alike.csv, row 2, field external_id"), "{}", said.err);
    ensure!(said.err.contains("the Cyrillic letter Е (U+0415)"), "{}", said.err);
    Ok(())
}

/// Cells that a spreadsheet would run.
fn live(csv: &str) -> Result<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv.as_bytes());
    let mut live = Vec::new();
    for record in reader.records() {
        for cell in &record? {
            let is_number = cell.parse::<f64>().is_ok();
            if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
                && !is_number
            {
                live.push(cell.to_owned());
            }
        }
    }
    Ok(live)
}

fn hostile() -> Vec<String> {
    [
        ("=1+1", "\"=HYPERLINK(\"\"http://x.invalid\"\",\"\"Laptop\"\")\""),
        ("-2+3", "+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "＝1+1"),
        ("'=1", "| a `b` *c*"),
    ]
    .iter()
    .map(|(id, item)| row(id, 2).replace("Laptop", item).replace("For a test", "\"-x\n=y, 'z\""))
    .collect()
}

#[test]
fn nothing_that_is_written_runs_in_a_spreadsheet_and_all_of_it_reads_back() -> Result<()> {
    let secretariat = Secretariat::new()?;
    secretariat.hand_in("cells.csv", csv(&hostile()))?.ok()?;
    let before = secretariat.lines()?;
    ensure!(before.len() == 4 && before[0]["external_id"] == "=1+1", "{before:?}");
    for arguments in [&["lines", "--csv"][..], &["lots", "--csv"], &["todo", "--csv"]] {
        let said = secretariat.run(arguments)?.ok()?;
        ensure!(live(&said.out)?.is_empty(), "{arguments:?}: {:?}", live(&said.out)?);
    }
    let listed = secretariat.run(&["lines", "--csv"])?.ok()?;
    let said = secretariat.hand_in("listed.csv", &listed.out)?.ok()?;
    ensure!(said.out.contains("0 new, 0 amended, 4 unchanged"), "{}", said.out);
    ensure!(secretariat.lines()? == before);
    // As a spreadsheet of another country saves it.
    let semicolons = {
        let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).from_reader(listed.out.as_bytes());
        for record in reader.records() {
            writer.write_record(&record?)?;
        }
        writer.into_inner().map_err(|error| error.into_error())?
    };
    let said = secretariat.hand_in("saved.csv", semicolons)?.ok()?;
    ensure!(said.out.contains("4 unchanged"), "{}", said.out);
    // One cell mended is one change.
    let changed = listed.out.replacen(",2,H87,", ",3,H87,", 1);
    let said = secretariat.hand_in("changed.csv", changed)?.ok()?;
    ensure!(said.out.contains("0 new, 1 amended, 3 unchanged"), "{}", said.out);
    ensure!(said.out.contains("quantity: 2 -> 3"), "{}", said.out);
    let mended = secretariat.lines()?;
    let lots = secretariat.run(&["lots", "--csv"])?.ok()?;
    let said = secretariat.hand_in("lots.csv", &lots.out)?.ok()?;
    ensure!(said.out.contains("lists 4 lots without changes"), "{}", said.out);
    let changed = lots.out.replacen(",2,", ",3,", 1);
    let named =
        ["row ", "field quantity, value \"3\": the lot has 2", "waybill amend REQ/", "quantity=N"];
    secretariat.hand_in("fewer.csv", changed)?.failed(1, &named)?;
    let unknown = lots.out.replacen("LOT-001,", "LOT-999,", 1);
    let named = ["field lot, value \"LOT-999\": this lot does not exist"];
    secretariat.hand_in("others.csv", unknown)?.failed(1, &named)?;
    ensure!(secretariat.lines()? == mended);
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn rejects_do_not_run_either_and_read_back() -> Result<()> {
    let secretariat = Secretariat::new()?;
    let rows: Vec<String> = hostile().iter().map(|row| row.replace("H87", "XX")).collect();
    let path = secretariat.file("cells.csv", csv(&rows).replace(',', ";"))?;
    // The cells of `hostile` hold commas, so the separator is put in by hand.
    fs::write(&path, csv(&rows))?;
    let rejects = secretariat.folder.path().join("rejects.csv");
    secretariat.import(&path, &["--keep-good", text(&rejects)?])?.ok()?;
    let written = fs::read_to_string(&rejects)?;
    ensure!(live(&written)?.is_empty(), "{:?}", live(&written)?);
    fs::write(&rejects, written.replace(",XX,", ",H87,"))?;
    secretariat.import(&rejects, &[])?.ok()?;
    let mended = secretariat.lines()?;
    let other = Secretariat::new()?;
    other.hand_in("cells.csv", csv(&hostile()))?.ok()?;
    let ids = |lines: &[Value]| -> Vec<Value> {
        let parts = |line: &Value| {
            serde_json::json!([line["external_id"], line["item"], line["description"]])
        };
        lines.iter().map(parts).collect()
    };
    ensure!(ids(&mended) == ids(&other.lines()?), "{mended:?}");
    Ok(())
}

#[test]
fn every_field_of_a_line_survives_its_listing() -> Result<()> {
    let secretariat = Secretariat::new()?;
    let full = format!(
        "{HEADER},together\nF-1,REQ,Cable,\"first\nsecond\",service,30213100-6,CPV,12.3450,KGM,1.2500,\
         BHD,2,7,2025-01-02,2026-01-02,C1,0.125,15,\"page 3, \"\"annex\"\"\",rack 4\n\
         F-2,REQ,Laptop,,licence,30213100-6,,5,H87,1500,JPY,3,8,2025-01-02,,C1,,,,\n"
    );
    secretariat.hand_in("full.csv", full)?.ok()?;
    let lines = secretariat.lines()?;
    ensure!(
        lines[0]["quantity"] == "12.345" && lines[0]["unit_estimate"]["minor"] == 1250,
        "{lines:?}"
    );
    let listed = secretariat.run(&["lines", "--csv"])?.ok()?.out;
    let header = listed.lines().next().context("a header")?;
    for field in waybill_shared::import::LINE_FIELDS {
        ensure!(header.split(',').any(|name| name == field), "{field} is not in {header}");
    }
    let said = secretariat.hand_in("listed.csv", &listed)?.ok()?;
    ensure!(said.out.contains("0 new, 0 amended, 2 unchanged"), "{}", said.out);
    // On fresh data it makes the same lines.
    let other = Secretariat::new()?;
    other.hand_in("listed.csv", &listed)?.ok()?;
    ensure!(other.run(&["lines", "--csv"])?.ok()?.out == listed);
    Ok(())
}

#[test]
fn a_line_end_in_a_cell_breaks_no_table() -> Result<()> {
    let secretariat = Secretariat::new()?;
    let item = row("N-1", 1).replace("Laptop", "\"Laptop\n14 | inch\"");
    let item = item.replace("For a test", "\"one\ntwo\"");
    secretariat.hand_in("n.csv", csv(&[item]))?.ok()?;
    let table = secretariat.run(&["lines"])?.ok()?.out;
    ensure!(table.lines().count() == 2, "{table}");
    let shown = secretariat.run(&["show", "N-1"])?.ok()?.out;
    ensure!(shown.contains("one two") || !shown.contains("one\ntwo"), "{shown}");
    Ok(())
}

#[test]
fn an_unknown_column_names_its_reference() -> Result<()> {
    let secretariat = Secretariat::new()?;
    let said = secretariat.hand_in("odd.csv", format!("{HEADER},budget\n{},1\n", row("B-1", 1)))?;
    said.failed(1, &["field budget: there is no such field", "docs/file-formats.md#requisitions"])?;
    Ok(())
}
