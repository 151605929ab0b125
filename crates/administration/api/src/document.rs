//! An app's document read as a fact, or all that is wrong with it; and a fact as its document.

use std::{collections::BTreeMap, ops::RangeInclusive, str::FromStr, sync::Arc, time::Duration};

use gw_model::{
    App, AppOwner, AuthorizationHeader, Credential, HealthCheck, IdentityHeaders, Protocol, Route,
    Server, ServerAddress, Servers, Transport, Upstream, UpstreamLimits,
};

use crate::{
    forms::{
        HealthPath, Host, IdentityHeaderName, Line, MethodName, Origin, ScopeName, StartAddress,
        Zone,
    },
    types::{
        AppDocument, AuthorizationWord, CredentialWord, HealthDocument, IdentityHeadersDocument,
        ProtocolWord, RouteDocument, ServerDocument, UpstreamDocument, UpstreamLimitsDocument,
    },
};

/// The largest share of an app's requests that one server takes, beside one with weight 1.
pub const WEIGHT_MAX: u32 = 100;
/// The bounds of the head of an answer, in bytes.
pub const ANSWER_HEAD: RangeInclusive<u64> = 8 << 10..=1 << 20;
/// The bounds of the time between two health checks.
const HEALTH_INTERVAL_MS: RangeInclusive<u64> = 1_000..=3_600_000;
/// The bounds of each limit of time.
const TIME_MS: RangeInclusive<u64> = 1..=86_400_000;
/// Routes of one app.
const ROUTES_MAX: usize = 1_000;

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// The field, as `routes[1].paths[0]`.
    pub field: String,
    /// What is wrong with it, and what to write instead.
    pub what: String,
}

impl std::fmt::Display for FieldFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.field, self.what)
    }
}

/// Collects what is wrong, instead of stopping at the first.
#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    fn add(&mut self, field: impl Into<String>, what: impl std::fmt::Display) {
        self.0.push(FieldFault {
            field: field.into(),
            what: what.to_string(),
        });
    }

    fn read<T: FromStr<Err: std::fmt::Display>>(&mut self, field: &str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(fault) => {
                self.add(field, fault);
                None
            }
        }
    }

    fn read_all<T: FromStr<Err: std::fmt::Display>>(
        &mut self,
        field: &str,
        texts: &[String],
    ) -> Vec<T> {
        let mut read = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            read.extend(self.read::<T>(&format!("{field}[{index}]"), text));
        }
        read
    }

    fn within(&mut self, field: &str, value: u64, bounds: &RangeInclusive<u64>) {
        if !bounds.contains(&value) {
            let (least, most) = (bounds.start(), bounds.end());
            self.add(field, format!("is {value}, expected {least} to {most}"));
        }
    }
}

impl AppDocument {
    /// The app that it describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn app(&self) -> Result<App, Vec<FieldFault>> {
        let mut faults = Faults::default();
        let app = self.read(&mut faults);
        match app {
            Some(app) if faults.0.is_empty() => Ok(app),
            _ => Err(faults.0),
        }
    }

    fn read(&self, faults: &mut Faults) -> Option<App> {
        let host = faults.read::<Host>("host", &self.host);
        let title = faults.read::<Line>("title", &self.title);
        let description = faults.read::<Line>("description", &self.description);
        let upstream = self.upstream.read(faults);
        let zone = self.time_zone.as_deref();
        let time_zone = zone.and_then(|zone| faults.read::<Zone>("time_zone", zone));
        let mut attributes = BTreeMap::new();
        for (name, value) in &self.attributes {
            let field = format!("attributes.{name}");
            let (name, value) = (
                faults.read::<Line>(&field, name),
                faults.read::<Line>(&field, value),
            );
            attributes.extend(name.zip(value).map(|(name, value)| (name.0, value.0)));
        }
        let routes = self.read_routes(faults);
        for conflict in route_conflicts(&routes) {
            faults.add("routes", conflict);
        }
        let title = title?.0;
        Some(App {
            title: match title.is_empty() {
                true => Arc::from(self.name.as_str()),
                false => title,
            },
            name: self.name.clone(),
            description: description?.0,
            host: host?.0,
            upstream,
            tags: faults.read_all("tags", &self.tags),
            attributes,
            routes,
            time_zone: time_zone.map(|zone| zone.0),
            in_portal: self.in_portal,
            preserve_host: self.preserve_host,
            owner: AppOwner::Administration,
            identity_headers: self.identity_headers.read(faults),
            version: 0,
        })
    }

    fn read_routes(&self, faults: &mut Faults) -> Vec<Route> {
        if self.routes.len() > ROUTES_MAX {
            faults.add("routes", format!("are more than {ROUTES_MAX}"));
            return Vec::new();
        }
        let mut routes = Vec::with_capacity(self.routes.len());
        for (index, route) in self.routes.iter().enumerate() {
            routes.extend(route.read(&self.name, &format!("routes[{index}]"), faults));
        }
        routes
    }

    /// The document of an app.
    pub fn of(app: &App) -> Self {
        Self {
            name: app.name.clone(),
            title: app.title.to_string(),
            description: app.description.to_string(),
            host: app.host.to_string(),
            upstream: UpstreamDocument::of(&app.upstream),
            tags: texts(&app.tags),
            attributes: app
                .attributes
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
            time_zone: app.time_zone.as_ref().map(ToString::to_string),
            in_portal: app.in_portal,
            preserve_host: app.preserve_host,
            identity_headers: IdentityHeadersDocument {
                user: app.identity_headers.user.as_ref().map(ToString::to_string),
                email: app.identity_headers.email.as_ref().map(ToString::to_string),
                groups: app
                    .identity_headers
                    .groups
                    .as_ref()
                    .map(ToString::to_string),
            },
            routes: app.routes.iter().map(RouteDocument::of).collect(),
        }
    }
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

