//! `waybill init`: a coalition to start with, and what becomes of it in the hands of those who fill it in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rust_xlsxwriter::Workbook;
use serde_json::Value;
use tempfile::TempDir;
use waybill_shared::import::read_coalition;

use crate::support::{Said, is_clean, run, text};

/// The tables of a folder, as a workbook calls them.
const SHEETS: [(&str, &str); 10] = [
    ("parties", "Parties"),
    ("contributions", "Money"),
    ("offers", "Offers"),
    ("requisitions", "Lines"),
    ("consignees", "Consignees"),
    ("codes", "Codes"),
    ("groups", "Groups"),
    ("charges", "Charges"),
    ("prohibited", "Prohibited"),
    ("rates", "Rates"),
];

/// A folder for what a test makes, and the data that it hands it in to.
struct Secretariat {
    folder: TempDir,
}

impl Secretariat {
    fn new() -> Result<Self> {
        Ok(Self { folder: TempDir::new()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `waybill init` with `more`, here.
    fn init(&self, more: &[&str]) -> Result<Said> {
        let mut command = crate::support::waybill(&[&["init"], more].concat());
        command.current_dir(self.folder.path());
        crate::support::finish(command)
    }

    fn import(&self, name: &str, more: &[&str]) -> Result<Said> {
        let (path, data) = (self.path(name), self.path("data"));
        run(&[&["import", text(&path)?, "--data", text(&data)?], more].concat())
    }

    fn ask(&self, arguments: &[&str]) -> Result<Said> {
        run(&[arguments, &["--data", text(&self.path("data"))?]].concat())
    }

    /// Id, item, quantity and estimate of each line.
    fn lines(&self) -> Result<Vec<String>> {
        let lines = self.ask(&["lines", "--json"])?.json()?;
        let word = |line: &Value, name: &str| line[name].as_str().unwrap_or("none").to_owned();
        let line = |line: &Value| {
            let minor = &line["unit_estimate"]["minor"];
            let (id, item) = (word(line, "external_id"), word(line, "item"));
            format!("{id} {item} {} {minor}", word(line, "quantity"))
        };
        Ok(lines.as_array().context("a list")?.iter().map(line).collect())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        Ok(fs::write(self.path(name), content)?)
    }
}

const EXAMPLE: [&str; 2] = ["REQ-1/1 Laptop 14 inch 100 95000", "REQ-1/2 Network router 20 25000"];

/// The sheets of a workbook as rows of text.
#[derive(Clone)]
struct Book(Vec<(String, Vec<Vec<String>>)>);

impl Book {
    /// The example, as somebody who types a workbook would have it.
    fn example() -> Result<Self> {
        let secretariat = Secretariat::new()?;
        secretariat.init(&["a", "--example", "--name", "Ours"])?.ok()?;
        let start = chrono::Utc::now().date_naive().to_string();
        let settings = [
            ["name", "currency", "zone", "start", "any_requester"],
            ["Ours", "EUR", "Europe/Brussels", &start, "false"],
        ];
        let row = |row: [&str; 5]| row.map(str::to_owned).to_vec();
        let mut sheets = vec![("Settings".to_owned(), settings.map(row).to_vec())];
        for (file, sheet) in SHEETS {
            let path = secretariat.path("a").join(format!("{file}.csv"));
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path)?;
            let rows = reader.records().map(|row| Ok(row?.iter().map(str::to_owned).collect()));
            sheets.push((sheet.to_owned(), rows.collect::<Result<_>>()?));
        }
        Ok(Self(sheets))
    }

    fn rows(&mut self, sheet: &str) -> &mut Vec<Vec<String>> {
        let found = self.0.iter_mut().find(|(name, _)| name == sheet);
        &mut found.expect("there is such a sheet").1
    }

    /// The cell of `column` in the row `row` below the header of `sheet`.
    fn cell(&mut self, sheet: &str, row: usize, column: &str) -> &mut String {
        let rows = self.rows(sheet);
        let at = rows[0].iter().position(|name| name == column).expect("there is such a column");
        &mut rows[row][at]
    }

    fn without(mut self, sheet: &str) -> Self {
        self.0.retain(|(name, _)| name != sheet);
        self
    }

    fn save(&self, path: &Path) -> Result<()> {
        let mut book = Workbook::new();
        for (name, rows) in &self.0 {
            let sheet = book.add_worksheet().set_name(name)?;
            for (at, row) in (0..).zip(rows) {
                for (column, cell) in (0..).zip(row).filter(|(_, cell)| !cell.is_empty()) {
                    sheet.write(at, column, cell)?;
                }
            }
        }
        Ok(book.save(path)?)
    }

    /// It is handed in, in an office of its own.
    fn handed_in(&self) -> Result<(Secretariat, Said)> {
        let secretariat = Secretariat::new()?;
        self.save(&secretariat.path("coalition.xlsx"))?;
        let said = secretariat.import("coalition.xlsx", &[])?;
        Ok((secretariat, said))
    }

    fn taken(&self) -> Result<(Secretariat, Said)> {
        let (secretariat, said) = self.handed_in()?;
        Ok((secretariat, said.ok()?))
    }

    /// It is refused with each of `parts`, and nothing of it is taken.
    fn refused(&self, parts: &[&str]) -> Result<Said> {
        let (secretariat, said) = self.handed_in()?;
        ensure!(!secretariat.path("data").exists(), "something was taken");
        said.failed(1, &[parts, &["hint:"]].concat())
    }
}

#[test]
fn a_folder_and_a_few_lines_of_ones_own() -> Result<()> {
    let secretariat = Secretariat::new()?;
    let said =
        secretariat.init(&["ours", "--name", "Our coalition", "--zone", "Europe/Kyiv"])?.ok()?;
    for part in ["Our coalition", "Europe/Kyiv", "waybill import ours --dry-run", "waybill serve"] {
        ensure!(said.out.contains(part), "{part}: {}", said.out);
    }
    secretariat.import("ours", &["--dry-run"])?.ok()?;
    let first = secretariat.import("ours", &[])?.ok()?;
    for part in ["no codes: any CPV code", "no consignees", "no offers", "no contributions"] {
        ensure!(first.out.contains(part), "{part}: {}", first.out);
    }
    // Somebody who has read the page of one file and nothing else.
    let lines = "external_id,requester,item,kind,classification,quantity,unit,unit_estimate,currency,class,rank,\
                 requested,consignee\n\
                 1/1,MOD,Laptop,goods,30213100-6,10,H87,900.00,EUR,1,1,2026-11-20,STORE\n\
                 1/2,MOD,Repair,service,50312000,4.5,HUR,80,EUR,1,2,2026-11-20,STORE\n";
    secretariat.write("requisitions.csv", lines)?;
    let said = secretariat.import("requisitions.csv", &[])?.ok()?;
    ensure!(said.out.starts_with("2 new, 0 amended, 0 unchanged, 0 refused"), "{}", said.out);
    ensure!(
        secretariat.lines()? == ["1/1 Laptop 10 90000", "1/2 Repair 4.5 8000"],
        "{:?}",
        secretariat.lines()?
    );
    // Or the file that came with the folder.
    let more = lines
        .replace("1/1,", "2/1,")
        .replace("1/2,", "2/2,")
        .replace("10,H87", "11,H87")
        .replace("4.5", "5");
    secretariat.write("ours/requisitions.csv", more)?;
    let said = secretariat.import("ours", &[])?.ok()?;
    ensure!(said.out.contains("requisitions.csv: 2 new"), "{}", said.out);
    ensure!(!said.out.contains("no codes"), "what was said is not said again: {}", said.out);
    let again = secretariat.import("ours", &[])?.ok()?;
    ensure!(again.out.contains("0 new, 0 amended, 2 unchanged"), "{}", again.out);
    is_clean(&secretariat.path("data"))?;
    Ok(())
}

#[test]
fn the_example_is_the_same_in_files_and_in_a_workbook_of_each_language() -> Result<()> {
    for language in ["en", "fr", "uk"] {
        let secretariat = Secretariat::new()?;
        let how = ["--example", "--name", "Ours", "--language", language];
        secretariat.init(&[&["folder"], &how[..]].concat())?.ok()?;
        let said = secretariat.init(&[&["--workbook", "b.xlsx"], &how[..]].concat())?.ok()?;
        ensure!(said.out.contains("made b.xlsx"), "{}", said.out);
        let (mut files, mut book) = (
            read_coalition(&secretariat.path("folder"))?,
            read_coalition(&secretariat.path("b.xlsx"))?,
        );
        ensure!(files.requisitions.len() == 1 && book.requisitions.len() == 1);
        // The workbook has no sheets for these.
        (files.groups, files.charges) = (Vec::new(), Vec::new());
        files.requisitions.clear();
        book.requisitions.clear();
        ensure!(files == book, "{language}: {files:?}\n{book:?}");
        ensure!(!files.parties.is_empty() && !files.offers.is_empty() && files.codes.is_empty());
        secretariat.import("b.xlsx", &[])?.ok()?;
        ensure!(secretariat.lines()? == EXAMPLE, "{:?}", secretariat.lines()?);
        // A workbook is handed in again whenever it has changed.
        let again = secretariat.import("b.xlsx", &[])?.ok()?;
        ensure!(again.out.contains("0 new, 0 amended, 2 unchanged"), "{}", again.out);
        let events = is_clean(&secretariat.path("data"))?;
        let folder = secretariat.import("folder", &[])?.ok()?;
        ensure!(folder.out.contains("0 new, 0 amended, 2 unchanged"), "{}", folder.out);
        ensure!(is_clean(&secretariat.path("data"))? > events);
    }
    Ok(())
}

#[test]
fn a_template_without_rows_can_be_handed_in() -> Result<()> {
    for language in ["en", "fr", "uk"] {
        let secretariat = Secretariat::new()?;
        secretariat.init(&["w", "--workbook", "--language", language])?.ok()?;
        let said = secretariat.import("w/coalition.xlsx", &[])?.ok()?;
        ensure!(said.out.contains("coalition `coalition`"), "{}", said.out);
        ensure!(said.out.contains("any requester is accepted"), "{}", said.out);
        ensure!(said.err.is_empty(), "the guide is no sheet to speak of: {}", said.err);
    }
    Ok(())
}

#[test]
fn nothing_that_is_there_is_overwritten() -> Result<()> {
    let secretariat = Secretariat::new()?;
    fs::create_dir(secretariat.path("mine"))?;
    secretariat.write("mine/notes.txt", "mine")?;
    let said = secretariat.init(&["mine"])?;
    said.failed(1, &["mine is not empty: it contains 1 entry", "name a new folder"])?;
    ensure!(fs::read_dir(secretariat.path("mine"))?.count() == 1);
    secretariat
        .init(&["mine/notes.txt"])?
        .failed(1, &["mine/notes.txt is a file", "name a new folder"])?;
    secretariat.write("b.xlsx", "mine")?;
    secretariat
        .init(&["--workbook", "b.xlsx"])?
        .failed(1, &["b.xlsx already exists", "name a new file"])?;
    ensure!(fs::read(secretariat.path("b.xlsx"))? == b"mine");
    secretariat
        .init(&["--workbook", "mine"])?
        .failed(1, &["mine is not the name of a workbook", "FILE.xlsx"])?;
    secretariat
        .init(&["new", "--zone", "Brussels"])?
        .failed(1, &["Brussels", "did you mean `Europe/Brussels`?"])?;
    secretariat.init(&["new", "--name", " "])?.failed(1, &["name is empty"])?;
    secretariat.init(&[])?.failed(1, &["<DIR>"])?;
    ensure!(!secretariat.path("new").exists());
    // An empty folder is as good as none.
    fs::create_dir(secretariat.path("empty"))?;
    let made = secretariat.init(&["empty", "--json"])?.json()?;
    ensure!(made["files"].as_array().is_some_and(|files| files.len() > 10), "{made}");
    ensure!(made["next"][1] == "waybill import empty", "{made}");
    Ok(())
}

#[test]
fn without_a_pipeline_or_calendar_the_usual_one_holds_in_the_coalitions_zone() -> Result<()> {
    let columns = ["cron", "list", "--columns", "act,at,zone"];
    for has_pipeline in [true, false] {
        let secretariat = Secretariat::new()?;
        secretariat.init(&["ours", "--zone", "Europe/Kyiv"])?.ok()?;
        let pipeline = secretariat.path("ours/pipeline.toml");
        if has_pipeline {
            let said = fs::read_to_string(&pipeline)?;
            let (steps, _) = said.split_once("[[cron]]").context("a calendar")?;
            fs::write(&pipeline, steps)?;
        } else {
            fs::remove_file(&pipeline)?;
        }
        let said = secretariat.import("ours", &[])?.ok()?;
        let calendar = "lapse at 00:05, rematch at 00:10, chase at 00:15, each day, in Europe/Kyiv";
        ensure!(said.out.contains(calendar), "{}", said.out);
        ensure!(said.out.contains("no pipeline.toml") != has_pipeline, "{}", said.out);
        let listed = secretariat.ask(&columns)?.ok()?.out;
        for act in ["lapse", "rematch", "chase"] {
            ensure!(listed.contains(act) && listed.contains("Europe/Kyiv"), "{listed}");
        }
        let doctor = secretariat.ask(&["doctor", "--json"])?;
        ensure!(doctor.out.contains("schedules no lapse, rematch, chase"), "{}", doctor.out);
    }
    // As the folder comes, its own calendar holds.
    let secretariat = Secretariat::new()?;
    secretariat.init(&["ours", "--zone", "Europe/Kyiv"])?.ok()?;
    let said = secretariat.import("ours", &[])?.ok()?;
    ensure!(!said.out.contains("no calendar"), "{}", said.out);
    let listed = secretariat.ask(&columns)?.ok()?.out;
    ensure!(listed.contains("digest") && listed.matches("Europe/Kyiv").count() == 4, "{listed}");
    Ok(())
}

#[test]
fn without_codes_those_of_the_cpv_are_known_and_no_others() -> Result<()> {
    let secretariat = Secretariat::new()?;
    secretariat.init(&["ours", "--example"])?.ok()?;
    secretariat.import("ours", &[])?.ok()?;
    let lines = fs::read_to_string(secretariat.path("ours/requisitions.csv"))?;
    let other = lines.replace("REQ-1/", "REQ-2/");
    secretariat.write("wrong.csv", other.replace("30213100-6", "30213100-7"))?;
    let said = secretariat.import("wrong.csv", &[])?;
    let parts = [
        "wrong.csv, row 2, field classification, value \"30213100-7\"",
        "did you mean `30213100-6`?",
    ];
    said.failed(1, &parts)?;
    // Where codes are listed, they are all there are.
    secretariat.write("ours/codes.csv", "scheme,code,name\nCPV,30213100-6,Portable computers\n")?;
    let said = secretariat.import("ours", &[])?.ok()?;
    ensure!(said.out.contains("codes: 1 new"), "{}", said.out);
    secretariat.write("other.csv", other)?;
    secretariat
        .import("other.csv", &[])?
        .failed(1, &["row 3, field classification, value \"32413100-2\""])?;
    Ok(())
}

#[test]
fn all_that_is_wrong_with_settings_and_files_is_said_at_once() -> Result<()> {
    let secretariat = Secretariat::new()?;
    secretariat.init(&["ours"])?.ok()?;
    secretariat.write(
        "ours/coalition.toml",
        "nam = \"Ours\"\ncurrency = \"EURO\"\nzone = \"Brussels\"\nstart = 2026-01-01\nany_requester = \"yes\"\n",
    )?;
    secretariat.import("ours", &[])?.failed(
        1,
        &[
            "coalition.toml, field nam: there is no such key\n  hint: did you mean `name`?",
            "coalition.toml, field name: the key is missing",
            "coalition.toml, field currency, value \"EURO\"",
            "coalition.toml, field zone, value \"Brussels\": is not a time zone\n  hint: did you \
             mean `Europe/Brussels`?",
            "coalition.toml, field start, value \"2026-01-01\": must be a text",
            "coalition.toml, field any_requester, value \"yes\": must be true or false",
        ],
    )?;
    let secretariat = Secretariat::new()?;
    secretariat.init(&["ours"])?.ok()?;
    fs::remove_file(secretariat.path("ours/parties.csv"))?;
    fs::remove_file(secretariat.path("ours/contributions.csv"))?;
    secretariat.import("ours", &[])?.failed(
        1,
        &[
            "parties.csv: there is no such file",
            "id, name, role, from, evidence",
            "contributions.csv: there is no such file",
        ],
    )?;
    for optional in ["offers", "consignees", "codes", "groups", "charges", "prohibited", "rates"] {
        let secretariat = Secretariat::new()?;
        secretariat.init(&["ours"])?.ok()?;
        fs::remove_file(secretariat.path(&format!("ours/{optional}.csv")))?;
        secretariat.import("ours", &[])?.ok()?;
    }
    Ok(())
}

#[test]
fn a_workbook_is_taken_however_people_keep_it() -> Result<()> {
    // Headings in another language, columns in another order, in another case.
    let mut book = Book::example()?;
    let header = &mut book.rows("Lines")[0];
    for (name, heading) in [("item", "Article"), ("quantity", "КІЛЬКІСТЬ"), ("unit", " Unit ")]
    {
        let at = header.iter().position(|there| there == name).context("a column")?;
        header[at] = heading.to_owned();
    }
    book.rows("Parties").iter_mut().for_each(|row| row.reverse());
    // Titles above, blank rows between, a sheet of one's own, one renamed, an optional column removed.
    let lines = book.rows("Lines");
    lines.insert(0, vec!["Needs of the ministry, agreed on Monday".to_owned()]);
    lines.insert(3, Vec::new());
    lines.push(vec![String::new()]);
    for row in book.rows("Money") {
        row.pop();
    }
    book.0.push(("Calculation".to_owned(), vec![vec!["=".to_owned(), "7".to_owned()]]));
    for (name, _) in &mut book.0 {
        if name == "Offers" {
            *name = "Prices 2026".to_owned();
        }
    }
    let (secretariat, said) = book.taken()?;
    ensure!(secretariat.lines()? == EXAMPLE, "{:?}", secretariat.lines()?);
    for part in [
        "sheet `Prices 2026` is read as `Offers` because of its header",
        "not read, because no table of a coalition has this name: `Calculation`",
        "row 1, above the header in row 2, is skipped",
    ] {
        ensure!(said.err.contains(part), "{part}: {}", said.err);
    }
    ensure!(said.out.contains("offers: 2 new"), "{}", said.out);
    Ok(())
}

#[test]
fn a_sheet_that_was_deleted_is_named_if_it_is_needed() -> Result<()> {
    let book = Book::example()?;
    let (_office, said) = book.clone().without("Offers").without("Rates").taken()?;
    ensure!(said.out.contains("no offers: lines wait"), "{}", said.out);
    book.clone()
        .without("Money")
        .refused(&["coalition.xlsx: there is no sheet `Money`", "Contribution, Donors"])?;
    let both = book.clone().without("Parties").without("Settings");
    both.refused(&["there is no sheet `Settings`", "there is no sheet `Parties`"])?;
    let (secretariat, _) = book.without("Lines").taken()?;
    ensure!(secretariat.lines()?.is_empty());
    Ok(())
}

#[test]
fn what_is_typed_wrongly_is_named_with_its_sheet() -> Result<()> {
    let wrong = |sheet: &str, row: usize, column: &str, text: &str, parts: &[&str]| {
        let mut book = Book::example()?;
        text.clone_into(book.cell(sheet, row, column));
        let place = format!(
            "coalition.xlsx, sheet {sheet}, row {}, field {column}, value {text:?}",
            row + 1
        );
        let said = book.refused(&[parts, &[&place]].concat())?;
        ensure!(!said.err.contains("mapping"), "no mapping can be given: {}", said.err);
        Ok(())
    };
    wrong("Parties", 1, "role", "Membre", &["did you mean `member`?"])?;
    wrong("Lines", 1, "kind", "hardware", &["goods, licence, service"])?;
    wrong("Lines", 2, "unit", "pcs", &["H87 (piece)"])?;
    wrong("Lines", 1, "requested", "30.11.2026", &["is not a date", "write it as 2025-12-31"])?;
    wrong("Lines", 1, "unit_estimate", "950,50", &["decimal comma", "write 950.50"])?;
    wrong("Money", 1, "amount", "250.000,00", &["write 250000.00"])?;
    wrong("Offers", 1, "currency", "EURO", &["EUR or DKK"])?;
    wrong(
        "Offers",
        1,
        "supplier",
        "MAKR",
        &["did you mean `MAKER`?", "add it to the sheet `Parties`"],
    )?;
    wrong("Settings", 1, "zone", "Kyiv", &["did you mean `Europe/Kyiv`?"])?;
    wrong("Settings", 1, "any_requester", "perhaps", &["true, false"])?;
    Ok(())
}

#[test]
fn what_a_workbook_has_too_much_of_is_named() -> Result<()> {
    let mut book = Book::example()?;
    let mut second = book.rows("Settings")[1].clone();
    second[0] = "Theirs".to_owned();
    book.rows("Settings").push(second);
    book.refused(&["sheet Settings, row 3", "a second row of settings"])?;
    let mut book = Book::example()?;
    book.rows("Settings").truncate(1);
    book.refused(&["sheet Settings: has no row below its header"])?;
    // A column that this version does not know, such as one of a newer template.
    let mut book = Book::example()?;
    for row in book.rows("Lines") {
        row.push("colour".to_owned());
    }
    book.refused(&["coalition.xlsx, sheet Lines, field colour: there is no such field"])?;
    let mut book = Book::example()?;
    let copy = book.rows("Parties").clone();
    book.0.push(("Сторони".to_owned(), copy));
    book.refused(&["sheets `Parties` and `Сторони` are both parties"])?;
    Ok(())
}

#[test]
fn a_sheet_of_lines_alone_is_still_a_file_of_lines() -> Result<()> {
    let mut book = Book::example()?;
    let (secretariat, _) = book.clone().without("Lines").taken()?;
    book.0.retain(|(name, _)| name == "Lines");
    book.save(&secretariat.path("more.xlsx"))?;
    let said = secretariat.import("more.xlsx", &[])?.ok()?;
    ensure!(said.out.starts_with("2 new"), "{}", said.out);
    // And a sheet of a whole one, if it is named.
    let whole = Book::example()?;
    whole.save(&secretariat.path("whole.xlsx"))?;
    let said = secretariat.import("whole.xlsx", &["--sheet", "Lines"])?.ok()?;
    ensure!(said.out.starts_with("0 new, 0 amended, 2 unchanged"), "{}", said.out);
    Ok(())
}
