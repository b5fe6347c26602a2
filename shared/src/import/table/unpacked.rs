//! Measures the unpacked size of a workbook before anything else unpacks it.

use std::fs::File;
use std::io::{self, BufReader, Read};

use zip::result::ZipError;
use zip::{ZipArchive, ZipWriter};

use super::ReadLimits;
use super::budget::too_much;
use crate::import::table::error::ImportError;

/// About how many bytes the workbook reader needs for each tag, even if the tag holds nothing.
const TAG: u64 = 32;

/// Returns the workbook in `opened`, unless it unpacks to more than the limit. Pictures and other parts that are
/// larger than a text may be are removed, so that none of them can be read as XML.
pub(super) fn weighed(file: &str, opened: File, limits: ReadLimits) -> Result<File, ImportError> {
    let damaged = |what: String| ImportError::Workbook { file: file.to_owned(), what };
    let broken = |error: ZipError| damaged(error.to_string());
    let mut archive = ZipArchive::new(BufReader::new(&opened)).map_err(broken)?;
    let (mut left, mut left_out) = (limits.unpacked, Vec::new());
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(broken)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let Weight { all, bytes, text, texts } =
            weigh(entry, left).map_err(|error| damaged(error.to_string()))?;
        left = left.checked_sub(all).ok_or_else(|| {
            let most = limits.unpacked >> 20;
            too_much(file, format!("needs more than {most} MiB when unpacked"))
        })?;
        // The reader allocates for the claimed number of texts before it reads them.
        if texts > bytes {
            return Err(damaged(format!(
                "`{name}` claims to hold {texts} texts, but has only {bytes} bytes"
            )));
        }
        match (text > limits.text, is_xml(&name)) {
            (false, _) => {}
            (true, true) => {
                let most = limits.text >> 10;
                let what = format!("a text in `{name}` has {text} bytes; the limit is {most} KiB");
                return Err(too_much(file, what));
            }
            (true, false) => left_out.push(at),
        }
    }
    if left_out.is_empty() {
        return Ok(opened);
    }
    let mut copy = ZipWriter::new(tempfile::tempfile().map_err(ZipError::Io).map_err(broken)?);
    for at in (0..archive.len()).filter(|at| !left_out.contains(at)) {
        copy.raw_copy_file(archive.by_index_raw(at).map_err(broken)?).map_err(broken)?;
    }
    copy.finish().map_err(broken)
}

fn is_xml(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".xml") || name.ends_with(".rels")
}

/// The unpacked size of a part of a workbook.
#[derive(Debug, Default)]
struct Weight {
    /// The bytes, plus what the reader needs for the tags.
    all: u64,
    bytes: u64,
    /// The longest text between two tags, in bytes.
    text: u64,
    /// How many texts the part claims to have.
    texts: u64,
}

/// Finds the largest number of texts that a part of a workbook claims to have.
#[derive(Default)]
struct Claim {
    /// How many characters of the attribute's name have matched.
    matched: usize,
    /// The attribute's value, as far as it was read.
    value: Option<u64>,
    largest: u64,
}

impl Claim {
    const NAME: &'static [u8] = b"uniqueCount";

    fn read(&mut self, byte: u8) {
        match (self.value, byte) {
            // Skips every other byte of UTF-16.
            (_, 0) => {}
            (Some(value), b'0'..=b'9') => {
                let value = value.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                (self.value, self.largest) = (Some(value), self.largest.max(value));
            }
            (Some(_), b'=' | b'"' | b'\'' | b' ' | b'\t' | b'\n' | b'\r' | b'+') => {}
            (Some(_), _) => self.value = None,
            (None, byte) if byte == Self::NAME[self.matched] => {
                self.matched += 1;
                if self.matched == Self::NAME.len() {
                    (self.matched, self.value) = (0, Some(0));
                }
            }
            (None, byte) => self.matched = usize::from(byte == Self::NAME[0]),
        }
    }
}

/// Measures `entry`, and stops once it exceeds `most` bytes.
fn weigh(mut entry: impl Read, most: u64) -> io::Result<Weight> {
    let (mut weight, mut claim, mut text) = (Weight::default(), Claim::default(), 0_u64);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = entry.read(&mut buffer)?;
        weight.all += read as u64;
        weight.bytes += read as u64;
        for byte in &buffer[..read] {
            claim.read(*byte);
            if *byte == b'<' {
                weight.all += TAG;
                text = 0;
            } else {
                text += 1;
                weight.text = weight.text.max(text);
            }
        }
        if read == 0 || weight.all > most {
            return Ok(Weight { texts: claim.largest, ..weight });
        }
    }
}
