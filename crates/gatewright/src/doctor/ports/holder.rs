//! Which process listens on an address, as far as this user may know.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

/// In `/proc/net/tcp`: a socket that listens.
const LISTENS: &str = "0A";

/// Who listens.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// A process, with its name.
    Process(u32, String),
    /// Somebody who cannot be seen from here.
    Unknown,
}

impl Holder {
    /// A socket that was handed over has several: `expected` counts before others.
    pub(super) fn of(address: SocketAddr, expected: Option<u32>) -> Self {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let read = tables
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok());
        let sockets: Vec<_> = read
            .flat_map(|table| listeners(&table))
            .filter(|(at, _)| takes(*at, address))
            .map(|(_, inode)| format!("socket:[{inode}]"))
            .collect();
        let mut all = expected.into_iter().chain(processes());
        all.find(|pid| holds(*pid, &sockets))
            .map_or(Self::Unknown, |pid| Self::Process(pid, name_of(pid)))
    }
}

/// Whether one who listens there keeps others from listening here.
fn takes(there: SocketAddr, here: SocketAddr) -> bool {
    let every = |address: IpAddr| address.is_unspecified();
    there.port() == here.port()
        && (there.ip() == here.ip()
            || (every(there.ip()) || every(here.ip())) && there.is_ipv4() == here.is_ipv4()
            || there.ip() == IpAddr::from(Ipv6Addr::UNSPECIFIED))
}

/// Listening sockets of a table, with their inodes.
fn listeners(table: &str) -> Vec<(SocketAddr, u64)> {
    let row = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let address = address(fields.next()?)?;
        let (_, state) = (fields.next()?, fields.next()?);
        let inode = fields.nth(5)?.parse().ok()?;
        (state == LISTENS).then_some((address, inode))
    };
    table.lines().skip(1).filter_map(row).collect()
}

/// `0100007F:1F90`: each four bytes of the address as a number of this machine's order.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Vec<[u8; 4]> = host
        .as_bytes()
        .chunks(8)
        .map(|word| {
            let word = str::from_utf8(word).ok()?;
            Some(u32::from_str_radix(word, 16).ok()?.to_ne_bytes())
        })
        .collect::<Option<_>>()?;
    let ip: IpAddr = match words.as_slice() {
        [v4] => Ipv4Addr::from(*v4).into(),
        [_, _, _, _] => Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?).into(),
        _ => return None,
    };
    Some((ip, port).into())
}

fn processes() -> impl Iterator<Item = u32> {
    let all = fs::read_dir("/proc").into_iter().flatten();
    all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn holds(pid: u32, sockets: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets
        .into_iter()
        .any(|target| sockets.iter().any(|socket| target == Path::new(socket)))
}

fn name_of(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm"));
    name.map_or_else(|_| "a program".to_owned(), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_the_kernels_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0\n   1: 0100007F:1F91 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 7 1 0000000000000000 100 0 0 10 0\n";
        if cfg!(target_endian = "little") {
            let expected: SocketAddr = "127.0.0.1:8080".parse().unwrap();
            assert_eq!(listeners(table), [(expected, 12345)]);
            let six = address("00000000000000000000000001000000:01BB").unwrap();
            assert_eq!(six, "[::1]:443".parse().unwrap());
        }
    }

    #[test]
    fn whoever_listens_on_all_addresses_keeps_others_from_each_of_them() {
        let takes = |there: &str, here: &str| takes(there.parse().unwrap(), here.parse().unwrap());
        assert!(takes("0.0.0.0:443", "192.0.2.1:443"));
        assert!(takes("[::]:443", "192.0.2.1:443"));
        assert!(takes("192.0.2.1:443", "0.0.0.0:443"));
        assert!(!takes("0.0.0.0:443", "192.0.2.1:444"));
        assert!(!takes("127.0.0.1:443", "192.0.2.1:443"));
    }
}
