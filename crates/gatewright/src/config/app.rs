//! Apps and their routes, as the file declares them.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use gw_api::document::route_conflicts;
use gw_model::{
    App, AppName, AuthorizationHeader, Credential, IdentityHeaders, PathPattern, Route, RouteName,
    Upstream,
};

use super::{
    UpstreamTls,
    read::is_own_app,
    reader::Section,
    upstream,
    value::{Host, IdentityHeaderName, Method, Origin, ScopeName, StartAddress, Zone},
};

/// A declared app, and how its servers are believed where they speak TLS.
pub(super) struct Declared {
    pub(super) app: App,
    pub(super) tls: Option<UpstreamTls>,
}

/// The declared apps. What two of them cannot share is a fault.
pub(super) fn apps(root: &mut Section<'_>, folder: &Path) -> Vec<Declared> {
    let mut names: BTreeMap<AppName, ()> = BTreeMap::new();
    let mut hosts: BTreeMap<Arc<str>, AppName> = BTreeMap::new();
    let apps = root.tables("app", |section| {
        let declared = app(section, folder)?;
        let app = &declared.app;
        if is_own_app(&app.name) {
            section.fault(
                "name",
                format!("`{}` is one of Gatewright's own apps", app.name),
            );
        } else if names.insert(app.name.clone(), ()).is_some() {
            section.fault("name", format!("is `{}`, which is there already", app.name));
        }
        if let Some(other) = hosts.insert(app.host.clone(), app.name.clone()) {
            section.fault("host", format!("is `{}`, the host of `{other}`", app.host));
        }
        Some(declared)
    });
    apps.into_iter().flatten().collect()
}

fn app(section: &mut Section<'_>, folder: &Path) -> Option<Declared> {
    let name = section.required::<AppName>("name");
    let start = section.optional::<StartAddress>("start");
    let is_elsewhere = section.has("start");
    let host = match is_elsewhere {
        true => elsewhere(section, start.as_ref()),
        false => section.required::<Host>("host"),
    };
    let upstream = match start {
        Some(start) => Some(upstream::Read::elsewhere(start)),
        None if is_elsewhere => None,
        None => upstream::read(section, name.as_ref(), folder),
    };
    let title = section.optional::<Arc<str>>("title");
    let description = section.or("description", Arc::from(""));
    let tags = section.or("tags", Vec::new());
    let attributes = section.or("attributes", BTreeMap::new());
    let time_zone = section.optional::<Zone>("time_zone").map(|zone| zone.0);
    let in_portal = section.or("in_portal", true);
    let preserve_host = section.or("preserve_host", true);
    let identity_headers = section.table("identity_headers", identity_headers);
    let name_of_routes = name.clone();
    let routes = section.tables("route", |s| route(s, name_of_routes.as_ref()));
    let routes: Vec<_> = routes.into_iter().flatten().collect();
    check_routes(section, &routes);
    let name = name?;
    let upstream::Read { upstream, tls } = upstream?;
    let takes_tokens = |route: &Route| route.credential == Credential::Bearer;
    if matches!(upstream, gw_model::Upstream::BuiltIn(_)) && routes.iter().any(takes_tokens) {
        section.fault(
            "built_in",
            "takes sessions alone: no route of it may have `credential = \"bearer\"`",
        );
    }
    let app = App {
        title: title.unwrap_or_else(|| Arc::from(name.as_str())),
        name,
        description,
        host: host?.0,
        upstream,
        tags,
        attributes,
        routes,
        time_zone,
        in_portal,
        preserve_host,
        owner: gw_model::AppOwner::Configuration,
        identity_headers,
        version: 0,
    };
    Some(Declared { app, tls })
}

/// The host of an app that is not behind this door: what says how it is reached here is a mistake.
fn elsewhere(section: &mut Section<'_>, start: Option<&StartAddress>) -> Option<Host> {
    for key in ["host", "upstream", "upstreams", "built_in", "route"] {
        if section.found(key).is_some() {
            section.fault(
                key,
                "is about apps behind this door, and `start` says that this one is elsewhere: keep one of the two",
            );
        }
    }
    start.map(|start| Host(start.host.clone()))
}

fn identity_headers(section: &mut Section<'_>) -> IdentityHeaders {
    let mut name = |key| {
        section
            .optional::<IdentityHeaderName>(key)
            .map(|name| name.0)
    };
    IdentityHeaders {
        user: name("user"),
        email: name("email"),
        groups: name("groups"),
    }
}

