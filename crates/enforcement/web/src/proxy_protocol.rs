//! PROXY protocol, version 2: a trusted proxy says whose connection it brings, before the
//! connection's own first byte.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use tokio::io::{AsyncRead, AsyncReadExt as _};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Longest header that is read: addresses and some extensions.
const BYTES_MAX: usize = 4096;

/// Why a header was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyFault {
    /// It does not begin as one.
    #[error("a trusted proxy sent no PROXY protocol version 2 header")]
    NotAHeader,
    /// It is longer than any sensible one.
    #[error("a trusted proxy sent a PROXY header of more than 4096 bytes")]
    TooLong,
    /// Its parts do not fit.
    #[error("a trusted proxy sent a PROXY header that cannot be read")]
    Malformed,
}

/// Reads exactly the header, and no byte behind it. `None`: the proxy speaks for itself.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    let refused = |fault: ProxyFault| io::Error::new(io::ErrorKind::InvalidData, fault);
    let mut start = [0; 16];
    stream.read_exact(&mut start).await?;
    let mut rest = vec![0; length(&start).map_err(refused)?];
    stream.read_exact(&mut rest).await?;
    source(&start, &rest).map_err(refused)
}

/// How many bytes follow the first sixteen.
///
/// # Errors
/// Where they are not the start of a header.
pub fn length(start: &[u8; 16]) -> Result<usize, ProxyFault> {
    let (signature, [version, _, high, low]) =
        start.split_last_chunk().ok_or(ProxyFault::Malformed)?;
    if signature != SIGNATURE || version >> 4 != 2 {
        return Err(ProxyFault::NotAHeader);
    }
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length > BYTES_MAX {
        Err(ProxyFault::TooLong)
    } else {
        Ok(length)
    }
}

/// The address that a header names, where it names one.
///
/// # Errors
/// Where its parts do not fit.
pub fn source(start: &[u8; 16], rest: &[u8]) -> Result<Option<IpAddr>, ProxyFault> {
    let [.., command, family, _, _] = start;
    match (command & 0xf, family) {
        (0, _) => Ok(None),
        (1, 0x11) => match rest.split_first_chunk::<4>() {
            Some((address, rest)) if rest.len() >= 8 => Ok(Some(Ipv4Addr::from(*address).into())),
            _ => Err(ProxyFault::Malformed),
        },
        (1, 0x21) => match rest.split_first_chunk::<16>() {
            Some((address, rest)) if rest.len() >= 20 => Ok(Some(Ipv6Addr::from(*address).into())),
            _ => Err(ProxyFault::Malformed),
        },
        _ => Err(ProxyFault::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([0x20 | command, family]);
        bytes.extend((rest.len() as u16).to_be_bytes());
        bytes.extend_from_slice(rest);
        bytes
    }

    async fn read_all(bytes: &[u8]) -> (Result<Option<IpAddr>, io::ErrorKind>, usize) {
        let mut stream = bytes;
        let read = read(&mut stream).await.map_err(|fault| fault.kind());
        (read, stream.len())
    }

    #[tokio::test]
    async fn the_address_is_read_and_nothing_behind_the_header() {
        let mut v4 = header(
            1,
            0x11,
            &[203, 0, 113, 9, 10, 0, 0, 1, 1, 2, 3, 4, 0x20, 0, 0],
        );
        v4.extend(b"GET /");
        let address = Some(IpAddr::from([203, 0, 113, 9]));
        assert_eq!(read_all(&v4).await, (Ok(address), 5));
        let mut ends = [0; 36];
        ends[15] = 1;
        let v6 = header(1, 0x21, &ends);
        assert_eq!(
            read_all(&v6).await,
            (Ok(Some(IpAddr::from(Ipv6Addr::LOCALHOST))), 0)
        );
        assert_eq!(read_all(&header(0, 0, &[])).await, (Ok(None), 0));
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        for bytes in [
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
            b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n".to_vec(),
            header(1, 0x11, &[1, 2, 3]),
            header(1, 0x31, &[0; 40]),
            header(2, 0x11, &[0; 12]),
            header(1, 0x11, &[0; 5000]),
        ] {
            assert_eq!(read_all(&bytes).await.0, Err(io::ErrorKind::InvalidData));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(start in any::<[u8; 16]>(), rest in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = length(&start);
            let _ = source(&start, &rest);
        }
    }
}