impl IdentityHeadersDocument {
    fn read(&self, faults: &mut Faults) -> IdentityHeaders {
        let mut header = |field: &str, name: &Option<String>| {
            let name = name.as_deref()?;
            let field = format!("identity_headers.{field}");
            faults
                .read::<IdentityHeaderName>(&field, name)
                .map(|name| name.0)
        };
        IdentityHeaders {
            user: header("user", &self.user),
            email: header("email", &self.email),
            groups: header("groups", &self.groups),
        }
    }
}

impl RouteDocument {
    fn read(&self, app: &gw_model::AppName, field: &str, faults: &mut Faults) -> Option<Route> {
        let at = |key: &str| format!("{field}.{key}");
        if self.name == "default" {
            faults.add(
                at("name"),
                "is `default`, the route of what matches no other",
            );
        }
        let name = faults.read(&at("name"), &format!("{app}/{}", self.name));
        if self.paths.is_empty() {
            faults.add(at("paths"), "is empty: say which paths belong to the route");
        }
        let credential = match self.credential {
            CredentialWord::Cookie => Credential::Cookie,
            CredentialWord::Bearer => Credential::Bearer,
        };
        Some(Route {
            paths: faults.read_all(&at("paths"), &self.paths),
            methods: faults
                .read_all::<MethodName>(&at("methods"), &self.methods)
                .into_iter()
                .map(|method| method.0)
                .collect(),
            tags: faults.read_all(&at("tags"), &self.tags),
            credential,
            scopes: self.read_scopes(&at("scopes"), faults),
            sender_constrained: self.sender_constrained,
            authorization: match self.authorization {
                None => credential.usual_authorization(),
                Some(AuthorizationWord::Pass) => AuthorizationHeader::Pass,
                Some(AuthorizationWord::Strip) => AuthorizationHeader::Strip,
            },
            origins: faults
                .read_all::<Origin>(&at("origins"), &self.origins)
                .into_iter()
                .map(|origin| origin.0)
                .collect(),
            recorded_parameters: faults
                .read_all::<Line>(&at("recorded_parameters"), &self.recorded_parameters)
                .into_iter()
                .map(|name| name.0)
                .collect(),
            accept_encoded_slash: self.accept_encoded_slash,
            accept_override_headers: self.accept_override_headers,
            upgrades: faults.read_all(&at("upgrades"), &self.upgrades),
            name: name?,
        })
    }

    fn read_scopes(&self, field: &str, faults: &mut Faults) -> Vec<Arc<str>> {
        let is_of_a_token = self.credential == CredentialWord::Bearer;
        if !is_of_a_token && (!self.scopes.is_empty() || self.sender_constrained) {
            faults.add(
                field,
                "is about access tokens: set `credential` to `bearer`",
            );
        }
        let scopes = faults.read_all::<ScopeName>(field, &self.scopes);
        scopes.into_iter().map(|scope| scope.0).collect()
    }

    fn of(route: &Route) -> Self {
        let name = route.name.as_str();
        Self {
            name: name
                .split_once('/')
                .map_or(name, |(_, name)| name)
                .to_owned(),
            paths: texts(&route.paths),
            methods: texts(&route.methods),
            tags: texts(&route.tags),
            credential: match route.credential {
                Credential::Cookie => CredentialWord::Cookie,
                Credential::Bearer => CredentialWord::Bearer,
            },
            scopes: texts(&route.scopes),
            sender_constrained: route.sender_constrained,
            authorization: Some(match route.authorization {
                AuthorizationHeader::Pass => AuthorizationWord::Pass,
                AuthorizationHeader::Strip => AuthorizationWord::Strip,
            }),
            origins: texts(&route.origins),
            recorded_parameters: texts(&route.recorded_parameters),
            accept_encoded_slash: route.accept_encoded_slash,
            accept_override_headers: route.accept_override_headers,
            upgrades: texts(&route.upgrades),
        }
    }
}

