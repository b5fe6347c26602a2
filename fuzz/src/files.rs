//! Files: requisition lines in every format, mappings of columns, and a coalition's folder.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use anyhow::Result;
use waybill_shared::import::{
    CoalitionFiles, Lines, Mapping, ReadLimits, ReadOptions, check_line, read_coalition, read_lines,
};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::corpus::{example, file, head};
use crate::{Target, kept, twice};

/// Words that may occur in a requisition's row.
const ROW: &[&str] = &[
    "external_id",
    "quantity",
    "unit_estimate",
    "EUR",
    "KWD",
    "H87",
    "KGM",
    "sep=;\n",
    "goods",
    "licence",
    "CPV",
    "30213100-6",
    "2025-01-02",
    "1.500",
    "1,500.00",
    "0,125",
    "=\"1\"",
    "'=1+1",
];

const SHEET: &[&str] = &[
    "<row r=\"1\">",
    "</row>",
    "<c r=\"A1\"",
    " t=\"s\"",
    " t=\"inlineStr\"",
    " t=\"d\"",
    " s=\"1\"",
    "<v>",
    "</v>",
    "</c>",
    "<f>",
    "</f>",
    "<is><t>",
    "</t></is>",
    "XFD1048576",
    "<mergeCells><mergeCell ref=\"A1:XFD1048576\"/></mergeCells>",
    "<dimension ref=\"A1:XFD1048576\"/>",
    "<si><t>",
    "</t></si>",
    "uniqueCount=\"9999999999\"",
    "&#x41;",
    "&lt;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "&b;",
    "numFmtId=\"14\"",
    "\0",
];

const SETTINGS: &[&str] = &[
    "[columns]\n",
    "[constants]\n",
    "[codes.unit]\n",
    "quantity = \"Menge\"\n",
    "decimal = \",\"\n",
    "date = \"%d.%m.%Y\"\n",
    "date = \"%\"\n",
    "header_row = 3\n",
    "separator = \";\"\n",
    "encoding = \"windows-1251\"\n",
    "sheet = \"A\"\n",
    "'''",
    "\"\"\"",
    "[[requisitions]]\n",
    "file = \"requisitions.csv\"\n",
    "zone = \"Europe/Kyiv\"\n",
    "on = 2025-01-01\n",
    "currency = \"EUR\"\n",
];

pub(crate) fn targets() -> Result<Vec<Target>> {
    let rows = head("it-coalition/requisitions.csv", 6)?;
    let few = head("it-coalition/requisitions.csv", 3)?;
    let utf16: Vec<u8> =
        format!("\u{feff}{few}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let semicolons = format!("sep=;\n{}", rows.replace(',', ";")).into_bytes();
    let objects = file("live/lines.json")?;
    let parsed: Vec<serde_json::Value> = serde_json::from_str(&objects)?;
    let lines: String = parsed.iter().map(|line| format!("{line}\n")).collect();
    let plain: Vec<&str> = rows.lines().filter(|line| !line.contains('"')).collect();
    let sheet = sheet(&plain.join("\n")).into_bytes();
    let books = vec![book(&sheet)?];
    let own =
        "decimal = \".\"\n[columns]\nexternal_id = \"external_id\"\n[codes.unit]\nH87 = \"H87\"\n";
    let mappings = vec![file("leso/mapping.toml")?.into_bytes(), own.as_bytes().to_vec()];
    let target = |name, share, corpus: Vec<Vec<u8>>, words, read| Target {
        name,
        share,
        corpus,
        words,
        read,
    };
    Ok(vec![
        target("csv", 12, vec![rows.into_bytes(), semicolons, utf16], ROW, |place, input| {
            lines_of(&place.join("a.csv"), input)
        }),
        target("json", 8, vec![objects.into_bytes()], ROW, |place, input| {
            lines_of(&place.join("a.json"), input)
        }),
        target("jsonl", 8, vec![lines.into_bytes()], ROW, |place, input| {
            lines_of(&place.join("a.jsonl"), input)
        }),
        target("sheet", 8, vec![sheet], SHEET, |place, input| {
            let book = book(input).map_err(|error| error.to_string())?;
            lines_of(&place.join("a.xlsx"), &book)
        }),
        target("workbook", 4, books, SHEET, |place, input| lines_of(&place.join("a.xlsx"), input)),
        target("mapping", 8, mappings, SETTINGS, mapped),
        target("coalition", 3, folder()?, SETTINGS, coalition),
    ])
}

/// Reads the lines of a file twice. A line that is accepted here must also be accepted by every
/// other way in.
fn lines_of(path: &Path, input: &[u8]) -> Result<bool, String> {
    let options = ReadOptions { limits: ReadLimits::SENT, ..ReadOptions::default() };
    lines_with(path, input, &options)
}

fn lines_with(path: &Path, input: &[u8], options: &ReadOptions) -> Result<bool, String> {
    fs::write(path, input).map_err(|error| error.to_string())?;
    let Some(Lines { good, .. }) = twice(|| read_lines(path, options))? else { return Ok(false) };
    for row in &good {
        kept(&row.line)?;
        check_line(&row.line, None).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            format!("{:?} was taken, and is refused elsewhere: {}", row.line, errors.join("; "))
        })?;
    }
    Ok(!good.is_empty())
}

