//! An app's servers, as the file declares them.

use std::{collections::BTreeMap, path::Path, path::PathBuf, sync::Arc};

use gw_api::document::{ANSWER_HEAD, WEIGHT_MAX};
use gw_model::{
    AppName, HealthCheck, Protocol, Server, ServerAddress, Servers, Transport, Upstream,
    UpstreamLimits,
};
use gw_tls::TrustFiles;

use super::{
    UpstreamTls,
    asked::Absent,
    reader::{Found, Readable, Section},
    value::{HealthPath, Host, Size, Span, StartAddress},
};

/// Where an app's requests go, and how its servers are believed where they speak TLS.
pub(super) struct Read {
    pub(super) upstream: Upstream,
    pub(super) tls: Option<UpstreamTls>,
}

impl Read {
    /// Of an app that is not behind this door.
    pub(super) fn elsewhere(start: StartAddress) -> Self {
        Self {
            upstream: Upstream::Elsewhere(start.address),
            tls: None,
        }
    }
}

/// Reads what an app's table says of its upstream.
pub(super) fn read(
    section: &mut Section<'_>,
    app: Option<&AppName>,
    folder: &Path,
) -> Option<Read> {
    let servers = which(section);
    let protocol = section.choice(
        "protocol",
        &[
            ("auto", Protocol::Auto),
            ("h1", Protocol::H1),
            ("h2", Protocol::H2),
        ],
        Protocol::Auto,
    );
    let tls = section.table("upstream_tls", |s| tls(s, folder));
    let health = match section.found("health").is_some() || section.is_described() {
        true => section.table("health", health),
        false => None,
    };
    let limits = section.table("limits", limits);
    let servers = match servers? {
        Which::BuiltIn(name) => {
            let upstream = Upstream::BuiltIn(name);
            return Some(Read {
                upstream,
                tls: None,
            });
        }
        Which::Servers(servers) => servers,
    };
    check(section, &servers, protocol);
    let over_tls = servers
        .iter()
        .any(|server| server.address.transport() == Transport::Https);
    if !over_tls && section.found("upstream_tls").is_some() {
        section.fault("upstream_tls", "is for servers at `https://` alone");
    }
    let (server_name, tls) = match app {
        Some(app) if over_tls => (tls.server_name.clone(), Some(tls.of(app))),
        _ => (None, None),
    };
    let servers = Servers {
        servers,
        protocol,
        server_name,
        health,
        limits,
    };
    Some(Read {
        upstream: servers.into(),
        tls,
    })
}

enum Which {
    Servers(Vec<Server>),
    BuiltIn(Arc<str>),
}

/// One of `upstream`, `upstreams` and `built_in`.
fn which(section: &mut Section<'_>) -> Option<Which> {
    let one = section.optional::<ServerAddress>("upstream");
    let several = section.found("upstreams");
    let built_in = section.found("built_in");
    section.describe("upstreams", || (Vec::<Declared>::kind(), Absent::Nothing));
    section.describe("built_in", || ("\"verify\"".into(), Absent::Nothing));
    let there = section.found("upstream").is_some();
    match (there, several, built_in) {
        (true, None, None) => Some(Which::Servers(Servers::one(one?).servers)),
        (false, Some(found), None) => self::several(&found).map(Which::Servers),
        (false, None, Some(found)) => match found.text()? {
            name @ "verify" => Some(Which::BuiltIn(Arc::from(name))),
            other => {
                found.fault(format!("is `{other}`, expected \"verify\""));
                None
            }
        },
        (false, None, None) => {
            section.fault(
                "upstream",
                "is missing: say where its requests go, such as \"http://127.0.0.1:3000\"",
            );
            None
        }
        (_, _, Some(_)) => {
            section.fault("built_in", "cannot be set together with `upstream`");
            None
        }
        (true, Some(_), None) => {
            section.fault("upstreams", "cannot be set together with `upstream`");
            None
        }
    }
}

fn several(found: &Found<'_>) -> Option<Vec<Server>> {
    let servers = Vec::<Declared>::read(found)?;
    let servers: Vec<Server> = servers.into_iter().map(|declared| declared.0).collect();
    if found.is_empty_list() {
        found.fault("is empty: name at least one server");
    }
    if servers.len() > Servers::MAX {
        found.fault(format!("has more than {} servers", Servers::MAX));
    }
    for (index, server) in servers.iter().enumerate() {
        let before = servers.get(..index).unwrap_or_default();
        if before.iter().any(|other| other.address == server.address) {
            found.fault(format!("has `{}` twice", server.address));
        }
    }
    (!servers.is_empty()).then_some(servers)
}

