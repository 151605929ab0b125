//! Bounds from the file, and what the system has to give.

use gw_web::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::LimitsConfig;

/// Descriptors that are no connections: the store, the ledger's segments, sockets, policy files.
const OWN_DESCRIPTORS: u64 = 128;

/// Connections from clients that are served where the system has any number of descriptors.
const CONNECTIONS_MAX: u64 = 65_536;

/// Raises the number of descriptors to what this process may have; says how many they are.
pub(super) fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(fault) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%fault, "the number of open files could not be raised");
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Has memory in small pages, unless it is asked for otherwise: a page of 2 MiB is made in one
/// piece, and where the machine below is virtual that can hold a traffic thread up for 5 ms.
pub(super) fn huge_pages(wanted: bool) {
    if let Err(fault) = rustix::thread::disable_transparent_huge_pages(!wanted) {
        tracing::warn!(%fault, "pages of 2 MiB could not be switched");
    }
}

/// The bounds of the web enforcement point.
///
/// Of the descriptors, half are for clients; the other half is for the connections to apps
/// that those need, so that clients cannot use up what serves them.
pub(super) fn limits(config: &LimitsConfig, threads: usize, descriptors: u64) -> Limits {
    let usual = Limits::default();
    let to_give = descriptors.saturating_sub(OWN_DESCRIPTORS) / 2;
    let most = to_give.clamp(16, CONNECTIONS_MAX);
    let asked = config.connections.map_or(most, u64::from);
    if asked > most {
        tracing::warn!(
            connections = asked,
            served = most,
            descriptors,
            "`limits.connections` is more than the number of open files allows"
        );
    }
    let connections = usize::try_from(asked.min(most)).unwrap_or(usize::MAX);
    let of_thread = connections.div_ceil(threads.max(1));
    Limits {
        connections_max: of_thread,
        stranger_exchanges_max: usual.stranger_exchanges_max.min((of_thread / 2).max(4)),
        handshakes_max: usual.handshakes_max.min((of_thread / 4).max(4)),
        connections_per_address: config.connections_per_address,
        connections_per_person: match config.connections_per_person {
            0 => u32::MAX,
            most => most,
        },
        exchanges_per_person: match config.exchanges_per_person {
            0 => u32::MAX,
            // One person leaves most of what can be open to others.
            most => most.min(u32::try_from(connections / 4).unwrap_or(u32::MAX).max(4)),
        },
        requests_per_person: config.requests_per_person,
        handshakes_per_address: config.handshakes_per_address,
        first_byte_read: config.request_head,
        head_read: config.request_head,
        head_bytes: usize::try_from(config.request_head_bytes).unwrap_or(usual.head_bytes),
        headers_max: usize::from(config.request_headers),
        idle: config.idle,
        stranger_idle: config.stranger_idle,
        slow_reader: config.slow_reader,
        slow_writer: config.slow_writer,
        streams_max: config.streams,
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    /// What a file that says nothing about it says.
    fn silent() -> LimitsConfig {
        let least = "version = 1\nlisten.https = []\nauthentication.host = \"a.test\"\nportal.host = \"b.test\"\n";
        config::check(
            std::path::Path::new("gatewright.toml"),
            least,
            &config::NoFiles,
        )
        .unwrap()
        .limits
    }

    #[test]
    fn half_of_what_the_system_gives_is_for_clients_and_all_threads_share_it() {
        let usual = silent();
        let of =
            |config, threads, descriptors| limits(config, threads, descriptors).connections_max;
        assert_eq!(of(&usual, 2, 1024 + OWN_DESCRIPTORS), 256);
        assert_eq!(of(&usual, 1, u64::MAX), 65_536);
        assert_eq!(of(&usual, 1, 10), 16);
        let asked = LimitsConfig {
            connections: Some(1000),
            ..usual
        };
        assert_eq!(of(&asked, 1, 1 << 20), 1000);
        assert_eq!(of(&asked, 1, 256 + OWN_DESCRIPTORS), 128);
    }

    #[test]
    fn a_file_that_is_silent_leaves_the_bounds_as_they_are() {
        let read = limits(&silent(), 1, u64::MAX);
        let usual = Limits::default();
        let same = Limits {
            connections_max: usual.connections_max,
            ..read
        };
        assert_eq!(same, usual);
    }
}
