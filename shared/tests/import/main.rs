//! Reading files: what is taken, and what each bad input is told.

mod coalition;
mod lines;
mod mapping;
mod offices;
mod round;
mod tables;
mod workbook;

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use waybill_shared::import::{ImportError, Lines, Mapping, ReadOptions, read_lines};

const HEADER: &str = "external_id,requester,item,description,kind,classification,scheme,quantity,\
    unit,unit_estimate,currency,class,rank,requested,needed_by,consignee,smallest_lot,\
    tolerance_per_mille,source";
const ROW: &str =
    "R-1,UA-MOD,Laptop,,goods,30213100-6,,10,H87,1100.00,EUR,1,1,2025-01-15,,UA-C01,,,invented";

/// A folder with one file in it.
struct Place {
    _dir: TempDir,
    path: PathBuf,
}

fn place(name: &str, content: impl AsRef<[u8]>) -> Place {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join(name);
    fs::write(&path, content).expect("written");
    Place { _dir: dir, path }
}

/// A CSV file of lines: the header, then `rows`.
fn csv(rows: &[&str]) -> String {
    let mut text = HEADER.to_owned();
    for row in rows {
        text.push('\n');
        text.push_str(row);
    }
    text.push('\n');
    text
}

/// `ROW` with other values in some fields.
fn row(changes: &[(&str, &str)]) -> String {
    let mut cells: Vec<&str> = ROW.split(',').collect();
    for (field, value) in changes {
        let column = HEADER.split(',').position(|name| name == *field).expect("a field");
        cells[column] = value;
    }
    cells.join(",")
}

fn read(name: &str, content: impl AsRef<[u8]>) -> Result<Lines, ImportError> {
    read_lines(&place(name, content).path, &ReadOptions::default())
}

fn read_mapped(name: &str, content: impl AsRef<[u8]>, mapping: &str) -> Result<Lines, ImportError> {
    let mapping = Some(Mapping::parse("mapping.toml", mapping)?);
    read_lines(&place(name, content).path, &ReadOptions { mapping, ..ReadOptions::default() })
}

/// What is said about a file that is refused as a whole.
fn refusal(name: &str, content: impl AsRef<[u8]>) -> String {
    read(name, content).expect_err("refused").to_string()
}

/// What is said about the rows of a CSV file that are refused.
fn complaints(rows: &[&str]) -> Vec<String> {
    let lines = read("requests.csv", csv(rows)).expect("read");
    lines.bad.iter().flat_map(|bad| &bad.errors).map(ToString::to_string).collect()
}

/// Says that a test found nothing to work on.
#[expect(clippy::print_stdout, reason = "a test that checks nothing says so")]
fn skipped(why: &str) {
    println!("skipped: {why}");
}