/// Reads a mapping, and then a file with it.
fn mapped(place: &Path, input: &[u8]) -> Result<bool, String> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok(false) };
    let Some(mapping) = twice(|| Mapping::parse("m.toml", text))? else { return Ok(false) };
    let (mapping, limits) = (Some(mapping), ReadLimits::SENT);
    let options = ReadOptions { mapping, limits, ..ReadOptions::default() };
    let rows = head("it-coalition/requisitions.csv", 3).map_err(|error| error.to_string())?;
    lines_with(&place.join("a.csv"), rows.as_bytes(), &options)?;
    Ok(true)
}

/// Each file of a folder, with its name as the first line.
fn folder() -> Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(example("live"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".csv") || name == "coalition.toml" {
            all.push(format!("{name}\n{}", fs::read_to_string(&path)?).into_bytes());
        }
    }
    all.sort();
    Ok(all)
}

/// Reads a coalition's folder in which one file is replaced by the input.
fn coalition(place: &Path, input: &[u8]) -> Result<bool, String> {
    let said = |error: std::io::Error| error.to_string();
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let name = String::from_utf8_lossy(&input[..at]).into_owned();
    let (dir, source) = (place.join("live"), example("live"));
    if name.contains('/') || !source.join(&name).is_file() {
        return Ok(false);
    }
    if !dir.exists() {
        fs::create_dir(&dir).map_err(said)?;
        for entry in fs::read_dir(&source).map_err(said)? {
            let entry = entry.map_err(said)?;
            fs::copy(entry.path(), dir.join(entry.file_name())).map_err(said)?;
        }
    }
    fs::write(dir.join(&name), input.get(at + 1..).unwrap_or_default()).map_err(said)?;
    let read = twice(|| read_coalition(&dir));
    fs::copy(source.join(&name), dir.join(&name)).map_err(said)?;
    let Some(mut read) = read? else { return Ok(false) };
    // The paths of its requisition files depend on the folder.
    read.requisitions.clear();
    kept::<CoalitionFiles>(&read)?;
    Ok(true)
}

/// The rows of `csv` as rows of a worksheet.
fn sheet(csv: &str) -> String {
    let mut rows = String::new();
    for (number, line) in (1..).zip(csv.lines()) {
        let cell = |text: &str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
        let cells: String = line.split(',').map(cell).collect();
        rows.push_str(&format!("<row r=\"{number}\">{cells}</row>"));
    }
    rows
}

/// A workbook made of three parts of `input` that are separated by NUL bytes: the rows of its
/// sheet, its shared texts, and its formats.
fn book(input: &[u8]) -> Result<Vec<u8>> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let mut parts = input.splitn(3, |byte| *byte == 0);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut put = |name: &str, before: String, content: &[u8], after: &str| -> Result<()> {
        zip.start_file(name, options)?;
        zip.write_all(before.as_bytes())?;
        zip.write_all(content)?;
        Ok(zip.write_all(after.as_bytes())?)
    };
    put("[Content_Types].xml", format!("<Types xmlns=\"{package}/content-types\"/>"), b"", "")?;
    let relation = |id: &str, kind: &str, to: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{office}/{kind}\" Target=\"{to}\"/>")
    };
    let relations = [
        relation("r1", "worksheet", "worksheets/sheet1.xml"),
        relation("s", "styles", "styles.xml"),
        relation("t", "sharedStrings", "sharedStrings.xml"),
    ];
    let whole = relation("w", "officeDocument", "xl/workbook.xml");
    let whole = format!("<Relationships xmlns=\"{package}/relationships\">{whole}");
    put("_rels/.rels", whole, b"", "</Relationships>")?;
    let relations =
        format!("<Relationships xmlns=\"{package}/relationships\">{}", relations.concat());
    put("xl/_rels/workbook.xml.rels", relations, b"", "</Relationships>")?;
    let sheets = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets>\
         <sheet name=\"A\" sheetId=\"1\" r:id=\"r1\"/>"
    );
    put("xl/workbook.xml", sheets, b"", "</sheets></workbook>")?;
    let first = format!("<worksheet xmlns=\"{main}\"><sheetData>");
    let sheet = parts.next().unwrap_or_default();
    put("xl/worksheets/sheet1.xml", first, sheet, "</sheetData></worksheet>")?;
    let texts = format!("<sst xmlns=\"{main}\">");
    put("xl/sharedStrings.xml", texts, parts.next().unwrap_or_default(), "</sst>")?;
    let formats = format!(
        "<styleSheet xmlns=\"{main}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs>"
    );
    put("xl/styles.xml", formats, parts.next().unwrap_or_default(), "</styleSheet>")?;
    Ok(zip.finish()?.into_inner())
}