fn route(section: &mut Section<'_>, app: Option<&AppName>) -> Option<Route> {
    let name = section.required::<AppName>("name");
    let paths = section.required::<Vec<PathPattern>>("paths");
    let methods = section.or::<Vec<Method>>("methods", Vec::new());
    let tags = section.or("tags", Vec::new());
    let credential = section.choice(
        "credential",
        &[
            ("cookie", Credential::Cookie),
            ("bearer", Credential::Bearer),
        ],
        Credential::Cookie,
    );
    let scopes = section.or::<Vec<ScopeName>>("scopes", Vec::new());
    let sender_constrained = section.or("sender_constrained", false);
    if credential == Credential::Cookie {
        let said = [
            ("scopes", !scopes.is_empty()),
            ("sender_constrained", sender_constrained),
        ];
        for (key, _) in said.into_iter().filter(|(_, said)| *said) {
            section.fault(key, "is about access tokens: set `credential = \"bearer\"`");
        }
    }
    let authorization = section.choice(
        "authorization",
        &[
            ("pass", AuthorizationHeader::Pass),
            ("strip", AuthorizationHeader::Strip),
        ],
        credential.usual_authorization(),
    );
    let origins = section.or::<Vec<Origin>>("origins", Vec::new());
    let recorded_parameters = section.or("recorded_parameters", Vec::new());
    let accept_encoded_slash = section.or("accept_encoded_slash", false);
    let accept_override_headers = section.or("accept_override_headers", false);
    let upgrades = section.or("upgrades", Route::default_upgrades());
    let name = name
        .zip(app)
        .and_then(|(route, app)| route_name(section, app, &route));
    if section
        .found("paths")
        .is_some_and(|found| found.is_empty_list())
    {
        section.fault("paths", "is empty: say which paths belong to the route");
    }
    Some(Route {
        name: name?,
        paths: paths?,
        methods: methods.into_iter().map(|method| method.0).collect(),
        tags,
        credential,
        scopes: scopes.into_iter().map(|scope| scope.0).collect(),
        sender_constrained,
        authorization,
        origins: origins.into_iter().map(|origin| origin.0).collect(),
        recorded_parameters,
        accept_encoded_slash,
        accept_override_headers,
        upgrades,
    })
}

/// `APP/NAME`; a declared route cannot be the one for what matches none.
fn route_name(section: &Section<'_>, app: &AppName, route: &AppName) -> Option<RouteName> {
    if route.as_str() == "default" {
        section.fault("name", "`default` is the route of what matches no other");
        return None;
    }
    format!("{app}/{route}").parse().ok()
}

/// Two routes may not claim the same path and method; one that names methods goes before one that does not.
fn check_routes(section: &Section<'_>, routes: &[Route]) {
    for conflict in route_conflicts(routes) {
        section.fault("route", conflict);
    }
}

/// One of Gatewright's own apps.
pub(super) fn built_in(name: &str, title: &str, host: &Host, in_portal: bool) -> Option<App> {
    Some(App {
        name: name.parse().ok()?,
        title: Arc::from(title),
        description: Arc::from(""),
        host: host.0.clone(),
        upstream: Upstream::BuiltIn(Arc::from(name)),
        tags: Vec::new(),
        attributes: BTreeMap::new(),
        routes: Vec::new(),
        time_zone: None,
        in_portal,
        preserve_host: true,
        owner: gw_model::AppOwner::Configuration,
        identity_headers: IdentityHeaders::default(),
        version: 0,
    })
}

/// The hosts of Gatewright's own pages.
#[derive(Clone, Copy)]
pub(super) struct OwnHosts<'a> {
    pub(super) authentication: &'a Host,
    pub(super) portal: &'a Host,
    pub(super) administration: Option<&'a Host>,
}

impl OwnHosts<'_> {
    /// Those beside the authentication host, by the name of their app.
    fn others(&self) -> impl Iterator<Item = (&'static str, &Host)> {
        let administration = self.administration.map(|host| ("administration", host));
        [("portal", self.portal)].into_iter().chain(administration)
    }
}

/// The authentication host is the RP id: no app shares it, or sits beneath or above it. No app
/// shares a host with another page of ours either.
pub(super) fn check_hosts(root: &Section<'_>, own: OwnHosts<'_>, apps: &[App]) {
    let apps = apps
        .iter()
        .map(|app| (app.name.to_string(), Host(app.host.clone())));
    let ours = own
        .others()
        .map(|(name, host)| (name.to_owned(), host.clone()));
    for (name, host) in apps.chain(ours) {
        if host.is_at_or_below(own.authentication) {
            root.fault(
                "authentication",
                format!(
                    "`{name}` is at `{}`, which is at or below the authentication host `{}`: a page there could make and delete passkeys; give them hosts beside each other",
                    host.0, own.authentication.0
                ),
            );
        }
        for (page, taken) in own.others().filter(|(page, _)| *page != name) {
            if host == *taken {
                root.fault(
                    page,
                    format!("`{name}` has the host `{}` of the {page}", host.0),
                );
            }
        }
    }
}
