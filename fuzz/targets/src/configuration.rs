//! What operators write: the configuration, its values, the command line, the database of
//! countries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gatewright::fuzzing;
use gw_model::{Change, Epoch, Snapshot};
use gw_web::canonical::{Authority, Scheme, canonical_path};

/// A configuration file: checked, or refused with all of its faults. What is checked fits the
/// facts of an empty store, and says hosts and paths as requests are compared with them.
pub(crate) fn file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let checked = match fuzzing::check_configuration(text) {
        Ok(checked) => checked,
        Err(faults) => {
            assert!(!faults.is_empty());
            let lines = text.matches('\n').count() + 1;
            for (line, what) in faults {
                assert!(
                    line.is_none_or(|line| (1..=lines).contains(&line)),
                    "{line:?}"
                );
                assert!(!what.is_empty());
            }
            return;
        }
    };
    let epoch = Epoch {
        incarnation: 1,
        number: 1,
    };
    let empty = Snapshot::empty(Epoch::default());
    let facts = empty
        .apply(epoch, &checked.changes())
        .expect("it fits an empty store");
    for app in facts.apps() {
        is_host(&app.host);
        for route in &app.routes {
            for path in &route.paths {
                assert!(path.literal().starts_with('/'));
                let _ = canonical_path(path.literal());
            }
        }
    }
    let again = fuzzing::check_configuration(text).unwrap();
    let written = |changes: &[Change]| serde_json::to_string(changes).unwrap();
    let same = written(&again.changes()) == written(&checked.changes());
    assert!(same, "the same text means the same");
    assert!(
        checked.difference(&facts).is_empty(),
        "nothing is left to change"
    );
}

fn is_host(host: &str) {
    let read = Authority::parse(host.as_bytes(), Scheme::Https).expect("a host of requests");
    assert_eq!(read.host, host);
    assert_eq!(read.port, None);
}

/// One value, tried as everything that has a form of its own.
pub(crate) fn values(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let values = fuzzing::values(text);
    if let Some(host) = &values.host {
        is_host(host);
    }
    if let Some(origin) = &values.origin {
        let (scheme, authority) = origin.split_once("://").unwrap();
        let scheme = match scheme {
            "http" => Scheme::Http,
            _ => Scheme::Https,
        };
        let read = Authority::parse(authority.as_bytes(), scheme).expect("an origin's host");
        assert!(read.is_origin(scheme, origin.as_bytes()), "{origin}");
    }
    if let Some(upstream) = &values.upstream {
        assert_eq!(
            fuzzing::values(upstream).upstream.as_ref(),
            Some(upstream),
            "a server's own spelling"
        );
        if !upstream.starts_with("unix://") {
            let uri: http::Uri = format!("{upstream}/")
                .parse()
                .expect("an upstream's address");
            assert!(uri.port_u16().is_some_and(|port| port > 0), "{upstream}");
            assert!(!upstream.contains('@'));
        }
    }
    if let Some(header) = &values.header {
        let _: http::HeaderName = header.parse().expect("a header's name");
    }
    if let Some(method) = &values.method {
        assert!(method.bytes().all(|byte| byte.is_ascii_uppercase()));
    }
    if let Some(zone) = &values.zone {
        assert_eq!(
            fuzzing::values(zone).zone.as_ref(),
            Some(zone),
            "a zone's own name"
        );
    }
    assert!(values.span_secs.is_none_or(|secs| secs > 0));
    if let Some(network) = &values.network {
        assert_eq!(fuzzing::values(network).network.as_ref(), Some(network));
    }
}

/// Each line is one argument.
pub(crate) fn command_line(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let arguments: Vec<&str> = text.split('\n').collect();
    if let Err(usage) = fuzzing::read_command_line(&arguments) {
        assert!(!usage.is_empty());
    }
    if let Ok(segment) = fuzzing::path_segment(text) {
        let path = format!("/v1/users/{segment}/links");
        let uri: http::Uri = path.parse().expect("a path");
        assert_eq!(uri.path(), path, "a name arrives whole");
        assert_eq!(path.split('/').count(), 5);
    }
}

/// A file that is to tell countries.
pub(crate) fn country_database(data: &[u8]) {
    let Some(country) = fuzzing::country_database(data) else {
        return;
    };
    for address in [
        IpAddr::from([192, 0, 2, 7]),
        IpAddr::from(Ipv4Addr::UNSPECIFIED),
        IpAddr::from(Ipv4Addr::BROADCAST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
        IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]),
    ] {
        let told = fuzzing::told(&country, address);
        assert_eq!(told, fuzzing::told(&country, address));
    }
}
