use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::reads::trace::error::Found;
use crate::reads::trace::line::{self, HEADER, Malformed};
use crate::reads::trace::{Format, Trace, TraceError};

/// The longest line that is read: a file without line ends must not end up in memory.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Turns lines into a [`Trace`], one at a time.
pub(super) struct Reader<R> {
    input: R,
    format: Format,
    numbers: HashMap<Box<str>, u32>,
    keys: Vec<u32>,
    times: Vec<u64>,
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(input: R, format: Format) -> Self {
        Self {
            input,
            format,
            numbers: HashMap::new(),
            keys: Vec::new(),
            times: Vec::new(),
        }
    }

    /// Reads to the end, unpacking where the input is packed.
    pub(super) fn read(mut self) -> Result<Trace, TraceError> {
        let packed = self.input.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        if packed {
            let unpacked = BufReader::new(MultiGzDecoder::new(self.input));
            Reader::new(unpacked, self.format).read_lines()
        } else {
            self.read_lines()
        }
    }

    fn read_lines(mut self) -> Result<Trace, TraceError> {
        let mut bytes = Vec::new();
        let mut number = 0;
        while read_line(&mut self.input, &mut bytes)? {
            number += 1;
            let malformed = |(expected, found)| TraceError::Line {
                line: number,
                expected,
                found,
            };
            let text = text(&bytes, number == 1).map_err(malformed)?;
            if number == 1 {
                self.format = detected(self.format, text);
                if self.format == Format::Timed && text == HEADER {
                    continue;
                }
            }
            let key = self.time(text).map_err(malformed)?;
            self.push(key)?;
        }
        self.finish()
    }

    /// Keeps the line's time, if it has one, and returns the line's key.
    fn time<'a>(&mut self, text: &'a str) -> Result<&'a str, Malformed> {
        if self.format != Format::Timed {
            return line::key(text);
        }
        let (time, key) = line::timed(text)?;
        if self.times.last().is_some_and(|&last| time < last) {
            return Err(("a time not before the previous line's", Found::text(text)));
        }
        self.times.push(time);
        Ok(key)
    }

    fn push(&mut self, key: &str) -> Result<(), TraceError> {
        // There are never more keys than reads, so what numbers the reads numbers the keys too.
        u32::try_from(self.keys.len()).map_err(|_| TraceError::TooLong)?;
        let number = match self.numbers.get(key) {
            Some(&number) => number,
            None => {
                let number = self.numbers.len() as u32;
                self.numbers.insert(key.into(), number);
                number
            }
        };
        self.keys.push(number);
        Ok(())
    }

    fn finish(mut self) -> Result<Trace, TraceError> {
        if self.keys.is_empty() {
            return Err(TraceError::Empty);
        }
        let first = self.times.first().copied();
        if let Some(first) = first {
            self.times.iter_mut().for_each(|time| *time -= first);
        }
        Ok(Trace {
            distinct: self.numbers.len() as u32,
            keys: self.keys,
            times_ns: first.map(|_| self.times),
        })
    }
}

/// Reads the next line into `bytes`, with its end; returns whether there was one.
fn read_line(input: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<bool> {
    bytes.clear();
    let read = input.take(LINE_BYTES_MAX + 1).read_until(b'\n', bytes)?;
    Ok(read != 0)
}

/// Returns a line's text without its end, and without the mark that some programs put first.
fn text(line: &[u8], first: bool) -> Result<&str, Malformed> {
    if line.len() as u64 > LINE_BYTES_MAX {
        return Err(("a line of at most 65536 bytes", Found::TooLong));
    }
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|_| ("UTF-8 text", Found::NotText))?;
    Ok(match first {
        true => text.strip_prefix('\u{feff}').unwrap_or(text),
        false => text,
    })
}

/// Returns the format that the first line shows.
fn detected(format: Format, first: &str) -> Format {
    match format {
        Format::Detect if line::looks_timed(first) => Format::Timed,
        Format::Detect => Format::Keys,
        known => known,
    }
}