/// Two routes may not claim the same path and method; one that names methods goes before one
/// that does not.
pub fn route_conflicts(routes: &[Route]) -> Vec<String> {
    let mut conflicts = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        for other in routes.get(..index).unwrap_or_default() {
            if other.name == route.name {
                conflicts.push(format!("`{}` is there twice", route.name));
            }
            let both = route.paths.iter().find(|path| other.paths.contains(path));
            if let Some(path) = both
                && share_methods(route, other)
            {
                let (one, two) = (&other.name, &route.name);
                conflicts.push(format!("`{one}` and `{two}` both claim `{path}`"));
            }
        }
    }
    conflicts
}

fn share_methods(a: &Route, b: &Route) -> bool {
    let both_take_all = a.methods.is_empty() && b.methods.is_empty();
    both_take_all || a.methods.iter().any(|method| b.methods.contains(method))
}

impl UpstreamDocument {
    fn read(&self, faults: &mut Faults) -> Upstream {
        if let Some(start) = &self.start {
            return self.read_elsewhere(start, faults);
        }
        let mut servers = Vec::with_capacity(self.servers.len());
        if self.servers.is_empty() {
            faults.add(
                "upstream.servers",
                "is empty: say where its requests go, such as \"http://127.0.0.1:3000\"",
            );
        }
        if self.servers.len() > Servers::MAX {
            faults.add(
                "upstream.servers",
                format!("are more than {}", Servers::MAX),
            );
        }
        for (index, server) in self.servers.iter().enumerate() {
            let field = format!("upstream.servers[{index}]");
            faults.within(
                &format!("{field}.weight"),
                server.weight.into(),
                &(1..=WEIGHT_MAX.into()),
            );
            let address =
                faults.read::<ServerAddress>(&format!("{field}.address"), &server.address);
            let known = |known: &Server| Some(&known.address) == address.as_ref();
            if servers.iter().any(known) {
                faults.add(&field, "is there twice");
            }
            servers.extend(address.map(|address| Server {
                address,
                weight: server.weight,
            }));
        }
        let protocol = match self.protocol {
            ProtocolWord::Auto => Protocol::Auto,
            ProtocolWord::H1 => Protocol::H1,
            ProtocolWord::H2 => Protocol::H2,
        };
        if let Some(what) = protocol_conflict(&servers, protocol) {
            faults.add("upstream.protocol", what);
        }
        let name = self.server_name.as_deref();
        let server_name = name.and_then(|name| faults.read::<Host>("upstream.server_name", name));
        Servers {
            servers,
            protocol,
            server_name: server_name.map(|name| name.0),
            health: self.health.as_ref().and_then(|health| health.read(faults)),
            limits: self.limits.read(faults),
        }
        .into()
    }

    fn read_elsewhere(&self, start: &str, faults: &mut Faults) -> Upstream {
        let usual = Self {
            start: self.start.clone(),
            ..Self::default()
        };
        if *self != usual {
            faults.add(
                "upstream",
                "is either elsewhere (`start`) or has servers: keep one of the two",
            );
        }
        let start = faults.read::<StartAddress>("upstream.start", start);
        Upstream::Elsewhere(start.map_or_else(|| Arc::from(""), |start| start.address))
    }

    fn of(upstream: &Upstream) -> Self {
        if let Upstream::Elsewhere(start) = upstream {
            return Self {
                start: Some(start.to_string()),
                ..Self::default()
            };
        }
        let Some(servers) = upstream.servers() else {
            return Self::default();
        };
        let server = |server: &Server| ServerDocument {
            address: server.address.to_string(),
            weight: server.weight,
        };
        Self {
            start: None,
            servers: servers.servers.iter().map(server).collect(),
            protocol: match servers.protocol {
                Protocol::Auto => ProtocolWord::Auto,
                Protocol::H1 => ProtocolWord::H1,
                Protocol::H2 => ProtocolWord::H2,
            },
            server_name: servers.server_name.as_ref().map(ToString::to_string),
            health: servers.health.as_ref().map(|health| HealthDocument {
                path: health.path.to_string(),
                interval_ms: millis(health.interval),
            }),
            limits: UpstreamLimitsDocument {
                connect_ms: servers.limits.connect.map(millis),
                first_byte_ms: servers.limits.first_byte.map(millis),
                response_idle_ms: servers.limits.response_idle.map(millis),
                request_body_bytes: servers.limits.request_body,
                answer_head_bytes: servers.limits.answer_head,
            },
        }
    }
}

