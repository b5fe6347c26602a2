//! Workbooks, made here by hand: a ZIP file of stored parts.

use proptest::prelude::*;
use waybill_shared::import::{
    ImportError, Mapping, ReadLimits, ReadOptions, TableOptions, read_lines, read_table,
};

use super::{HEADER, ROW, place, read};

/// A ZIP file of `parts`, uncompressed.
fn zip(parts: &[(&str, String)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in parts {
        let offset = file.len() as u32;
        let mut about = Vec::new();
        for short in [20_u16, 0, 0, 0, 0x21] {
            about.extend(short.to_le_bytes());
        }
        let length = content.len() as u32;
        for long in [crc32(content.as_bytes()), length, length, name.len() as u32] {
            about.extend(long.to_le_bytes());
        }
        file.extend(b"PK\x03\x04");
        file.extend(&about);
        file.extend(name.as_bytes());
        file.extend(content.as_bytes());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&about);
        directory.extend([0_u8; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, length, count) = (file.len() as u32, directory.len() as u32, parts.len() as u16);
    file.extend(directory);
    file.extend(b"PK\x05\x06\x00\x00\x00\x00");
    file.extend(count.to_le_bytes());
    file.extend(count.to_le_bytes());
    file.extend(length.to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    })
}

/// A workbook with one sheet for each name and rows; style 1 is a date.
fn workbook(sheets: &[(&str, String)]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let each = |text: &dyn Fn(usize, &str) -> String| -> String {
        sheets.iter().enumerate().map(|(n, (name, _))| text(n + 1, name)).collect()
    };
    let list = each(&|n, name| format!("<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"r{n}\"/>"));
    let relations = each(&|n, _| {
        format!(
            "<Relationship Id=\"r{n}\" Type=\"{office}/worksheet\" Target=\"worksheets/s{n}.xml\"/>"
        )
    });
    let styles = "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs>";
    let mut parts = vec![
        ("[Content_Types].xml".to_owned(), format!("<Types xmlns=\"{package}/content-types\"/>")),
        (
            "_rels/.rels".to_owned(),
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"w\" \
                 Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml".to_owned(),
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets>{list}</sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!(
                "<Relationships xmlns=\"{package}/relationships\">{relations}\
                 <Relationship Id=\"s\" Type=\"{office}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        ("xl/styles.xml".to_owned(), format!("<styleSheet xmlns=\"{main}\">{styles}</styleSheet>")),
    ];
    for (index, (_, rows)) in sheets.iter().enumerate() {
        let sheet =
            format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>");
        parts.push((format!("xl/worksheets/s{}.xml", index + 1), sheet));
    }
    let parts: Vec<(&str, String)> =
        parts.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
    zip(&parts)
}

fn text(value: &str) -> String {
    format!("<c t=\"inlineStr\"><is><t>{value}</t></is></c>")
}

fn texts(line: &str) -> Vec<String> {
    line.split(',').map(text).collect()
}

fn sheet_row(number: u64, cells: &[String]) -> String {
    format!("<row r=\"{number}\">{}</row>", cells.concat())
}

/// A sheet of lines in which `cell` stands in column `field` of row 3; row 2 is blank.
fn lines_with(field: &str, cell: &str) -> String {
    let mut cells = texts(ROW);
    let column = HEADER.split(',').position(|name| name == field).expect("a field");
    cells[column] = cell.to_owned();
    sheet_row(1, &texts(HEADER)) + &sheet_row(2, &texts(",,")) + &sheet_row(3, &cells)
}

#[test]
fn numbers_and_dates_are_printed_plainly() {
    let cells = [
        "<c><v>1100</v></c>",
        "<c><v>19.989999999999998</v></c>",
        "<c s=\"1\"><v>45672</v></c>",
        "<c t=\"b\"><v>1</v></c>",
        "<c><v>1E+20</v></c>",
    ];
    let rows = sheet_row(1, &texts("a,b,c,d,e")) + &sheet_row(2, &cells.map(str::to_owned));
    let place = place("a.xlsx", workbook(&[("Sheet1", rows)]));
    let table = read_table(&place.path, TableOptions::default()).expect("a table");
    let shown = ["1100", "19.99", "2025-01-15", "true", "100000000000000000000"];
    assert_eq!(table.rows[0].cells, shown);
}

#[test]
fn a_sheet_is_read_like_csv_with_its_own_row_numbers() {
    let lines = read("a.xlsx", workbook(&[("S", lines_with("quantity", "<c><v>10</v></c>"))]));
    let lines = lines.expect("read");
    assert_eq!(lines.good[0].row, 3);
    assert_eq!(lines.good[0].line, read("a.csv", super::csv(&[ROW])).expect("read").good[0].line);
}

#[test]
fn a_formula_and_an_error_are_refused_and_the_cell_is_named() {
    for (cell, what) in [
        ("<c><f>A1*2</f><v>10</v></c>", "cell H3 contains a formula"),
        ("<c t=\"e\"><v>#DIV/0!</v></c>", "cell H3 contains the error #DIV/0!"),
        ("<c t=\"e\"><f>1/0</f><v>#DIV/0!</v></c>", "cell H3 contains the error #DIV/0!"),
    ] {
        let lines = read("a.xlsx", workbook(&[("S", lines_with("quantity", cell))])).expect("read");
        let errors: Vec<String> = lines.bad[0].errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(
            errors[0].starts_with(&format!("a.xlsx, row 3, field quantity: {what}")),
            "{errors:?}"
        );
    }
}

#[test]
fn a_formula_in_a_column_that_is_not_used_does_not_matter() {
    let rows = lines_with("description", "<c><f>1+1</f><v>2</v></c>");
    let place = place("a.xlsx", workbook(&[("S", rows)]));
    let mut columns = String::new();
    for name in HEADER.split(',').filter(|name| *name != "description") {
        columns += &format!("{name} = \"{name}\"\n");
    }
    let mapping = Mapping::parse("m.toml", &format!("[columns]\n{columns}")).expect("a mapping");
    let options = ReadOptions { mapping: Some(mapping), ..ReadOptions::default() };
    let lines = read_lines(&place.path, &options).expect("read");
    assert_eq!((lines.good.len(), lines.bad.len()), (1, 0));
}

#[test]
fn the_named_sheet_is_read_or_those_there_are_told() {
    let notes = sheet_row(1, &texts("notes"));
    let book = workbook(&[("Notes", notes), ("Lines", lines_with("unit", &text("H87")))]);
    let place = place("a.xlsx", book);
    let named = |sheet| read_table(&place.path, TableOptions { sheet, ..TableOptions::default() });
    assert_eq!(named(None).expect("the first").header, ["notes"]);
    assert_eq!(named(Some("Lines")).expect("the second").rows.len(), 1);
    let told = named(Some("Total")).expect_err("refused").to_string();
    assert!(told.contains("has no sheet `Total`\n  hint: it has Notes, Lines"), "{told}");
}

#[test]
fn a_row_that_is_there_twice_is_refused_rather_than_lost() {
    let row = |number| sheet_row(number, &[format!("<c r=\"A{number}\"><v>1</v></c>")]);
    for order in [[1, 2, 2], [1, 3, 2]] {
        let rows = order.map(row).concat();
        let told = read("a.xlsx", workbook(&[("S", rows)])).expect_err("refused").to_string();
        assert!(told.contains("cell A2 is out of order"), "{told}");
    }
}

#[test]
fn an_empty_sheet_and_what_is_no_workbook_are_refused() {
    let empty = read("a.xlsx", workbook(&[("S", String::new())]));
    assert!(matches!(empty, Err(ImportError::Empty { .. })), "{empty:?}");
    for content in ["", "PK\x03\x04", HEADER] {
        assert!(matches!(read("a.xlsx", content), Err(ImportError::Workbook { .. })));
    }
}

#[test]
fn a_sheet_takes_as_much_of_the_budget_as_the_same_text() {
    let cells = |n: usize| (0..10).map(|column| format!("cell {n:03}.{column}")).collect();
    let rows: Vec<Vec<String>> = (0..100).map(cells).collect();
    let header: Vec<String> = (0..10).map(|column| format!("c{column}")).collect();
    let sheet = |(row, cells): (u64, &Vec<String>)| {
        sheet_row(row, &cells.iter().map(|cell| text(cell)).collect::<Vec<_>>())
    };
    let sheet: String = (1..).zip([&header].into_iter().chain(&rows)).map(sheet).collect();
    let plain: Vec<String> = [&header].into_iter().chain(&rows).map(|row| row.join(",")).collect();
    let files = [place("a.csv", plain.join("\n")), place("a.xlsx", workbook(&[("S", sheet)]))];
    for (memory, fits) in [(60_000, true), (30_000, false)] {
        let options = TableOptions {
            limits: ReadLimits { memory, ..ReadLimits::SENT },
            ..Default::default()
        };
        for file in &files {
            let table = read_table(&file.path, options);
            assert_eq!(table.is_ok(), fits, "{:?}: {table:?}", file.path);
        }
    }
    // The rows until the header is found are rows, too.
    let options =
        TableOptions { limits: ReadLimits { rows: 99, ..ReadLimits::SENT }, ..Default::default() };
    for file in &files {
        let told = read_table(&file.path, options).expect_err("refused").to_string();
        assert!(told.contains("has more than 99 rows"), "{told}");
    }
}

/// An OpenDocument workbook of one sheet.
fn open_document(rows: &str) -> Vec<u8> {
    let office = "urn:oasis:names:tc:opendocument:xmlns";
    let content = format!(
        "<office:document-content xmlns:office=\"{office}:office:1.0\" \
         xmlns:table=\"{office}:table:1.0\" xmlns:text=\"{office}:text:1.0\"><office:body>\
         <office:spreadsheet><table:table table:name=\"Needs\">{rows}</table:table>\
         </office:spreadsheet></office:body></office:document-content>"
    );
    zip(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet".to_owned()),
        ("META-INF/manifest.xml", format!("<m:manifest xmlns:m=\"{office}:manifest:1.0\"/>")),
        ("content.xml", content),
    ])
}

