//! Reads text in bounded pieces, in a stated encoding or in the one that its first bytes show.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::MAX_LINE_BYTES;
use super::utf16::Utf16;
use crate::import::table::error::ImportError;

/// The lines of a text file. No line is read beyond the limit.
pub(super) struct TextLines {
    pub(super) file: String,
    text: Text,
    row: u64,
    offset: u64,
    peeked: VecDeque<TextLine>,
}

/// A line of text, without its line end.
#[derive(Clone)]
pub(super) struct TextLine {
    /// The line number, from 1.
    pub(super) row: u64,
    pub(super) text: String,
}

impl TextLines {
    pub(super) fn new(
        file: String,
        opened: File,
        label: Option<&str>,
    ) -> Result<Self, ImportError> {
        let text = Text::open(&file, opened, label)?;
        Ok(Self { file, text, row: 0, offset: 0, peeked: VecDeque::new() })
    }

    /// Whether the file is UTF-8 without a byte order mark.
    pub(super) fn is_plain(&self) -> bool {
        self.text.is_plain
    }

    /// The next line. `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<TextLine>, ImportError> {
        match self.peeked.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read(),
        }
    }

    /// Looks ahead at up to `count` lines without taking them.
    pub(super) fn peek(&mut self, count: usize) -> Result<&VecDeque<TextLine>, ImportError> {
        while self.peeked.len() < count
            && let Some(line) = self.read()?
        {
            self.peeked.push_back(line);
        }
        Ok(&self.peeked)
    }

    fn read(&mut self) -> Result<Option<TextLine>, ImportError> {
        let mut bytes = Vec::new();
        let mut bounded = (&mut self.text.reader).take(MAX_LINE_BYTES + 1);
        let read = bounded.read_until(b'\n', &mut bytes);
        read.map_err(|error| unread(&self.file, self.row + 1, error))?;
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
        let text = decode(&self.file, bytes, self.text.encoding, self.row, self.offset)?;
        self.offset += read;
        Ok(Some(TextLine { row: self.row, text }))
    }
}

pub(super) struct WholeText {
    pub(super) file: String,
    pub(super) text: String,
}

/// The text of `opened`. At most `limit` bytes are read, even if the file grows meanwhile.
pub(super) fn read_whole(
    file: String,
    opened: File,
    label: Option<&str>,
    limit: u64,
) -> Result<WholeText, ImportError> {
    let text = Text::open(&file, opened, label)?;
    let mut bytes = Vec::new();
    // As UTF-8, UTF-16 is at most half as large again.
    let read = text.reader.take(limit * 2).read_to_end(&mut bytes);
    read.map_err(|error| unread(&file, 1, error))?;
    let text = decode(&file, bytes, text.encoding, 1, 0)?;
    Ok(WholeText { file, text })
}

/// A file after its byte order mark, in an encoding in which a line end is always the same byte.
struct Text {
    reader: BufReader<Box<dyn Read + Send>>,
    encoding: &'static Encoding,
    is_plain: bool,
}

impl Text {
    /// A byte order mark overrides `label`.
    fn open(file: &str, mut opened: File, label: Option<&str>) -> Result<Self, ImportError> {
        let stated = encoding_of(file, label)?;
        let mut first = Vec::new();
        let read = opened.by_ref().take(3).read_to_end(&mut first);
        read.map_err(|error| unread(file, 1, error))?;
        let marked = Encoding::for_bom(&first);
        let (encoding, mark) = marked.unwrap_or((stated, 0));
        let rest = Cursor::new(first.split_off(mark)).chain(opened);
        let is_utf_16 = encoding == UTF_16LE || encoding == UTF_16BE;
        let (source, encoding): (Box<dyn Read + Send>, _) = match is_utf_16 {
            true => (Box::new(Utf16::new(rest, encoding)), UTF_8),
            false => (Box::new(rest), encoding),
        };
        let is_plain = !is_utf_16 && encoding == UTF_8 && mark == 0;
        Ok(Self { reader: BufReader::new(source), encoding, is_plain })
    }
}

fn unread(file: &str, row: u64, source: io::Error) -> ImportError {
    match source.kind() {
        io::ErrorKind::InvalidData => ImportError::BrokenUtf16 { file: file.to_owned(), row },
        _ => ImportError::Read { path: file.to_owned(), source },
    }
}

/// The encoding that `label` names: UTF-16, or one in which a line end is always the same byte.
fn encoding_of(file: &str, label: Option<&str>) -> Result<&'static Encoding, ImportError> {
    let Some(label) = label else { return Ok(UTF_8) };
    let is_read = |encoding: &&'static Encoding| {
        encoding.is_ascii_compatible() || *encoding == UTF_16LE || *encoding == UTF_16BE
    };
    let found = Encoding::for_label_no_replacement(label.as_bytes());
    found.filter(is_read).ok_or_else(|| ImportError::UnknownEncoding {
        file: file.to_owned(),
        label: label.to_owned(),
    })
}

/// Whether `label` names a supported encoding.
pub(in super::super) fn is_encoding(label: &str) -> bool {
    encoding_of("", Some(label)).is_ok()
}

/// Whether `bytes` look like UTF-16 without a byte order mark: Latin text then has many zeros.
fn looks_like_utf_16(bytes: &[u8]) -> bool {
    let zeros = bytes.iter().take(1000).filter(|byte| **byte == 0).count();
    zeros * 3 > bytes.len().min(1000)
}

/// Decodes `bytes`, which begin at `offset` of the file in line `row`.
fn decode(
    file: &str,
    bytes: Vec<u8>,
    encoding: &'static Encoding,
    row: u64,
    offset: u64,
) -> Result<String, ImportError> {
    if row == 1 && looks_like_utf_16(&bytes) {
        return Err(ImportError::Unmarked { file: file.to_owned() });
    }
    let invalid = |bytes: &[u8], at: usize| {
        let lines_before = bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        ImportError::InvalidText {
            file: file.to_owned(),
            row: row + lines_before,
            offset: offset + at as u64,
            encoding: encoding.name(),
        }
    };
    if encoding != UTF_8 {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes);
        // These decoders do not report the position. The line is precise enough.
        return text.map(std::borrow::Cow::into_owned).ok_or_else(|| invalid(&bytes, 0));
    }
    String::from_utf8(bytes)
        .map_err(|error| invalid(error.as_bytes(), error.utf8_error().valid_up_to()))
}
