//! Text of a stated encoding, read in bounded pieces.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use encoding_rs::{Encoding, UTF_8};

use super::super::error::ImportError;
use super::MAX_LINE_BYTES;

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The lines of a text file, each read only as far as the limit.
pub(super) struct TextLines {
    /// The file's name.
    pub(super) file: String,
    reader: BufReader<File>,
    encoding: &'static Encoding,
    row: u64,
    offset: u64,
}

/// A line of text, without its end.
pub(super) struct TextLine {
    /// Its number, from 1.
    pub(super) row: u64,
    /// Its text.
    pub(super) text: String,
}

impl TextLines {
    /// The lines of `opened`.
    pub(super) fn new(
        file: String,
        opened: File,
        label: Option<&str>,
    ) -> Result<Self, ImportError> {
        let encoding = encoding_of(&file, label)?;
        Ok(Self { file, reader: BufReader::new(opened), encoding, row: 0, offset: 0 })
    }

    /// The next line; none at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<TextLine>, ImportError> {
        let mut bytes = Vec::new();
        let mut bounded = (&mut self.reader).take(MAX_LINE_BYTES + 1);
        bounded
            .read_until(b'\n', &mut bytes)
            .map_err(|source| ImportError::Read { path: self.file.clone(), source })?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.row += 1;
        if bytes.len() as u64 > MAX_LINE_BYTES {
            return Err(ImportError::LongLine { file: self.file.clone(), row: self.row });
        }
        let read = bytes.len() as u64;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        let text = decode(&self.file, &bytes, self.encoding, self.row, self.offset)?;
        self.offset += read;
        Ok(Some(TextLine { row: self.row, text }))
    }
}

/// A whole file's text, with its name.
pub(super) struct WholeText {
    /// The file's name.
    pub(super) file: String,
    /// Its text.
    pub(super) text: String,
}

/// The text of `opened`, of at most `limit` bytes even if the file grows meanwhile.
pub(super) fn read_whole(
    file: String,
    opened: File,
    label: Option<&str>,
    limit: u64,
) -> Result<WholeText, ImportError> {
    let encoding = encoding_of(&file, label)?;
    let mut bytes = Vec::new();
    let read = opened.take(limit).read_to_end(&mut bytes);
    read.map_err(|source| ImportError::Read { path: file.clone(), source })?;
    let text = decode(&file, &bytes, encoding, 1, 0)?;
    Ok(WholeText { file, text })
}

/// The encoding that `label` names; only those in which a line end is always the same byte.
fn encoding_of(file: &str, label: Option<&str>) -> Result<&'static Encoding, ImportError> {
    let Some(label) = label else { return Ok(UTF_8) };
    let found = Encoding::for_label_no_replacement(label.as_bytes());
    found.filter(|encoding| encoding.is_ascii_compatible()).ok_or_else(|| {
        ImportError::UnknownEncoding { file: file.to_owned(), label: label.to_owned() }
    })
}

/// Whether `label` names an encoding that can be read.
pub(in super::super) fn is_encoding(label: &str) -> bool {
    encoding_of("", Some(label)).is_ok()
}

/// The text of `bytes`, which begin at `offset` of the file, in its line `row`.
fn decode(
    file: &str,
    bytes: &[u8],
    encoding: &'static Encoding,
    row: u64,
    offset: u64,
) -> Result<String, ImportError> {
    let invalid = |at: usize| {
        let lines_before = bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        ImportError::InvalidText {
            file: file.to_owned(),
            row: row + lines_before,
            offset: offset + at as u64,
            encoding: encoding.name(),
        }
    };
    if encoding != UTF_8 {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
        // These decoders do not say where; the line is near enough.
        return text.map(std::borrow::Cow::into_owned).ok_or_else(|| invalid(0));
    }
    let marked = if offset == 0 && bytes.starts_with(UTF8_MARK) { UTF8_MARK.len() } else { 0 };
    let text = std::str::from_utf8(&bytes[marked..]);
    text.map(str::to_owned).map_err(|error| invalid(marked + error.valid_up_to()))
}