fn open_row(cells: &[String]) -> String {
    format!("<table:table-row>{}</table:table-row>", cells.concat())
}

fn open_text(text: &str) -> String {
    format!(
        "<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
    )
}

fn open_number(number: &str) -> String {
    format!(
        "<table:table-cell office:value-type=\"float\" office:value=\"{number}\">\
         <text:p>{number}</text:p></table:table-cell>"
    )
}

#[test]
fn a_sheet_of_open_document_is_read_too() {
    let texts = |line: &str| line.split(',').map(open_text).collect::<Vec<String>>();
    let of = |field: &str, cell: String| {
        let mut cells = texts(ROW);
        let column = HEADER.split(',').position(|name| name == field).expect("a field");
        cells[column] = cell;
        let title = open_row(&[open_text("Needs of the ministry")]);
        open_document(&(title + &open_row(&texts(HEADER)) + &open_row(&cells)))
    };
    let expected = read("a.csv", super::csv(&[ROW])).expect("read").good[0].line.clone();
    let lines = read("a.ods", of("quantity", open_number("10"))).expect("read");
    assert_eq!((lines.good[0].row, &lines.good[0].line), (3, &expected), "{:?}", lines.bad);
    // How it shows a number is not known: a code has to be text.
    let lines = read("a.ods", of("external_id", open_number("12"))).expect("read");
    let told = lines.bad[0].errors[0].to_string();
    assert!(told.contains("field external_id") && told.contains("only .xlsx records"), "{told}");
    for name in ["a.ods", "a.xls"] {
        assert!(matches!(read(name, "PK"), Err(ImportError::Workbook { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_sheet_makes_it_panic(
        rows in "(<row>|</row>|<c r=\"[A-Z]{0,4}[0-9]{0,8}\"( t=\"(s|e|d|n)\")?( s=\"1\")?>|</c>|<v>[0-9eE.+-]{0,20}</v>|<f>|</f>){0,12}",
    ) {
        let place = place("a.xlsx", workbook(&[("S", rows)]));
        let _ = read_table(&place.path, TableOptions::default());
    }
}
