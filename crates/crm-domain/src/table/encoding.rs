//! From the bytes of a file to UTF-8, a chunk at a time.
//!
//! Bytes that cannot be decoded must spoil their row and nothing else, and must not turn silently into U+FFFD. So
//! nothing is replaced here: UTF-8 passes as it is, and where UTF-16 is malformed a byte that is never valid in UTF-8
//! takes its place. Whoever turns a record into text finds both.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::{Deserialize, Serialize};

/// Bytes read at once. The first such chunk is what the encoding and the delimiter are told by.
const CHUNK_BYTES: usize = 64 * 1024;

/// U+FEFF in UTF-8.
const UTF8_BOM: &[u8] = b"\xEF\xBB\xBF";

/// Stands for malformed UTF-16 in the decoded stream: no valid UTF-8 contains it.
const MALFORMED: u8 = 0xFF;

/// How the characters of a table are written as bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, low byte first, as spreadsheets on Windows write "Unicode text".
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, high byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Windows-1252, the usual legacy encoding of Western Europe. Every byte means something in it.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl Encoding {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1252 => "windows-1252",
        }
    }

    /// Tells the encoding by the first bytes of a file; `whole` says that `sample` is the entire file.
    pub(super) fn detect(sample: &[u8], whole: bool) -> Self {
        if sample.starts_with(UTF8_BOM) {
            Self::Utf8
        } else if sample.starts_with(b"\xFF\xFE") {
            Self::Utf16Le
        } else if sample.starts_with(b"\xFE\xFF") {
            Self::Utf16Be
        } else if looks_like_utf16(sample, |[low, high]| (low, high)) {
            Self::Utf16Le
        } else if looks_like_utf16(sample, |[high, low]| (low, high)) {
            Self::Utf16Be
        } else if looks_like_utf8(sample, whole) {
            Self::Utf8
        } else {
            Self::Windows1252
        }
    }

    fn decoder(self) -> Option<Decoder> {
        let encoding = match self {
            Self::Utf8 => return None,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
            Self::Windows1252 => WINDOWS_1252,
        };
        Some(encoding.new_decoder_without_bom_handling())
    }
}

/// How files begin that are no text: PNG, JPEG, GIF, PDF, ZIP (so newer spreadsheets), older spreadsheets, gzip.
const MAGIC: [&[u8]; 7] = [
    b"\x89PNG",
    b"\xFF\xD8\xFF",
    b"GIF8",
    b"%PDF-",
    b"PK\x03\x04",
    b"\xD0\xCF\x11\xE0",
    b"\x1F\x8B\x08",
];
/// So many control characters, and one in so many bytes, and it is no text with stray ones.
const CONTROLS_MIN: usize = 16;
const CONTROLS_SHARE: usize = 20;

/// A file as a stream of UTF-8.
pub(super) struct Input {
    source: Box<dyn Read + Send>,
    raw: Vec<u8>,
    encoding: Encoding,
    transcoder: Transcoder,
    /// So far everything is ASCII, which is the same in UTF-8 and Windows-1252: the first other character tells which of them it is.
    undecided: bool,
    failed: Option<io::Error>,
    ended: bool,
}

impl Input {
    /// Reads the first chunk of `source` into `out` (without byte order mark) and tells the encoding by it, unless it
    /// is `forced`. A chunk of nothing but ASCII counts as UTF-8 until the first other character comes.
    pub(super) fn open(mut source: Box<dyn Read + Send>, forced: Option<Encoding>, out: &mut Vec<u8>) -> io::Result<Self> {
        let mut raw = Vec::with_capacity(CHUNK_BYTES);
        let mut ended = read_chunk(&mut source, &mut raw)?;
        if !ended && ends_within_the_first_character(&raw) {
            ended = read_chunk(&mut source, &mut raw)?;
        }
        let encoding = forced.unwrap_or_else(|| Encoding::detect(&raw, ended));
        let mut transcoder = Transcoder::new(encoding);
        transcoder.feed(&raw, ended, out);
        strip_boms(out);
        let undecided = forced.is_none() && encoding == Encoding::Utf8 && raw.is_ascii();
        Ok(Self {
            source,
            raw,
            encoding,
            transcoder,
            undecided,
            failed: None,
            ended,
        })
    }

    /// Whether the first chunk, just read, is no text in any encoding.
    pub(super) fn is_binary(&self) -> bool {
        let is_wide = matches!(self.encoding, Encoding::Utf16Le | Encoding::Utf16Be);
        let is_control = |byte: &&u8| matches!(byte, 0..=8 | 14..=26 | 28..=31);
        let controls = self.raw.iter().filter(is_control).count();
        let is_known = MAGIC.iter().any(|magic| self.raw.starts_with(magic));
        is_known || !is_wide && controls >= CONTROLS_MIN && controls * CONTROLS_SHARE >= self.raw.len()
    }

    /// How the characters are written, as far as what was read tells.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Says that nothing follows what was already given.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Appends the next chunk to `out`; `false` at the end. What came before a failure is given before the failure.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        if let Some(error) = self.failed.take() {
            self.ended = true;
            return Err(error);
        }
        if self.ended {
            return Ok(false);
        }
        self.raw.clear();
        self.read();
        if self.undecided && !self.raw.is_ascii() {
            self.decide();
        }
        self.transcoder.feed(&self.raw, self.ended, out);
        Ok(true)
    }

    /// Appends the next chunk to `raw`.
    fn read(&mut self) {
        match read_chunk(&mut self.source, &mut self.raw) {
            Ok(last) => self.ended = last,
            Err(error) => self.failed = Some(error),
        }
    }

    /// Tells by the first chunk with other characters than ASCII how they are written.
    fn decide(&mut self) {
        if !self.ended && self.failed.is_none() && ends_within_the_first_character(&self.raw) {
            self.read();
        }
        self.undecided = false;
        if !looks_like_utf8(&self.raw, self.ended) {
            self.encoding = Encoding::Windows1252;
            self.transcoder = Transcoder::new(self.encoding);
        }
    }
}

