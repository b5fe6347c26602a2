//! Files as a whole: formats, encodings, limits.

use std::fs::{File, OpenOptions};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tempfile::TempDir;
use waybill_shared::import::{
    ImportError, ReadOptions, TableOptions, read_coalition, read_lines, read_table,
};

use super::{HEADER, ROW, csv, place, read, read_mapped, refusal, row};

#[test]
fn a_file_that_is_not_there_and_a_directory_are_named() {
    let dir = TempDir::new().expect("a folder");
    let missing = read_lines(&dir.path().join("none.csv"), &ReadOptions::default());
    assert!(matches!(missing, Err(ImportError::NotFound { path }) if path.ends_with("none.csv")));
    let folder = read_lines(dir.path(), &ReadOptions::default()).expect_err("a directory");
    assert!(folder.to_string().contains("is a directory, not a file\n  hint: "), "{folder}");
    assert!(matches!(read_coalition(dir.path()), Err(ImportError::NotFound { .. })));
}

#[test]
fn a_file_without_records_is_refused_and_one_without_rows_is_not() {
    for (name, content) in
        [("a.csv", ""), ("a.csv", "\n\n"), ("a.csv", ",,\n"), ("a.jsonl", ""), ("a.json", "[]")]
    {
        assert!(
            matches!(read(name, content), Err(ImportError::Empty { .. })),
            "{name} {content:?}"
        );
    }
    let lines = read("a.csv", HEADER).expect("a header");
    assert!(lines.good.is_empty() && lines.bad.is_empty());
}

#[test]
fn an_unknown_extension_and_other_separators_say_what_to_use() {
    assert!(refusal("lines.xlsb", "").contains("use .csv, .xlsx, .json"));
    assert!(refusal("lines", "").contains("use .csv, .xlsx, .json"));
    let mapping = "separator = \",\"";
    let semicolons = csv(&[ROW]).replace(',', ";");
    let told = read_mapped("a.csv", semicolons, mapping).expect_err("refused").to_string();
    assert!(told.contains("separated by ';'"), "{told}");
}

#[test]
fn columns_are_told_apart() {
    let twice = refusal("a.csv", format!("{HEADER},unit\n"));
    assert!(twice.contains("columns 9 and 20 are both named `unit`"), "{twice}");
    assert!(refusal("a.csv", "external_id,,item\n").contains("column 2 has no name"));
    let many: Vec<String> = (0..300).map(|n| format!("c{n}")).collect();
    assert!(refusal("a.csv", many.join(",")).contains("more than 256 columns"));
}

#[test]
fn text_is_utf_8_with_or_without_a_mark_or_as_told() {
    let cyrillic = csv(&[&row(&[("item", "Ноутбук")])]);
    let marked = read("a.csv", format!("\u{feff}{cyrillic}")).expect("read");
    assert_eq!(marked.good, read("a.csv", &cyrillic).expect("read").good);

    let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(&cyrillic);
    let place = place("a.csv", bytes);
    let refused = read_lines(&place.path, &ReadOptions::default()).expect_err("not UTF-8");
    let offset = HEADER.len() + "\nR-1,UA-MOD,".len();
    assert!(
        matches!(refused, ImportError::InvalidText { row: 2, offset: at, .. } if at == offset as u64)
    );
    assert!(refused.to_string().contains("--encoding windows-1251"), "{refused}");

    let encoding = Some("windows-1251".to_owned());
    let told =
        read_lines(&place.path, &ReadOptions { encoding, ..ReadOptions::default() }).expect("read");
    assert_eq!(told.good[0].line.item, "Ноутбук");
    for label in ["utf-32", "klingon"] {
        let options = ReadOptions { encoding: Some(label.to_owned()), ..ReadOptions::default() };
        let refused = read_lines(&place.path, &options);
        assert!(matches!(refused, Err(ImportError::UnknownEncoding { .. })), "{label}");
    }
}

#[test]
fn a_line_of_200_mb_is_refused_before_it_is_read() {
    for name in ["a.csv", "a.jsonl", "a.json", "a.xlsx"] {
        let place = place(name, HEADER.to_owned() + "\n");
        let file = OpenOptions::new().write(true).open(&place.path).expect("opened");
        file.set_len(200 * 1024 * 1024).expect("a sparse file");
        let begun = Instant::now();
        let refused = read_lines(&place.path, &ReadOptions::default()).expect_err("refused");
        assert!(begun.elapsed() < Duration::from_secs(2), "{name} took {:?}", begun.elapsed());
        match name {
            "a.csv" => assert!(matches!(refused, ImportError::LongLine { row: 2, .. })),
            // Its first line is no JSON, whatever follows.
            "a.jsonl" => assert!(matches!(refused, ImportError::Json { row: 1, .. })),
            "a.json" => assert!(matches!(refused, ImportError::TooLarge { .. })),
            _ => assert!(matches!(refused, ImportError::Workbook { .. })),
        }
    }
}

#[test]
fn a_file_above_the_limit_and_a_quote_that_never_ends_are_refused() {
    let large = place("a.csv", "");
    File::create(&large.path).and_then(|file| file.set_len(300 << 20)).expect("a sparse file");
    let refused = read_lines(&large.path, &ReadOptions::default());
    assert!(matches!(refused, Err(ImportError::TooLarge { .. })));

    let open = csv(&[ROW, "\"R-2,UA-MOD"]);
    assert!(refusal("a.csv", &open).contains("a.csv, row 3: an opening quote"));
    let long = open + &"and so on\n".repeat(300_000);
    assert!(refusal("a.csv", long).contains("a.csv, row 3: an opening quote"));
    assert!(refusal("a.csv", "a,b\n\"x\"y,1\n").contains("row 2: text follows the closing quote"));
}