/// `"http://…"`, or `{ url = "http://…", weight = 2 }`.
struct Declared(Server);

impl Readable for Declared {
    fn kind() -> String {
        format!(
            "{}, or {{ url = …, weight = 1 to {WEIGHT_MAX} }}",
            ServerAddress::kind()
        )
    }

    fn read(found: &Found<'_>) -> Option<Self> {
        if found.value.as_table().is_none() {
            let address = ServerAddress::read(found)?;
            return Some(Self(Server { address, weight: 1 }));
        }
        let mut section = found.section()?;
        let address = section.required::<ServerAddress>("url");
        let weight = section.or("weight", 1);
        if !(1..=WEIGHT_MAX).contains(&weight) {
            section.fault("weight", format!("is {weight}, expected 1 to {WEIGHT_MAX}"));
        }
        section.refuse_unknown_keys();
        Some(Self(Server {
            address: address?,
            weight,
        }))
    }
}

/// What a scheme says already, `protocol` does not contradict.
fn check(section: &Section<'_>, servers: &[Server], protocol: Protocol) {
    for server in servers {
        let address = &server.address;
        match (address.transport(), protocol) {
            (Transport::Http, Protocol::H2) => {
                let plain = address.place();
                section.fault(
                    "protocol",
                    format!("is \"h2\" for `{address}`: write `h2c://{plain}` to speak HTTP/2 without TLS"),
                );
            }
            (Transport::H2c, Protocol::H1) => section.fault(
                "protocol",
                format!("is \"h1\" for `{address}`, which says HTTP/2"),
            ),
            _ => {}
        }
    }
}

struct Tls {
    ca: Option<PathBuf>,
    client: Option<(PathBuf, PathBuf)>,
    server_name: Option<Arc<str>>,
    accept_any: bool,
    places: BTreeMap<&'static str, super::Place>,
}

impl Tls {
    fn of(self, app: &AppName) -> UpstreamTls {
        UpstreamTls {
            files: TrustFiles {
                app: app.clone(),
                ca: self.ca,
                client: self.client,
                dangerous_accept_any_certificate: self.accept_any,
            },
            places: self.places,
        }
    }
}

fn tls(section: &mut Section<'_>, folder: &Path) -> Tls {
    let mut file = |key| section.optional::<PathBuf>(key).map(|p| folder.join(p));
    let (ca, certificate, key) = (file("ca"), file("certificate"), file("key"));
    let server_name = section.optional::<Host>("server_name").map(|host| host.0);
    let accept_any = section.or("dangerous_accept_any_certificate", false);
    if accept_any && ca.is_some() {
        section.fault(
            "ca",
            "counts for nothing beside `dangerous_accept_any_certificate = true`",
        );
    }
    let client = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => {
            section.fault("certificate", "needs its `key` beside it");
            None
        }
        (None, Some(_)) => {
            section.fault("key", "needs its `certificate` beside it");
            None
        }
    };
    let keys = ["ca", "certificate", "key"];
    Tls {
        ca,
        client,
        server_name,
        accept_any,
        places: keys.map(|key| (key, section.place(key))).into(),
    }
}

fn health(section: &mut Section<'_>) -> Option<HealthCheck> {
    let path = section.required::<HealthPath>("path");
    let Span(interval) = section.or("interval", Span::secs(10));
    Some(HealthCheck {
        path: path?.0,
        interval,
    })
}

fn limits(section: &mut Section<'_>) -> UpstreamLimits {
    let mut time = |key| section.optional::<Span>(key).map(|span| span.0);
    let (connect, first_byte) = (time("connect"), time("first_byte"));
    let response_idle = time("response_idle");
    let request_body = section.optional::<Size>("request_body").map(|size| size.0);
    let answer_head = section.optional::<Size>("answer_head").map(|size| size.0);
    if answer_head.is_some_and(|bytes| !ANSWER_HEAD.contains(&bytes)) {
        section.fault("answer_head", "must be from 8KiB to 1MiB");
    }
    UpstreamLimits {
        connect,
        first_byte,
        response_idle,
        request_body,
        answer_head: answer_head.and_then(|bytes| u32::try_from(bytes).ok()),
    }
}