/// Decodes chunks, keeping what a chunk boundary halves.
struct Transcoder {
    /// `None` for UTF-8, which is passed on as it is.
    decoder: Option<Decoder>,
    scratch: Vec<u8>,
}

impl Transcoder {
    fn new(encoding: Encoding) -> Self {
        let decoder = encoding.decoder();
        let scratch = if decoder.is_some() { vec![0; CHUNK_BYTES] } else { Vec::new() };
        Self { decoder, scratch }
    }

    /// Appends the decoded `raw` to `out`. Nothing may follow a call with `last`.
    fn feed(&mut self, mut raw: &[u8], last: bool, out: &mut Vec<u8>) {
        let Some(decoder) = &mut self.decoder else {
            out.extend_from_slice(raw);
            return;
        };
        loop {
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(raw, &mut self.scratch, last);
            out.extend_from_slice(&self.scratch[..written]);
            raw = &raw[read..];
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => out.push(MALFORMED),
            }
        }
    }
}

/// Whether the only character that is not ASCII is the last and, if this is UTF-8, not there as a whole: it tells nothing yet.
fn ends_within_the_first_character(raw: &[u8]) -> bool {
    let error = std::str::from_utf8(raw).err();
    error.is_some_and(|error| error.error_len().is_none() && raw[..error.valid_up_to()].is_ascii())
}

/// Appends the next chunk to `raw`; `true` if it is the last one. After an error `raw` has what came before it.
fn read_chunk(source: &mut Box<dyn Read + Send>, raw: &mut Vec<u8>) -> io::Result<bool> {
    let read = source.take(CHUNK_BYTES as u64).read_to_end(raw)?;
    Ok(read < CHUNK_BYTES)
}

/// Removes every byte order mark at the start: tools that concatenate files leave more than one.
fn strip_boms(text: &mut Vec<u8>) {
    let mut end = 0;
    while text[end..].starts_with(UTF8_BOM) {
        end += UTF8_BOM.len();
    }
    text.drain(..end);
}

/// Tells UTF-8 that may be damaged in places from a legacy encoding, whose letters hardly ever make valid UTF-8.
///
/// Damaged UTF-8 costs rows that are then named, while UTF-8 read as Windows-1252 spoils every name in silence: so what is invalid must be more
/// than twice as much as what is valid (and of two bytes and more) to count, both of the sequences and of the lines that hold them: a single
/// line may hold any number of stray bytes.
fn looks_like_utf8(sample: &[u8], whole: bool) -> bool {
    let (mut sequences, mut lines) = (Tally::default(), Tally::default());
    let mut rest = sample.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')).peekable();
    while let Some(line) = rest.next() {
        // The end of the sample may halve a character; that of a line or of the file may not.
        let found = Tally::of(line, whole || rest.peek().is_some());
        sequences.valid += found.valid;
        sequences.invalid += found.invalid;
        lines.invalid += usize::from(found.invalid > 0);
        lines.valid += usize::from(found.invalid == 0 && found.valid > 0);
    }
    sequences.speaks_for_utf8() || lines.speaks_for_utf8()
}

/// How much is UTF-8 of two bytes and more, and how much is not.
#[derive(Default)]
struct Tally {
    valid: usize,
    invalid: usize,
}

impl Tally {
    /// The sequences in some bytes; `whole` says that no character is halved by their end.
    fn of(bytes: &[u8], whole: bool) -> Self {
        let (mut found, mut rest) = (Self::default(), bytes);
        while let Err(error) = std::str::from_utf8(rest) {
            let (text, behind) = rest.split_at(error.valid_up_to());
            found.valid += multi_byte_characters(text);
            found.invalid += usize::from(whole || error.error_len().is_some());
            rest = &behind[error.error_len().unwrap_or(behind.len())..];
        }
        found.valid += multi_byte_characters(rest);
        found
    }

    fn speaks_for_utf8(&self) -> bool {
        self.invalid <= 2 * self.valid
    }
}

/// Characters in `text`, which is valid UTF-8, that take more than one byte.
fn multi_byte_characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte >= 0xC0).count()
}

/// Tells UTF-16 without byte order mark by its NUL bytes: the delimiters, digits and line breaks of any table are ASCII,
/// and so have a NUL for their high byte. `split` gives the (low, high) bytes of a code unit.
///
/// A stray NUL in a file of another encoding must not count, so the pattern has to be frequent (a tenth of the units),
/// one-sided (three to one; U+3000 is a space in Japanese, and its low byte NUL) and to include the line breaks.
fn looks_like_utf16(sample: &[u8], split: fn([u8; 2]) -> (u8, u8)) -> bool {
    let (mut units, mut ascii, mut reversed, mut breaks) = (0, 0, 0, 0);
    for unit in sample.chunks_exact(2) {
        let (low, high) = split([unit[0], unit[1]]);
        units += 1;
        ascii += usize::from(high == 0 && low != 0 && low.is_ascii());
        reversed += usize::from(low == 0);
        breaks += usize::from(high == 0 && low == b'\n');
    }
    let line_feeds = sample.iter().filter(|byte| **byte == b'\n').count();
    ascii >= 2 && ascii * 10 >= units && reversed * 3 <= ascii && breaks * 2 >= line_feeds
}