#[test]
fn quoted_cells_keep_commas_quotes_and_line_ends() {
    let item = "\"Laptop, 14\"\"\n(rugged)\"";
    let lines = read("a.csv", csv(&[&row(&[("item", item)]), "", &row(&[("external_id", "R-2")])]));
    let lines = lines.expect("read");
    assert_eq!(lines.good[0].line.item, "Laptop, 14\" (rugged)");
    let description = row(&[("description", "\"first\nsecond, \"\"third\"\"\"")]);
    let lines = read("a.csv", csv(&[&description])).expect("read");
    assert_eq!(lines.good[0].line.description, "first\nsecond, \"third\"");
    let lines = read("a.csv", csv(&[&row(&[("item", item)]), "", &row(&[("external_id", "R-2")])]));
    let lines = lines.expect("read");
    let numbers: Vec<u64> = lines.good.iter().map(|good| good.row).collect();
    assert_eq!(numbers, [2, 5]);
    let windows = read("a.csv", csv(&[ROW]).replace('\n', "\r\n")).expect("read");
    assert_eq!(windows.good, read("a.csv", csv(&[ROW])).expect("read").good);
}

#[test]
fn a_row_that_does_not_fit_the_header_is_refused_alone() {
    let lines = read("a.csv", csv(&["R-0,UA-MOD", ROW, &format!("{ROW},,"), &format!("{ROW},x")]));
    let lines = lines.expect("read");
    assert_eq!(lines.good.len(), 1);
    let texts: Vec<String> = lines.bad.iter().map(|bad| bad.errors[0].to_string()).collect();
    assert!(texts[0].starts_with("a.csv, row 2: the row has 2 cells, the header has 19 columns"));
    assert!(texts[1].starts_with("a.csv, row 5: the row has 20 cells"), "{}", texts[1]);
}

#[test]
fn json_is_read_like_csv() {
    let object = r#"{"external_id": "R-1", "requester": "UA-MOD", "item": "Laptop", "kind": "goods",
        "classification": "30213100-6", "quantity": 10, "unit": "H87", "unit_estimate": 1100.0,
        "currency": "EUR", "class": 1, "rank": 1, "requested": "2025-01-15", "needed_by": null,
        "consignee": "UA-C01", "source": "invented"}"#;
    let expected = read("a.csv", csv(&[ROW])).expect("read").good[0].line.clone();
    let array = read("a.json", format!("[{object}]")).expect("read");
    let line = read("a.ndjson", format!("\n{}\n", object.replace('\n', " "))).expect("read");
    assert_eq!((array.good[0].row, &array.good[0].line), (1, &expected));
    assert_eq!((line.good[0].row, &line.good[0].line), (2, &expected));

    let odd = object.replace("\"UA-C01\"", "[1]").replace("1100.0", "0.30000000000000004");
    let bad = &read("a.json", format!("[{object},{odd}]")).expect("read").bad[0];
    let fields: Vec<&str> = bad.errors.iter().filter_map(|e| e.field.as_deref()).collect();
    assert_eq!((bad.row, fields), (2, vec!["unit_estimate", "consignee"]));
}

#[test]
fn json_that_is_malformed_names_its_row() {
    assert!(refusal("a.json", "[{}, {\"a\": }]").contains("a.json, row 2: "));
    assert!(refusal("a.json", "{\"a\": 1}").contains("an array of flat objects"));
    assert!(refusal("a.jsonl", "{\"a\": 1}\n{\"a\" 1}\n").contains("a.jsonl, row 2: "));
    assert!(refusal("a.jsonl", "[1]").contains("a flat object"));
    assert!(refusal("a.jsonl", "{\"a\": 1} {}").contains("row 1"));
    let deep = format!("[{{\"a\": {}", "[".repeat(100_000));
    assert!(refusal("a.json", deep).contains("a.json, row 1: EOF"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        name in proptest::sample::select(vec!["a.csv", "a.json", "a.jsonl", "a.xlsx", "a.xls", "a.ods"]),
        encoding in proptest::sample::select(vec![None, Some("windows-1251"), Some("shift_jis")]),
    ) {
        let place = place(name, bytes);
        let _ = read_table(&place.path, TableOptions { encoding, ..TableOptions::default() });
        let _ = read_lines(&place.path, &ReadOptions::default());
    }

    #[test]
    fn no_text_of_a_known_shape_makes_it_panic(
        text in "[\\[\\]{}\",:a\n\r0-9.eE+-]{0,120}",
        name in proptest::sample::select(vec!["a.csv", "a.json", "a.jsonl"]),
    ) {
        let _ = read_table(&place(name, text).path, TableOptions::default());
    }

    #[test]
    fn no_cell_makes_it_panic(field in 0_usize..19, cell in "\\PC{0,40}") {
        let mut cells: Vec<String> = ROW.split(',').map(str::to_owned).collect();
        cells[field] = format!("\"{}\"", cell.replace('"', "\"\""));
        let lines = read("a.csv", csv(&[&cells.join(",")])).expect("a table");
        prop_assert_eq!(lines.good.len() + lines.bad.len(), 1);
    }
}
