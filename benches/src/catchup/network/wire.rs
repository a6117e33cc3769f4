//! Packets on a stream of bytes: each behind its length.

use std::io::{self, ErrorKind, Read, Write};

use crate::catchup::packet::Packet;

/// Writes a packet.
pub(super) fn write(stream: &mut impl Write, packet: &Packet) -> io::Result<()> {
    let Some((head, body)) = packet.encode() else {
        return Ok(());
    };
    let len = (head.len() + body.len()) as u64;
    let mut begin = len.to_le_bytes().to_vec();
    begin.extend(head);
    stream.write_all(&begin)?;
    stream.write_all(&body)
}

/// Reads a packet; `None` where the stream ends before it.
pub(super) fn read(stream: &mut impl Read) -> io::Result<Option<Packet>> {
    let mut len = [0; size_of::<u64>()];
    match stream.read_exact(&mut len) {
        Ok(()) => {}
        Err(error) if is_end(&error) => return Ok(None),
        Err(error) => return Err(error),
    }
    let len = u64::from_le_bytes(len);
    let mut bytes = Vec::new();
    // A length that is a lie ends with the stream, and takes no memory before.
    stream.take(len).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != len {
        return Ok(None);
    }
    let packet = Packet::decode(bytes.into());
    packet
        .map(Some)
        .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "not a packet"))
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_out_as_they_went_in_until_the_stream_ends() {
        let mut stream = Vec::new();
        for from in [1, 2] {
            write(&mut stream, &Packet::Entries { from, count: 9 }).unwrap();
        }
        let whole = stream.len();
        let mut rest = &stream[..];
        for expected in [1, 2] {
            let packet = read(&mut rest).unwrap();
            assert!(matches!(packet, Some(Packet::Entries { from, .. }) if from == expected));
        }
        assert!(read(&mut rest).unwrap().is_none());
        // Cut short in a packet, it ends too.
        let mut cut = &stream[..whole - 1];
        assert!(read(&mut cut).unwrap().is_some());
        assert!(read(&mut cut).unwrap().is_none());
    }

    #[test]
    fn what_is_no_packet_is_an_error() {
        let mut stream = &b"\x01\0\0\0\0\0\0\0\x63"[..];
        assert!(read(&mut stream).is_err());
    }
}
