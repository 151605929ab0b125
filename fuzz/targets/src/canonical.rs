//! The one canonical form of a request: path, target, host.

use std::sync::LazyLock;

use gw_model::{App, Change, Epoch, IdentityHeaders, Route, Snapshot, Upstream};
use gw_web::{
    canonical::{Authority, Canonical, Scheme, Target, canonical_path},
    route::Router,
};
use http::{Method, Uri, Version};

use crate::input;

/// A path is read into one spelling that reads as itself, means what was sent, and that no
/// careless upstream can resolve to somewhere else.
pub(crate) fn path(data: &[u8]) {
    let Ok(given) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(read) = canonical_path(given) else {
        return;
    };
    let again = canonical_path(&read.path).expect("a canonical path is read");
    assert_eq!(again.path, read.path, "canonical is a fixed point");
    assert_eq!(again.ambiguity, read.ambiguity);
    assert_eq!(again.loosest, read.loosest);
    assert_eq!(again.shortest, read.shortest);
    assert!(is_spelled_canonically(&read.path), "{:?}", read.path);
    assert_eq!(decoded(&read.path), decoded(given), "the meaning is kept");
    for reading in careless_readings(&read.path) {
        let mut segments = reading.split(['/', '\\']);
        assert!(
            segments.all(|segment| segment != "." && segment != ".."),
            "{reading:?} is a reading of {:?}",
            read.path
        );
    }
    if read.ambiguity.is_none() {
        let once = decoded(&read.path);
        let slashes = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'/').count();
        assert_eq!(slashes(&once), slashes(read.path.as_bytes()));
    }
    if let Some(loosest) = &read.loosest {
        assert!(loosest.starts_with('/') && !loosest.contains("//") && !loosest.contains(';'));
    }
}

fn is_spelled_canonically(path: &str) -> bool {
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let upper = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'A'..=b'F');
                let value = u8::from_str_radix(&format!("{}{}", *high as char, *low as char), 16);
                let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                if !upper(high) || !upper(low) || value.map_or(true, unreserved) {
                    return false;
                }
                after
            }
            (byte, after)
                if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(byte) =>
            {
                after
            }
            _ => return false,
        };
    }
    path.starts_with('/')
}

fn decoded(path: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(path).collect()
}

/// What upstreams make of a path: parameters cut before, between and after up to four
/// decodings.
fn careless_readings(path: &str) -> Vec<String> {
    let mut readings = Vec::new();
    for cut_at in 0..4 {
        let mut text = path.to_owned();
        for decoding in 0..4 {
            if decoding == cut_at {
                text = without_parameters(&text);
            }
            readings.push(text.clone());
            text = String::from_utf8_lossy(&decoded(&text)).into_owned();
        }
        readings.push(without_parameters(&text));
    }
    readings
}

fn without_parameters(path: &str) -> String {
    let cut = |segment: &str| segment.split(';').next().unwrap_or_default().to_owned();
    path.split('/').map(cut).collect::<Vec<_>>().join("/")
}

