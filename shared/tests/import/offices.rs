//! Files as offices save them: what they mean, or what is said of them.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::import::{ReadOptions, Separator, read_lines, write_rejects};

use super::{HEADER, ROW, complaints, csv, place, read, read_mapped, refusal, row};

/// What is read of `ROW` with other values in some fields.
fn line(changes: &[(&str, &str)]) -> waybill_shared::domain::requisition::Line {
    let lines = read("a.csv", csv(&[&row(changes)])).expect("read");
    assert!(lines.bad.is_empty(), "{changes:?}: {:?}", lines.bad);
    lines.good[0].line.clone()
}

/// A workbook of one sheet.
fn workbook(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    book.save_to_buffer().expect("a workbook")
}

fn column(field: &str) -> u16 {
    let at = HEADER.split(',').position(|name| name == field).expect("a field");
    u16::try_from(at).expect("few columns")
}

/// Writes the header and `ROW` into `sheet`, from row `first`.
fn fill(sheet: &mut Worksheet, first: u32) {
    for (line, text) in (first..).zip([HEADER, ROW]) {
        for (column, cell) in (0..).zip(text.split(',')) {
            sheet.write(line, column, cell).expect("written");
        }
    }
}

#[test]
fn a_number_with_two_readings_is_refused_with_both() {
    for (changes, told) in [
        (&[("quantity", "1.000")][..], "is 1 if the point is a decimal mark, or 1,000"),
        (&[("quantity", "\"1,000\"")], "is 1 if the comma is a decimal mark, or 1,000"),
        (
            &[("quantity", "12.500"), ("unit", "KGM")],
            "is 12.5 if the point is a decimal mark, or 12,500",
        ),
        (&[("quantity", "12.345"), ("unit", "KGM")], "write 12.345 or 12345"),
        (&[("quantity", "1.500")], "is 1.5 if the point is a decimal mark, or 1,500"),
        (&[("unit_estimate", "1.000")], "is 1 if the point is a decimal mark, or 1,000"),
        (
            &[("unit_estimate", "1.250"), ("currency", "BHD")],
            "is 1.25 if the point is a decimal mark, or 1,250",
        ),
        (&[("unit_estimate", "1.000"), ("currency", "JPY")], "write 1 or 1000"),
        (&[("quantity", "\"1,5\""), ("unit", "KGM")], "write 1.5, or set `decimal"),
        (&[("quantity", "1.000.000")], "write 1000000, or set `decimal"),
        (&[("unit_estimate", "\"1.250,50\"")], "write 1250.50, or set `decimal"),
        (&[("smallest_lot", "1.000")], "or 1,000"),
    ] {
        let all = complaints(&[&row(changes)]);
        assert_eq!(all.len(), 1, "{changes:?}: {all:?}");
        assert!(all[0].contains(told), "{changes:?}: {}", all[0]);
        assert!(all[0].starts_with("requests.csv, row 2, field "), "{}", all[0]);
    }
    for odd in
        ["1e3", "+5", "\"5,-\"", "€5", "5 EUR", "１０", "١٠", "1.0.0", "\"1,00\"", "0x10", "−5"]
    {
        let all = complaints(&[&row(&[("quantity", odd)])]);
        assert!(all.len() == 1 && all[0].contains("field quantity"), "{odd}: {all:?}");
    }
}

#[test]
fn a_number_with_one_reading_is_read() {
    for (written, thousandths) in [
        ("1 000", 1_000_000),
        ("1\u{a0}000", 1_000_000),
        ("1\u{202f}000", 1_000_000),
        ("1'000", 1_000_000),
        ("\"1,000,000\"", 1_000_000_000),
        ("\"1,000.0\"", 1_000_000),
        ("10.0", 10_000),
        ("10.00", 10_000),
        ("1000.000", 1_000_000),
    ] {
        assert_eq!(line(&[("quantity", written)]).quantity, Quantity(thousandths), "{written}");
    }
    let kilograms = [("quantity", "0.125"), ("unit", "KGM")];
    assert_eq!(line(&kilograms).quantity, Quantity(125));
    assert_eq!(line(&[("unit_estimate", "\"1,100.50\"")]).unit_estimate.minor, 110_050);
}

