//! Reads UTF-16 as UTF-8, which all other code expects.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

/// How many bytes are decoded at once.
const CHUNK: usize = 8 * 1024;

pub(super) struct Utf16<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    decoded: Vec<u8>,
    /// How many bytes of `decoded` have been read.
    at: usize,
    is_over: bool,
}

impl<R: Read> Utf16<R> {
    /// `encoding` is the kind of UTF-16 that `inner` is in.
    pub(super) fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        let (raw, decoded) = (Vec::new(), Vec::new());
        Self { inner, decoder, raw, decoded, at: 0, is_over: false }
    }

    fn decode_more(&mut self) -> io::Result<()> {
        self.raw.clear();
        let read = self.inner.by_ref().take(CHUNK as u64).read_to_end(&mut self.raw)?;
        self.is_over = read < CHUNK;
        let most = self.decoder.max_utf8_buffer_length_without_replacement(self.raw.len());
        self.decoded.resize(most.unwrap_or(CHUNK * 4), 0);
        let (result, _, written) = self.decoder.decode_to_utf8_without_replacement(
            &self.raw,
            &mut self.decoded,
            self.is_over,
        );
        self.decoded.truncate(written);
        self.at = 0;
        match result {
            DecoderResult::InputEmpty => Ok(()),
            DecoderResult::OutputFull | DecoderResult::Malformed(..) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "is not UTF-16"))
            }
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.decoded.len() && !self.is_over {
            self.decode_more()?;
        }
        let read = (&self.decoded[self.at..]).read(into)?;
        self.at += read;
        Ok(read)
    }
}
