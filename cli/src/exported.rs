//! Files that hold a whole database: how they are opened, written and read into a store.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use tokio::sync::mpsc;
use waybill_shared::dump::{self, AHEAD, Reading, WholeError};
use waybill_shared::store::Beside;

use crate::failure::Failure;
use crate::output;

pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let hint = "name a file that `waybill backup` or `waybill export` wrote";
    Failure::caller(format!("{}: {error}", path.display()), hint)
}

/// Opens an export, which may be compressed.
pub(crate) fn open(path: &Path) -> std::io::Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    if file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(BufReader::with_capacity(1 << 20, MultiGzDecoder::new(file))));
    }
    Ok(Box::new(file))
}

/// Whether a file is an export. A file that cannot be read is not.
pub(crate) fn is_export(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = open(path).and_then(|file| file.take(32).read_to_end(&mut start));
    read.is_ok() && dump::begins(&start)
}

/// Fills `beside` with the content of an export.
pub(crate) async fn fill(beside: &dyn Beside, file: &Path) -> Result<(), Failure> {
    let opened = open(file).map_err(|error| unreadable(file, &error))?;
    let reading = Reading::open(opened).map_err(|error| refused(file, error))?;
    let bar = output::progress("reading", reading.header.counts.rows());
    let (to, rows) = mpsc::channel(AHEAD);
    let read = {
        let bar = bar.clone();
        tokio::task::spawn_blocking(move || reading.rows(&to, |rows| bar.inc(rows as u64)))
    };
    let filled = beside.fill(rows).await;
    let read = read.await.map_err(Failure::ours)?;
    bar.finish_and_clear();
    match (read, filled) {
        // The database failed, so the file may be good.
        (Ok(_) | Err(WholeError::Stopped { .. }), filled) => Ok(filled?),
        (Err(error), _) => Err(refused(file, error)),
    }
}

pub(crate) fn refused(file: &Path, error: WholeError) -> Failure {
    let hint = match &error {
        WholeError::Foreign => "name a file that `waybill backup` or `waybill export` wrote",
        WholeError::Newer { .. } => "use that version of Waybill",
        WholeError::Read { .. }
        | WholeError::CutOff { .. }
        | WholeError::Wrong { .. }
        | WholeError::Stopped { .. } => "nothing was changed; take another copy of the file",
    };
    Failure::caller(format!("{}, {error}", file.display()), hint)
}

/// Says which keys the sealed values need.
pub(crate) fn needs(sealed: &BTreeMap<String, usize>) {
    for (key, count) in sealed {
        output::talk(&format!(
            "{count} secrets and addresses in the file are sealed by key {key}, which is not in \
             the file"
        ));
    }
}

pub(crate) fn is_compressed(file: &Path) -> bool {
    file.extension().is_some_and(|end| end == "gz")
}

/// The destination of an export.
pub(crate) enum Out {
    Plain(BufWriter<File>),
    /// A compressed file.
    Compressed(Box<GzEncoder<BufWriter<File>>>),
    /// Another destination, such as standard output.
    Stream(Box<dyn Write + Send>),
}

impl Out {
    pub(crate) fn file(file: File, is_compressed: bool) -> Self {
        let file = BufWriter::with_capacity(1 << 20, file);
        if is_compressed {
            return Self::Compressed(Box::new(GzEncoder::new(file, Compression::fast())));
        }
        Self::Plain(file)
    }

    /// Writes what is still buffered.
    pub(crate) fn end(self) -> io::Result<()> {
        match self {
            Self::Plain(mut file) => file.flush(),
            Self::Compressed(file) => file.finish()?.flush(),
            Self::Stream(mut out) => out.flush(),
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Compressed(file) => file.write(bytes),
            Self::Stream(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            // It is flushed at its end, because flushing earlier would make the compression worse.
            Self::Compressed(_) => Ok(()),
            Self::Stream(out) => out.flush(),
        }
    }
}