#[test]
fn a_mapping_says_which_reading_is_meant() {
    let read = |quantity: &str, decimal: &str| {
        let text = csv(&[&row(&[("quantity", quantity), ("unit_estimate", "1100")])]);
        let lines = read_mapped("a.csv", text, &format!("decimal = \"{decimal}\""));
        let lines = lines.expect("read");
        let error = lines.bad.first().map(|bad| bad.errors[0].to_string());
        (lines.good.first().map(|good| good.line.quantity.0 / 1000), lines.warnings.len(), error)
    };
    assert_eq!(read("1.000", ","), (Some(1000), 0, None));
    assert_eq!(read("\"1,000\"", "."), (Some(1000), 0, None));
    // Nobody writes pieces with decimals, unless a program does.
    assert_eq!(read("1.000", "."), (Some(1), 1, None));
    assert_eq!(read("\"1,000\"", ","), (Some(1), 1, None));
    let (taken, _, error) = read("1.500", ".");
    let told = "counted in whole numbers; with a thousands separator it is 1,500";
    assert!(taken.is_none() && error.as_ref().is_some_and(|text| text.contains(told)), "{error:?}");
}

#[test]
fn a_number_of_a_workbook_or_of_json_is_that_number() {
    let book = |value: f64, format: &str| {
        workbook(|sheet| {
            fill(sheet, 0);
            let format = Format::new().set_num_format(format);
            let at = column("quantity");
            sheet.write_number_with_format(1, at, value, &format).expect("written");
        })
    };
    for mapping in ["decimal = \",\"", "decimal = \".\"", ""] {
        let prices = if mapping.contains(',') { "1100,00" } else { "1100.00" };
        let _ = prices;
        for (value, format) in [(1000.0, "#,##0.000"), (1000.0, "General"), (1000.0, "0.00E+00")] {
            let lines = read_mapped(
                "a.xlsx",
                book(value, format),
                &format!("{mapping}\n[constants]\nunit_estimate = \"1100\""),
            );
            let lines = lines.expect("read");
            assert_eq!(lines.good[0].line.quantity, Quantity::whole(1000), "{format} {mapping}");
            assert!(lines.warnings.is_empty());
        }
    }
    // A text in a workbook is a text.
    let text = workbook(|sheet| {
        fill(sheet, 0);
        sheet.write(1, column("quantity"), "1.000").expect("written");
    });
    let lines = read("a.xlsx", text).expect("read");
    assert!(lines.bad[0].errors[0].what.contains("or 1,000"), "{:?}", lines.bad);
}

