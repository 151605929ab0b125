//! What fuzzing reaches of the readers that are this crate's own. Not for any other use.

use std::{
    ffi::OsString,
    net::{IpAddr, SocketAddr},
    path::Path,
    str::FromStr,
};

use gw_model::{Change, Epoch, Snapshot};
use gw_web::Country;
use ipnet::IpNet;

use crate::{
    backup, command,
    config::{self, facts, value},
    wiring,
};

/// What a configuration that was accepted says of facts.
pub struct Checked(config::Wanted);

impl Checked {
    /// The changes that bring an empty store to it.
    pub fn changes(&self) -> Vec<Change> {
        self.difference(&Snapshot::empty(Epoch::default()))
    }

    /// The changes that bring these facts to it.
    pub fn difference(&self, present: &Snapshot) -> Vec<Change> {
        facts::difference(&self.0, present)
    }
}

/// Checks the text of a configuration file.
///
/// # Errors
/// Its faults, each with its line where it has one.
pub fn check_configuration(text: &str) -> Result<Checked, Vec<(Option<usize>, String)>> {
    let file = Path::new("/etc/gatewright/gatewright.toml");
    let checked = config::check(file, text, &config::NoFiles);
    let checked = checked.map(|config| Checked(config.wanted));
    checked.map_err(|faults| {
        let told = |fault: &config::Fault| {
            let line = (fault.line > 0).then_some(fault.line);
            (line, format!("{}: {}", fault.key, fault.what))
        };
        faults.faults.iter().map(told).collect()
    })
}

/// One text as each kind of value that it is one of.
#[derive(Debug, Default)]
pub struct Values {
    /// A host.
    pub host: Option<String>,
    /// A web origin.
    pub origin: Option<String>,
    /// An upstream's address.
    pub upstream: Option<String>,
    /// A header's name.
    pub header: Option<String>,
    /// A method.
    pub method: Option<String>,
    /// A time zone.
    pub zone: Option<String>,
    /// A span of time in seconds.
    pub span_secs: Option<u64>,
    /// A number of bytes.
    pub size: Option<u64>,
    /// A network.
    pub network: Option<String>,
    /// An address to listen at.
    pub listen: Option<String>,
}

/// Reads one text as every kind of value of the configuration.
pub fn values(text: &str) -> Values {
    fn read<T: FromStr, R>(text: &str, of: impl FnOnce(T) -> R) -> Option<R> {
        text.parse().ok().map(of)
    }
    Values {
        host: read(text, |value: value::Host| value.0.to_string()),
        origin: read(text, |value: value::Origin| value.0.to_string()),
        upstream: read(text, |value: gw_model::ServerAddress| value.to_string()),
        header: read(text, |value: value::HeaderName| value.0.to_string()),
        method: read(text, |value: value::Method| value.0.to_string()),
        zone: read(text, |value: value::Zone| value.0.to_string()),
        span_secs: read(text, |value: value::Span| value.0.as_secs()),
        size: read(text, |value: value::Size| value.0),
        network: read(text, |value: IpNet| value.to_string()),
        listen: read(text, |value: SocketAddr| value.to_string()),
    }
}

/// Reads a command line, without the program's name, and does nothing.
///
/// # Errors
/// What would be printed instead.
pub fn read_command_line(arguments: &[&str]) -> Result<(), String> {
    let arguments = std::iter::once("gatewright").chain(arguments.iter().copied());
    command::read(arguments.map(OsString::from)).map_err(|usage| usage.to_string())
}

/// A name as a part of a path of the administration's interface.
///
/// # Errors
/// Where it would not arrive whole.
pub fn path_segment(text: &str) -> Result<&str, String> {
    command::segment(text).map_err(|fault| fault.to_string())
}

/// What a database of countries tells, if the bytes are one.
pub fn country_database(bytes: &[u8]) -> Option<Country> {
    wiring::country_of(bytes.to_vec()).ok()
}

/// The country of an address as the database has it.
pub fn told(country: &Country, address: IpAddr) -> Option<[u8; 2]> {
    country(address)
}

/// Unpacks a backup's archive into a folder.
///
/// # Errors
/// Why it is refused.
pub fn unpack_backup(archive: &[u8], to: &Path) -> Result<(), String> {
    let unpacked = backup::unpack(archive, to);
    unpacked.map(drop).map_err(|fault| fault.to_string())
}

/// Packs these files, by their paths, as a backup of no keys is packed.
///
/// # Errors
/// When it cannot be packed.
pub fn pack_backup(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, String> {
    let pack = || {
        let mut archive = backup::Archive::begin(Vec::new(), &backup::Opening::of_nothing())?;
        for (path, bytes) in files {
            archive.bytes(path, bytes)?;
        }
        archive.end()
    };
    pack().map_err(|fault: backup::ArchiveFault| fault.to_string())
}
