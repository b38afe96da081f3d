//! Frames: a letter, a length, and so many bytes. Both ends refuse a frame that is longer than it may be.
//! A reader never sets memory aside for a length that it was only told.

use std::io::{self, Read, Write};

/// Bytes that one frame may hold.
pub const MAX_FRAME: usize = 1 << 20;
/// Bytes in front of a frame's contents.
pub const HEADER: usize = 5;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JSON: a request or a reply.
    Message,
    /// A piece of a file.
    Bytes,
}

impl Kind {
    const fn letter(self) -> u8 {
        match self {
            Self::Message => b'M',
            Self::Bytes => b'B',
        }
    }
}

/// Reads what stands in front of a frame.
///
/// # Errors
/// An unknown letter, or a length over [`MAX_FRAME`].
pub fn header(bytes: [u8; HEADER]) -> io::Result<(Kind, usize)> {
    let [letter, length @ ..] = bytes;
    let kind = [Kind::Message, Kind::Bytes].into_iter().find(|k| k.letter() == letter);
    let kind = kind.ok_or_else(|| wrong(format!("a frame begins with the byte {letter}")))?;
    match usize::try_from(u32::from_le_bytes(length)) {
        Ok(length) if length <= MAX_FRAME => Ok((kind, length)),
        _ => Err(wrong("a frame is longer than it may be".to_owned())),
    }
}

/// Writes one frame.
///
/// # Errors
/// Contents over [`MAX_FRAME`], or a pipe that nobody reads.
pub fn write(out: &mut impl Write, kind: Kind, contents: &[u8]) -> io::Result<()> {
    let length = u32::try_from(contents.len()).ok().filter(|_| contents.len() <= MAX_FRAME);
    let length = length.ok_or_else(|| wrong("a frame would be longer than it may be".to_owned()))?;
    let mut bytes = Vec::with_capacity(HEADER + contents.len());
    bytes.push(kind.letter());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(contents);
    out.write_all(&bytes)?;
    out.flush()
}

/// Reads one frame; nothing at the end of the pipe.
///
/// # Errors
/// A wrong header, or a pipe that ends within a frame.
pub fn read(input: &mut impl Read) -> io::Result<Option<(Kind, Vec<u8>)>> {
    let mut start = [0; HEADER];
    let mut got = 0;
    while got < HEADER {
        match input.read(&mut start[got..]) {
            Ok(0) if got == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let (kind, length) = header(start)?;
    let mut contents = Vec::new();
    input.take(length as u64).read_to_end(&mut contents)?;
    if contents.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((kind, contents)))
}

fn wrong(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_went() {
        let mut pipe = Vec::new();
        write(&mut pipe, Kind::Message, b"{}").unwrap();
        write(&mut pipe, Kind::Bytes, &[7; 3000]).unwrap();
        let mut pipe = pipe.as_slice();
        assert_eq!(read(&mut pipe).unwrap(), Some((Kind::Message, b"{}".to_vec())));
        assert_eq!(read(&mut pipe).unwrap(), Some((Kind::Bytes, vec![7; 3000])));
        assert_eq!(read(&mut pipe).unwrap(), None);
    }

    #[test]
    fn lies_are_refused() {
        assert!(read(&mut [b'M', 255, 255, 255, 255].as_slice()).is_err(), "four gigabytes");
        assert!(read(&mut [b'?', 0, 0, 0, 0].as_slice()).is_err(), "an unknown kind");
        assert!(read(&mut [b'M', 9, 0, 0, 0, b'x'].as_slice()).is_err(), "fewer bytes than told");
        assert!(read(&mut [b'M', 9].as_slice()).is_err(), "half a header");
        assert!(write(&mut Vec::new(), Kind::Bytes, &vec![0; MAX_FRAME + 1]).is_err());
    }
}