#[test]
fn a_code_is_what_its_cell_shows() {
    let book = |value: f64, format: &str| {
        workbook(|sheet| {
            fill(sheet, 0);
            let format = Format::new().set_num_format(format);
            sheet.write_number_with_format(1, 0, value, &format).expect("written");
        })
    };
    for (value, format, id) in [
        (12.0, "0000", "0012"),
        (12.0, "General", "12"),
        (7.0, "\"REQ-\"000", "REQ-007"),
        (1_234_567_890_123.0, "General", "1234567890123"),
        (1.5, "General", "1.5"),
    ] {
        let lines = read("a.xlsx", book(value, format)).expect("read");
        assert!(lines.bad.is_empty(), "{format}: {:?}", lines.bad);
        assert_eq!(lines.good[0].line.external_id, id, "{format}");
    }
    for (value, format, what) in [
        (0.12, "0%", "a percentage"),
        (1_234_567_890_123.0, "0.00E+00", "scientific notation"),
        (1234.0, "#,##0", "thousands separators"),
        (46_000.0, "dd.mm.yyyy", "a day"),
        (12.6, "0", "rounded"),
        (12_345_678_901_234_567.0, "General", "more than 15 digits"),
    ] {
        let lines = read("a.xlsx", book(value, format)).expect("read");
        let error = lines.bad.first().unwrap_or_else(|| panic!("{format}: {:?}", lines.good));
        let error = error.errors[0].to_string();
        assert!(error.contains(what) && error.contains("field external_id"), "{format}: {error}");
    }
    let lines = read("a.jsonl", r#"{"external_id": 1.0}"#).expect_err("columns").to_string();
    assert!(lines.contains("the column is missing"), "{lines}");
}

#[test]
fn merged_cells_are_refused_by_name() {
    let merged = workbook(|sheet| {
        fill(sheet, 0);
        for (column, cell) in (0..).zip(row(&[("external_id", "R-2")]).split(',')) {
            sheet.write(2, column, cell).expect("written");
        }
        let at = column("consignee");
        sheet.merge_range(1, at, 2, at, "UA-C01", &Format::new()).expect("merged");
    });
    let lines = read("a.xlsx", merged).expect("read");
    assert_eq!((lines.good.len(), lines.bad.len()), (1, 1), "{:?}", lines.bad);
    let error = lines.bad[0].errors[0].to_string();
    assert!(
        error.contains("field consignee: cell P3 is merged into P2\n  hint: unmerge"),
        "{error}"
    );
    let title = workbook(|sheet| {
        sheet.merge_range(0, 0, 0, 5, "Needs of the ministry", &Format::new()).expect("merged");
        fill(sheet, 1);
    });
    assert_eq!(read("a.xlsx", title).expect("read").good.len(), 1);
}

#[test]
fn rows_above_the_header_are_skipped_and_that_is_said() {
    let titled = format!("Requisition of the ministry,November\n\n;;;\n{}", csv(&[ROW]));
    let lines = read("a.csv", &titled).expect("read");
    assert_eq!((lines.good.len(), lines.good[0].row), (1, 5));
    assert_eq!(lines.notes, ["rows 1 to 3, above the header in row 4, are skipped"]);
    let stated = read_mapped("a.csv", &titled, "header_row = 4").expect("read");
    assert_eq!(stated.good, lines.good);
    let told = read_mapped("a.csv", &titled, "header_row = 2").expect_err("refused").to_string();
    assert!(told.contains("row 2, which is stated as the header row, is empty"), "{told}");
    assert!(read_mapped("a.csv", &titled, "header_row = 0").is_err());

    let book = workbook(|sheet| {
        sheet.write(0, 0, "Requisition of the ministry").expect("written");
        fill(sheet, 2);
    });
    let lines = read("a.xlsx", book).expect("read");
    assert_eq!((lines.good.len(), lines.good[0].row), (1, 4));
    assert_eq!(lines.notes, ["row 1, above the header in row 3, is skipped"]);

    // A header with one column wrong is still the header.
    let typo = titled.replace("quantity", "quantitty");
    let told = refusal("a.csv", typo);
    assert!(told.contains("field quantity: the column is missing\n  hint: did you mean"), "{told}");
}

#[test]
fn columns_are_told_apart_by_what_the_header_shows_or_by_what_is_said() {
    let expected = read("a.csv", csv(&[ROW])).expect("read").good;
    for separator in Separator::ALL {
        let text = csv(&[ROW]).replace(',', &separator.mark().to_string());
        for name in ["a.csv", "a.tsv", "a.txt"] {
            assert_eq!(read(name, &text).expect("read").good, expected, "{separator}");
        }
        let said = format!("sep={}\n{text}", separator.mark());
        assert_eq!(read("a.csv", said).expect("read").good[0].line, expected[0].line);
        let place = place("a.csv", &text);
        let options = ReadOptions { separator: Some(separator), ..ReadOptions::default() };
        assert_eq!(read_lines(&place.path, &options).expect("read").good, expected);
    }
    let quoted = csv(&[&row(&[("item", "\"Laptop; 14|2\"")])]).replace(',', ";");
    assert_eq!(read("a.csv", quoted).expect("read").good[0].line.item, "Laptop; 14|2");
    assert!(
        refusal("a.csv", "sep=^\na^b\n")
            .contains("`sep=^` names a separator that is not supported")
    );
}

#[test]
fn utf_16_is_read_with_a_mark_and_named_without_one() {
    let text = csv(&[&row(&[("item", "Ноутбук")])]);
    let expected = read("a.csv", &text).expect("read").good;
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let marked = format!("\u{feff}{text}");
    assert_eq!(read("a.csv", little(&marked)).expect("read").good, expected);
    assert_eq!(read("a.csv", big(&marked)).expect("read").good, expected);
    let told = refusal("a.csv", little(&text));
    assert!(told.contains("looks like UTF-16") && told.contains("utf-16le"), "{told}");
    let stated = read_mapped("a.csv", big(&text), "encoding = \"utf-16be\"").expect("read");
    assert_eq!(stated.good, expected);
    // The mark says more than the mapping.
    let stated = read_mapped("a.csv", &marked, "encoding = \"windows-1251\"").expect("read");
    assert_eq!(stated.good, expected);
    let mut broken = little(&marked);
    broken.extend([0x00, 0xd8, 0x41, 0x00]);
    assert!(refusal("a.csv", broken).contains("is not UTF-16"));
}

#[test]
fn another_sheet_that_has_the_columns_is_named() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Cover").expect("named").write(0, 0, "Cover").expect("written");
    fill(book.add_worksheet().set_name("Needs").expect("named"), 3);
    let hidden = book.add_worksheet().set_name("Old").expect("named").set_hidden(true);
    fill(hidden, 0);
    let bytes = book.save_to_buffer().expect("a workbook");
    let told = refusal("a.xlsx", &bytes);
    assert!(told.contains("sheet Needs, Old (hidden) has all columns"), "{told}");
    assert_eq!(read_mapped("a.xlsx", &bytes, "sheet = \"Needs\"").expect("read").good.len(), 1);

    let mut book = Workbook::new();
    let hidden = book.add_worksheet().set_name("Old").expect("named").set_hidden(true);
    fill(hidden, 0);
    fill(book.add_worksheet().set_name("Needs").expect("named").set_active(true), 0);
    let bytes = book.save_to_buffer().expect("a workbook");
    let lines = read("a.xlsx", &bytes).expect("read");
    assert_eq!(lines.good.len(), 1);
}