/// A head is read as one host and one target, or refused; and what was read is read again.
///
/// The first line is `METHOD TARGET VERSION`, the others are headers.
pub(crate) fn request(data: &[u8]) {
    let (line, rest) = input::first_line(data);
    let mut words = line.split(|byte| *byte == b' ');
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default();
    let (Ok(method), Ok(uri)) = (Method::from_bytes(method), Uri::try_from(target)) else {
        return;
    };
    let version = match words.next() {
        Some(b"2") => Version::HTTP_2,
        Some(b"1.0") => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    let headers = input::headers(rest);
    for scheme in [Scheme::Http, Scheme::Https] {
        if let Ok(read) = Canonical::read(&method, &uri, version, &headers, scheme) {
            assert!(
                method
                    .as_str()
                    .bytes()
                    .all(|byte| !byte.is_ascii_lowercase())
            );
            one_host(&read.authority, &headers, version, scheme);
            one_target(&read.target, target);
            one_route(&read.target, &method);
        }
    }
}

fn one_host(
    authority: &Authority<'_>,
    headers: &http::HeaderMap,
    version: Version,
    scheme: Scheme,
) {
    let hosts: Vec<_> = headers.get_all(http::header::HOST).iter().collect();
    assert!(hosts.len() == 1 || (hosts.is_empty() && version == Version::HTTP_2));
    let text = authority.to_string();
    let again = Authority::parse(text.as_bytes(), scheme).expect("a canonical host is read");
    assert_eq!(again, *authority);
    assert_eq!(again.to_string(), text);
    let host = &authority.host;
    assert!(!host.ends_with('.') && host.bytes().all(|byte| !byte.is_ascii_uppercase()));
    assert_ne!(authority.port, Some(scheme.default_port()));
    assert!(authority.is_origin(scheme, authority.origin(scheme).as_bytes()));
    for given in hosts {
        assert_eq!(plainly_read_host(given.as_bytes()), host.as_bytes());
    }
}

/// The host of a `Host` header, as the shortest of readers takes it.
fn plainly_read_host(given: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(given.to_ascii_lowercase()).unwrap();
    if let Some(address) = text.strip_prefix('[') {
        let address: std::net::Ipv6Addr = address.split(']').next().unwrap().parse().unwrap();
        return format!("[{address}]").into_bytes();
    }
    let host = text.split(':').next().unwrap();
    host.strip_suffix('.').unwrap_or(host).as_bytes().to_vec()
}

fn one_target(target: &Target, given: &[u8]) {
    let text = target.path_and_query().as_str();
    let uri: Uri = text.parse().expect("a canonical target is a target");
    let again = Target::read(&uri).expect("a canonical target is read");
    assert_eq!(again.path_and_query(), target.path_and_query());
    assert_eq!(again.ambiguity(), target.ambiguity());
    assert!(again.readings().eq(target.readings()));
    assert!(text.starts_with('/'));
    let given = given.split(|byte| *byte == b'#').next().unwrap_or_default();
    let sent = given.iter().position(|byte| *byte == b'?');
    let query = sent.map(|at| &given[at + 1..]);
    assert_eq!(target.query().map(str::as_bytes), query, "as it was sent");
}

fn one_route(target: &Target, method: &Method) {
    ROUTER.with(|router| {
        let app = router.app("wiki.example").expect("the app");
        let Ok(route) = app.route(target, method) else {
            return;
        };
        assert!(target.ambiguity().is_none() || route.name.as_str() == "wiki/loose");
        let is_admin = |path: &str| {
            let path = path.to_ascii_lowercase();
            path == "/admin" || path.starts_with("/admin/")
        };
        let expected = route.name.as_str() == "wiki/admin";
        for reading in target.readings().chain([target.path()]) {
            assert_eq!(expected, is_admin(reading), "{reading:?} is another route");
        }
    });
}

thread_local! {
    static ROUTER: Router = Router::compile(&FACTS);
}

static FACTS: LazyLock<Snapshot> = LazyLock::new(|| {
    let route = |name: &str, path: &str, loose| Route {
        name: format!("wiki/{name}").parse().unwrap(),
        paths: vec![path.parse().unwrap()],
        methods: Vec::new(),
        tags: Vec::new(),
        credential: Default::default(),
        authorization: Default::default(),
        scopes: Vec::new(),
        sender_constrained: false,
        origins: Vec::new(),
        recorded_parameters: Vec::new(),
        upgrades: Route::default_upgrades(),
        accept_encoded_slash: loose,
        accept_override_headers: false,
    };
    let app = App {
        name: "wiki".parse().unwrap(),
        title: "Wiki".into(),
        description: "".into(),
        host: "wiki.example".into(),
        upstream: Upstream::Http("127.0.0.1:3000".into()),
        tags: Vec::new(),
        attributes: Default::default(),
        routes: vec![
            route("admin", "/admin/*", false),
            route("loose", "/files/*", true),
        ],
        time_zone: None,
        in_portal: true,
        preserve_host: true,
        owner: gw_model::AppOwner::Configuration,
        identity_headers: IdentityHeaders::default(),
        version: 0,
    };
    let epoch = Epoch {
        incarnation: 1,
        number: 1,
    };
    Snapshot::empty(Epoch::default())
        .apply(epoch, &[Change::AppPut(app.into())])
        .unwrap()
});