/// What is spoken with a server over TCP stands in its address.
pub fn protocol_conflict(servers: &[Server], protocol: Protocol) -> Option<String> {
    let plain = servers.iter().find(|server| {
        let transport = server.address.transport();
        matches!(
            (transport, protocol),
            (Transport::Http, Protocol::H2) | (Transport::H2c, Protocol::H1)
        )
    })?;
    Some(format!(
        "does not fit `{}`: write `http://` for HTTP/1.1 and `h2c://` for HTTP/2",
        plain.address
    ))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl HealthDocument {
    fn read(&self, faults: &mut Faults) -> Option<HealthCheck> {
        faults.within(
            "upstream.health.interval_ms",
            self.interval_ms,
            &HEALTH_INTERVAL_MS,
        );
        let path = faults.read::<HealthPath>("upstream.health.path", &self.path)?;
        Some(HealthCheck {
            path: path.0,
            interval: Duration::from_millis(self.interval_ms),
        })
    }
}

impl UpstreamLimitsDocument {
    fn read(&self, faults: &mut Faults) -> UpstreamLimits {
        let mut time = |key: &str, millis: Option<u64>| {
            let millis = millis?;
            faults.within(&format!("upstream.limits.{key}"), millis, &TIME_MS);
            Some(Duration::from_millis(millis))
        };
        let connect = time("connect_ms", self.connect_ms);
        let first_byte = time("first_byte_ms", self.first_byte_ms);
        let response_idle = time("response_idle_ms", self.response_idle_ms);
        if let Some(bytes) = self.answer_head_bytes {
            faults.within(
                "upstream.limits.answer_head_bytes",
                bytes.into(),
                &ANSWER_HEAD,
            );
        }
        UpstreamLimits {
            connect,
            first_byte,
            response_idle,
            request_body: self.request_body_bytes,
            answer_head: self.answer_head_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{
        "name": "wiki", "title": "Wiki", "description": "What we know", "host": "wiki.example.com",
        "upstream": { "servers": [{ "address": "https://a.internal:443" }, { "address": "unix:///run/wiki.sock", "weight": 3 }],
            "protocol": "h2", "server_name": "wiki.internal", "health": { "path": "/healthz" },
            "limits": { "connect_ms": 1000, "answer_head_bytes": 8192 } },
        "tags": ["internal"], "attributes": { "owner": "docs" }, "time_zone": "Europe/Berlin",
        "in_portal": false, "preserve_host": false, "identity_headers": { "user": "x-user" },
        "routes": [{ "name": "editor", "paths": ["/edit/*"], "methods": ["POST"], "tags": ["write"],
            "authorization": "strip", "origins": ["https://other.example.com"], "upgrades": [] }]
    }"#;

    #[test]
    fn a_document_of_an_app_describes_that_app() {
        let document: AppDocument = serde_json::from_str(WHOLE).unwrap();
        let app = document.app().unwrap();
        let again = AppDocument::of(&app);
        assert_eq!(again, document);
        assert_eq!(again.app().unwrap(), app);
    }

    #[test]
    fn everything_that_is_wrong_is_named_with_its_field() {
        let mut document: AppDocument = serde_json::from_str(WHOLE).unwrap();
        document.host = "Wiki.example.com".into();
        document.upstream.servers = vec![ServerDocument {
            address: "ftp://a".into(),
            weight: 0,
        }];
        document.time_zone = Some("Europe/Nowhere".into());
        document.routes[0].paths = vec!["edit".into()];
        document.routes.push(RouteDocument {
            name: "default".into(),
            paths: Vec::new(),
            ..document.routes[0].clone()
        });
        let faults = document.app().unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| &*fault.field).collect();
        assert_eq!(
            fields,
            [
                "host",
                "upstream.servers[0].weight",
                "upstream.servers[0].address",
                "time_zone",
                "routes[0].paths[0]",
                "routes[1].name",
                "routes[1].paths"
            ]
        );
    }

    #[test]
    fn two_routes_do_not_claim_the_same() {
        let mut document: AppDocument = serde_json::from_str(WHOLE).unwrap();
        document.routes.push(RouteDocument {
            name: "other".into(),
            ..document.routes[0].clone()
        });
        let faults = document.app().unwrap_err();
        assert!(faults[0].what.contains("both claim"), "{faults:?}");
        document.routes[1].methods = vec!["PUT".into()];
        assert!(document.app().is_ok());
    }
}