#[test]
fn names_are_read_in_one_form_and_refused_if_they_hide_something() {
    let composed = line(&[("external_id", "Réf-1"), ("item", "Routeur déporté")]);
    let apart =
        line(&[("external_id", "Re\u{301}f-1"), ("item", "Routeur  de\u{301}porte\u{301}")]);
    assert_eq!(composed, apart);
    assert_eq!(
        line(&[("description", "de\u{301}porte\u{301}")]).description,
        "de\u{301}porte\u{301}"
    );
    for field in ["external_id", "requester", "item", "classification", "unit", "consignee"] {
        let value = format!("X\u{200b}{}", &ROW[..1]);
        let all = complaints(&[&row(&[(field, &value)])]);
        assert!(all[0].contains(&format!("field {field}")), "{all:?}");
        assert!(all[0].contains("U+200B (zero-width space)"), "{all:?}");
    }
    for (id, what) in [("\"R\n1\"", "contains a line break"), ("\"R\t1\"", "contains a tab")] {
        let all = complaints(&[&row(&[("external_id", id)])]);
        assert!(all[0].contains(what), "{all:?}");
    }
    let lines = read("a.csv", csv(&[&row(&[("requester", "\u{41c}IN")])])).expect("read");
    assert_eq!(lines.good.len(), 1);
    let told = lines.warnings[0].to_string();
    assert!(
        told.contains("row 2, field requester") && told.contains("Cyrillic letter М"),
        "{told}"
    );
    let all = complaints(&[&row(&[("currency", "\u{415}UR")])]);
    assert!(all[0].contains("the value contains the Cyrillic letter"), "{all:?}");
}

#[test]
fn two_requesters_of_one_file_may_use_one_id() {
    let other = row(&[("requester", "UA-MOI"), ("quantity", "5")]);
    let lines = read("a.csv", csv(&[ROW, &other, ROW])).expect("read");
    assert_eq!((lines.good.len(), lines.bad.len(), lines.repeats), (2, 0, 1));
}

#[test]
fn rejects_are_read_by_the_mapping_of_their_file() {
    let mapping = "decimal = \",\"\nencoding = \"windows-1251\"\nheader_row = 3\nrank_from_row = true\n\
        separator = \";\"\n[columns]\nexternal_id = \"Nr\"\nquantity = \"Menge\"\nunit = \"ME\"\n\
        [constants]\nrequester = \"MIN\"\nitem = \"Laptop\"\nkind = \"goods\"\n\
        classification = \"30213100-6\"\nunit_estimate = \"950,50\"\ncurrency = \"EUR\"\nclass = 1\n\
        requested = \"2026-11-20\"\nconsignee = \"C\"";
    let text = "Заявка\n\nNr;Menge;ME\nА-1;1.000;H87\n=А-2;1,5;XX\n-3;7;XX\n";
    let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(text);
    let lines = read_mapped("a.csv", bytes, mapping).expect("read");
    assert_eq!((lines.good.len(), lines.bad.len()), (1, 2), "{:?}", lines.bad);
    let rejects = place("rejects.csv", "");
    write_rejects(&lines, &rejects.path).expect("written");
    let written = std::fs::read_to_string(&rejects.path).expect("UTF-8");
    assert!(written.contains("\n'=А-2;1,5;XX;5;"), "{written}");
    let mended = written.replace(";XX;", ";KGM;");
    let read = read_mapped("rejects.csv", mended, mapping).expect("read");
    let told: Vec<(&str, i64, u32)> = read
        .good
        .iter()
        .map(|good| (good.line.external_id.as_str(), good.line.quantity.0, good.line.priority.rank))
        .collect();
    assert_eq!(told, [("=А-2", 1500, 2), ("-3", 7000, 3)]);
}

#[test]
fn rejects_of_a_workbook_say_what_its_cells_show() {
    let book = workbook(|sheet| {
        fill(sheet, 0);
        let zeros = Format::new().set_num_format("0000");
        sheet.write_number_with_format(1, 0, 12.0, &zeros).expect("written");
        sheet.write_number(1, column("quantity"), 1.125).expect("written");
        sheet.write(1, column("unit"), "XX").expect("written");
        let day = ExcelDateTime::from_ymd(2026, 3, 2).expect("a day");
        let format = Format::new().set_num_format("dd.mm.yyyy");
        let at = column("requested");
        sheet.write_datetime_with_format(1, at, day, &format).expect("written");
    });
    for mapping in ["decimal = \",\"", "decimal = \".\"", "header_row = 1"] {
        let mapping = format!("{mapping}\n[constants]\nunit_estimate = \"1100\"");
        let lines = read_mapped("a.xlsx", &book, &mapping).expect("read");
        let rejects = place("rejects.csv", "");
        write_rejects(&lines, &rejects.path).expect("written");
        let written = std::fs::read_to_string(&rejects.path).expect("UTF-8");
        let mended = written.replace(",XX,", ",KGM,");
        let read = read_mapped("rejects.csv", &mended, &mapping).expect("read");
        assert_eq!(read.good.len(), 1, "{mapping}: {mended} {:?}", read.bad);
        let line = &read.good[0].line;
        assert_eq!((line.external_id.as_str(), line.quantity.0), ("0012", 1125), "{mended}");
        assert_eq!(line.requested.to_string(), "2026-03-02");
    }
}

#[test]
fn an_unknown_column_is_told_where_the_columns_are_listed() {
    let told = refusal("a.csv", format!("{HEADER},budget\n{ROW},1\n"));
    assert!(told.contains("see docs/file-formats.md#requisitions"), "{told}");
}

#[test]
fn the_listing_of_lots_is_refused_and_that_of_lines_is_named() {
    let told = refusal("lots.csv", "lot,rank,step,state,awaits,requester\nLOT-1,1,,,,MIN\n");
    assert!(told.contains("lists lots") && told.contains("waybill lines --csv"), "{told}");
    let listed = csv(&[ROW]).replace('\n', ",x,LINE-1,,1 ready\n");
    let listed = listed.replacen(",x,LINE-1,,1 ready", ",line,id,arrives,lots", 1);
    assert_eq!(read("lines.csv", listed).expect("read").good.len(), 1);
}
