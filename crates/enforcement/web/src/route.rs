//! From host, path and method to the app and the route, compiled once per change of the apps.

use std::{cell::OnceCell, cmp::Reverse, collections::BTreeSet, rc::Rc, sync::Arc};

use gw_engine::Circumstances;
use gw_model::{
    App, AuthorizationHeader, Credential, PathPattern, Resource, Route as Declared, RouteName,
    Snapshot, UpgradeToken, Upstream,
};
use http::Method;
use rustc_hash::FxHashMap;

use crate::{
    canonical::{Ambiguous, Target, canonical_path},
    header::{AppHeaders, FoldedName, ToldHeaders},
    upstream::{AppUpstream, Upstreams},
};

/// All apps by host.
#[derive(Debug, Default)]
pub struct Router {
    version: u64,
    /// Hosts are configured: nobody outside chooses what is hashed here together.
    hosts: FxHashMap<Arc<str>, Rc<AppRoutes>>,
}

impl Router {
    /// Compiles the apps of some facts, as far as they are behind this door.
    pub fn compile(facts: &Snapshot) -> Self {
        let is_behind = |app: &&Arc<App>| !matches!(app.upstream, Upstream::Elsewhere(_));
        let compiled = |app: &Arc<App>| (app.host.clone(), Rc::new(AppRoutes::compile(app)));
        Self {
            version: facts.apps_version(),
            hosts: facts.apps().filter(is_behind).map(compiled).collect(),
        }
    }

    /// Whether it is compiled from the apps of these facts.
    pub fn is_of(&self, facts: &Snapshot) -> bool {
        self.version == facts.apps_version()
    }

    /// The app behind a canonical host.
    pub fn app(&self, host: &str) -> Option<&Rc<AppRoutes>> {
        self.hosts.get(host)
    }

    /// All of them.
    pub(crate) fn apps(&self) -> impl Iterator<Item = &Rc<AppRoutes>> {
        self.hosts.values()
    }
}

/// An app with its routes, the most specific first.
#[derive(Debug)]
pub struct AppRoutes {
    /// The app.
    pub app: Arc<App>,
    /// What is stripped from its requests beside what is stripped for all.
    pub headers: AppHeaders,
    /// What its routes ask of access tokens, where any takes them.
    pub(crate) tokens: Option<TakesTokens>,
    routes: Vec<Compiled>,
    default: Rc<Route>,
    /// This thread's connections to its servers, found when they are first needed.
    upstream: OnceCell<Option<Rc<AppUpstream>>>,
}

/// What the routes of an app ask of access tokens, all together.
#[derive(Debug)]
pub(crate) struct TakesTokens {
    /// Each scope that one of them asks for, once.
    pub(crate) scopes: Vec<Arc<str>>,
    /// Whether all of them take bound tokens only.
    pub(crate) sender_constrained: bool,
}

impl TakesTokens {
    fn of(app: &App) -> Option<Self> {
        let takes = |route: &&Declared| route.credential == Credential::Bearer;
        let routes = || app.routes.iter().filter(takes);
        routes().next()?;
        let scopes: BTreeSet<_> = routes().flat_map(|route| &route.scopes).collect();
        Some(Self {
            scopes: scopes.into_iter().cloned().collect(),
            sender_constrained: routes().all(|route| route.sender_constrained),
        })
    }
}

/// A route with what it lets through.
#[derive(Debug)]
pub struct Route {
    /// Its name in policies.
    pub name: RouteName,
    /// The same as what is asked for.
    pub resource: Arc<Resource>,
    /// What it takes.
    pub credential: Credential,
    /// What an access token must be good for, all of it.
    pub scopes: Vec<Arc<str>>,
    /// Whether an access token must be bound to a key or a certificate.
    pub sender_constrained: bool,
    /// Other origins whose pages may call it.
    pub origins: Vec<Arc<str>>,
    /// What becomes of an `Authorization` header.
    pub authorization: AuthorizationHeader,
    /// Ambiguous paths are accepted.
    pub accepts_ambiguous_paths: bool,
    /// Override headers pass.
    pub accepts_overrides: bool,
    /// Query parameters that may be recorded.
    pub recorded_parameters: Vec<Arc<str>>,
    /// Protocols that its connections may be upgraded to.
    pub upgrades: Vec<UpgradeToken>,
}

#[derive(Debug)]
struct Compiled {
    pattern: PathPattern,
    methods: Vec<Arc<str>>,
    route: Rc<Route>,
}

impl AppRoutes {
    fn compile(app: &Arc<App>) -> Self {
        let mut routes: Vec<Compiled> = app
            .routes
            .iter()
            .flat_map(|declared| {
                let route = Rc::new(Route::declared(declared));
                declared.paths.iter().map(move |path| Compiled {
                    pattern: canonical_pattern(path),
                    methods: declared.methods.clone(),
                    route: route.clone(),
                })
            })
            .collect();
        routes.sort_by_key(|r| {
            let length = r.pattern.literal().len();
            (r.pattern.is_prefix(), Reverse(length), r.methods.is_empty())
        });
        let identity = &app.identity_headers;
        let identity = [&identity.user, &identity.email, &identity.groups];
        Self {
            headers: AppHeaders {
                identity: identity
                    .into_iter()
                    .flatten()
                    .map(|n| FoldedName::new(n))
                    .collect(),
                told: ToldHeaders::of(&app.identity_headers),
            },
            tokens: TakesTokens::of(app),
            routes,
            default: Rc::new(Route::undeclared(app.default_route())),
            app: app.clone(),
            upstream: OnceCell::new(),
        }
    }

    /// Whether it is one of our own apps.
    pub fn is_built_in(&self) -> bool {
        matches!(self.app.upstream, Upstream::BuiltIn(_))
    }

    /// This thread's connections to its servers, unless it is one of our own apps.
    pub(crate) fn upstream(&self, upstreams: &Upstreams) -> Option<Rc<AppUpstream>> {
        let found = self.upstream.get_or_init(|| upstreams.of(&self.app));
        found.clone()
    }

    /// The route of a target.
    ///
    /// # Errors
    /// Where the target is ambiguous and its route does not accept that, or where it belongs
    /// to another route as an upstream may read it.
    pub fn route(&self, target: &Target, method: &Method) -> Result<&Rc<Route>, Ambiguous> {
        let route = self.find(target.path(), method)?;
        for reading in target.readings() {
            if !Rc::ptr_eq(self.find(reading, method)?, route) {
                return Err(Ambiguous::Route);
            }
        }
        match target.ambiguity() {
            Some(ambiguity) if !route.accepts_ambiguous_paths => Err(ambiguity),
            _ => Ok(route),
        }
    }

    /// Why an access would not be let through as it was, if it came now: it is another route's, or this
    /// one takes something else.
    pub(crate) fn strays(&self, circumstances: &Circumstances) -> Option<&'static str> {
        let http = circumstances.http.as_ref()?;
        let read = || {
            let method = Method::from_bytes(http.method.as_bytes()).ok()?;
            let target = Target::read(&http.path.parse().ok()?).ok()?;
            self.route(&target, &method).ok()
        };
        match read() {
            Some(route) if route.resource == circumstances.resource => {
                route.takes_no_more(circumstances)
            }
            _ => Some("what was asked for belongs to another route now"),
        }
    }

    /// The first route that matches. One before it that would, were letters of either case or
    /// a slash at the end the same, is what an upstream that takes them so would serve.
    fn find(&self, path: &str, method: &Method) -> Result<&Rc<Route>, Ambiguous> {
        let mut resembling: Option<&Compiled> = None;
        for compiled in self.routes.iter().filter(|r| r.takes(method)) {
            if compiled.pattern.matches(path) {
                return match resembling {
                    Some(other) if !other.is_spelled_as(compiled) => Err(Ambiguous::Route),
                    _ => Ok(&compiled.route),
                };
            }
            if resembling.is_none() && compiled.resembles(path) {
                resembling = Some(compiled);
            }
        }
        match resembling {
            Some(_) => Err(Ambiguous::Route),
            None => Ok(&self.default),
        }
    }
}

impl Compiled {
    /// A HEAD belongs where its GET does, so that it is not judged by a laxer route.
    fn takes(&self, method: &Method) -> bool {
        let names = |name: &str| self.methods.iter().any(|m| m.eq_ignore_ascii_case(name));
        self.methods.is_empty()
            || names(method.as_str())
            || (*method == Method::HEAD && names(Method::GET.as_str()))
    }

    /// Whether it would match, were letters of either case and a slash at the end the same.
    fn resembles(&self, path: &str) -> bool {
        let literal = self.pattern.literal();
        let bare = literal.strip_suffix('/').unwrap_or(literal);
        if self.resembles_bytes(path.as_bytes(), bare.as_bytes()) {
            return true;
        }
        // What is encoded, or was, may be letters that others take for these: U+212A for a `k`.
        if path.is_ascii() && !path.contains('%') {
            return false;
        }
        self.resembles_bytes(folded(path).as_bytes(), folded(bare).as_bytes())
    }

    fn resembles_bytes(&self, path: &[u8], bare: &[u8]) -> bool {
        path.split_at_checked(bare.len())
            .is_some_and(|(start, rest)| {
                let ends = match self.pattern.is_prefix() {
                    true => rest.is_empty() || rest.starts_with(b"/"),
                    false => rest.is_empty() || rest == b"/",
                };
                ends && start.eq_ignore_ascii_case(bare)
            })
    }

    /// Whether both were declared beside each other, told apart by case alone; or are one route.
    fn is_spelled_as(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.route, &other.route)
            || (self.pattern.is_prefix() == other.pattern.is_prefix()
                && self
                    .pattern
                    .literal()
                    .eq_ignore_ascii_case(other.pattern.literal()))
    }
}

impl Route {
    fn declared(declared: &Declared) -> Self {
        Self {
            credential: declared.credential,
            scopes: declared.scopes.clone(),
            sender_constrained: declared.sender_constrained,
            origins: declared.origins.clone(),
            authorization: declared.authorization,
            accepts_ambiguous_paths: declared.accept_encoded_slash,
            accepts_overrides: declared.accept_override_headers,
            recorded_parameters: declared.recorded_parameters.clone(),
            upgrades: declared.upgrades.clone(),
            ..Self::undeclared(declared.name.clone())
        }
    }

    fn takes_no_more(&self, circumstances: &Circumstances) -> Option<&'static str> {
        let became = circumstances.http.as_ref();
        let became = became.and_then(|http| http.upgrade.as_deref());
        let is_listed = |name: &str| self.upgrades.iter().any(|one| one.is(name.as_bytes()));
        if became.is_some_and(|became| !is_listed(became)) {
            return Some("its route does not become what it became any more");
        }
        match (self.credential, circumstances.token.as_deref()) {
            (Credential::Cookie, None) => None,
            (Credential::Bearer, Some(token)) => {
                let has_all = self.scopes.iter().all(|scope| token.scopes.contains(scope));
                let is_bound = token.sender_constrained || !self.sender_constrained;
                (!has_all || !is_bound).then_some("its route asks more of access tokens now")
            }
            (Credential::Cookie | Credential::Bearer, _) => {
                Some("its route takes another credential now")
            }
        }
    }

    fn undeclared(name: RouteName) -> Self {
        Self {
            resource: Arc::new(Resource::Route(name.clone())),
            name,
            credential: Credential::Cookie,
            scopes: Vec::new(),
            sender_constrained: false,
            origins: Vec::new(),
            authorization: AuthorizationHeader::default(),
            accepts_ambiguous_paths: false,
            accepts_overrides: false,
            recorded_parameters: Vec::new(),
            upgrades: Declared::default_upgrades(),
        }
    }
}

/// Decoded, and each letter in one case, as those read it who know all letters and no case. A capital
/// `i` with its dot is an `i` to many, and an `i` and a dot to others.
fn folded(path: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let plain = decoded.chars().map(|letter| match letter {
        '\u{130}' => 'i',
        other => other,
    });
    let plain = plain.filter(|letter| *letter != '\u{307}');
    let upper = plain.flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).collect()
}

/// A pattern spelled as canonical paths are, so that `/a%2dmin` as written meets `/a-min` as asked.
fn canonical_pattern(pattern: &PathPattern) -> PathPattern {
    let star = if pattern.is_prefix() { "*" } else { "" };
    canonical_path(pattern.literal())
        .ok()
        .and_then(|read| format!("{}{star}", read.path).parse().ok())
        .unwrap_or_else(|| pattern.clone())
}

#[cfg(test)]
mod tests {
    use gw_model::{Credential, IdentityHeaders};

    use super::*;

    fn declared(name: &str, paths: &[&str], methods: &[&str]) -> Declared {
        Declared {
            name: format!("wiki/{name}").parse().unwrap(),
            paths: paths.iter().map(|p| p.parse().unwrap()).collect(),
            methods: methods.iter().map(|m| Arc::from(*m)).collect(),
            tags: Vec::new(),
            credential: Credential::Cookie,
            authorization: AuthorizationHeader::Pass,
            scopes: Vec::new(),
            sender_constrained: false,
            origins: Vec::new(),
            recorded_parameters: Vec::new(),
            accept_encoded_slash: name == "files",
            accept_override_headers: false,
            upgrades: Declared::default_upgrades(),
        }
    }

    fn app() -> AppRoutes {
        AppRoutes::compile(&Arc::new(App {
            name: "wiki".parse().unwrap(),
            title: "Wiki".into(),
            description: "".into(),
            host: "wiki.example".into(),
            upstream: Upstream::Http("127.0.0.1:9".into()),
            tags: Vec::new(),
            attributes: Default::default(),
            routes: vec![
                declared("api", &["/api/*"], &[]),
                declared("write", &["/api/*"], &["POST", "PUT"]),
                declared("read", &["/data/*"], &["GET"]),
                declared("users", &["/api/users/*", "/api/me"], &[]),
                declared("admin", &["/%61dmin/*", "/@root"], &[]),
                declared("files", &["/files/*"], &[]),
            ],
            time_zone: None,
            in_portal: true,
            preserve_host: true,
            owner: gw_model::AppOwner::Configuration,
            identity_headers: IdentityHeaders {
                user: Some("X-Who".into()),
                ..Default::default()
            },
            version: 1,
        }))
    }

    fn route(method: &str, path: &str) -> Result<String, Ambiguous> {
        let target = Target::read(&path.parse().unwrap())?;
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let app = app();
        app.route(&target, &method).map(|r| r.name.to_string())
    }

    #[test]
    fn the_most_specific_route_wins() {
        for (method, path, name) in [
            ("GET", "/", "wiki/default"),
            ("GET", "/api", "wiki/api"),
            ("GET", "/api/x", "wiki/api"),
            ("POST", "/api/x", "wiki/write"),
            ("GET", "/api/users/7?x", "wiki/users"),
            ("POST", "/api/me", "wiki/users"),
            ("GET", "/api/me/x", "wiki/api"),
            ("GET", "/data/x", "wiki/read"),
            ("HEAD", "/data/x", "wiki/read"),
            ("POST", "/data/x", "wiki/default"),
            ("GET", "/%61dmin/x", "wiki/admin"),
            ("GET", "/admin/x", "wiki/admin"),
            ("GET", "/administrator", "wiki/default"),
        ] {
            assert_eq!(route(method, path).as_deref(), Ok(name), "{method} {path}");
            if name == "wiki/admin" {
                continue; // declared as no canonical path is written
            }
            let target = Target::read(&path.parse().unwrap()).unwrap();
            let by_model = app().app.route_of(method, target.path());
            assert_eq!(by_model.as_str(), name, "{method} {path}");
        }
    }

    #[test]
    fn a_path_that_an_upstream_could_take_for_another_route_is_refused() {
        assert_eq!(route("GET", "/%40root"), Err(Ambiguous::Route));
        assert_eq!(route("GET", "//admin/x"), Err(Ambiguous::Route));
        assert_eq!(route("GET", "/files%2f..x"), Err(Ambiguous::Route));
        assert_eq!(route("GET", "/x%2fy"), Err(Ambiguous::EncodedSlash));
        assert_eq!(route("GET", "/api//x"), Err(Ambiguous::EmptySegment));
        assert_eq!(route("GET", "/%40x").as_deref(), Ok("wiki/default"));
    }

    #[test]
    fn a_path_that_an_upstream_could_take_for_another_route_by_its_case_or_last_slash_is_refused() {
        for path in [
            "/ADMIN/x",
            "/Admin",
            // U+0130 and U+0131, which are an `i` to some.
            "/adm%C4%B0n/x",
            "/ADM%C4%B1N/x",
            "/adm%C4%B1n./x",
            "/adm%C4%B0n%3Fx",
            "/adm%C4%B1n%20/x",
            "/admi%CC%87n/x",
            "/%41dmin/x",
            "/@ROOT",
            "/@root/",
            "/api/Me",
            "/api/me.",
            "/api/me%20",
            "/api/me%3Fx",
            "/api/me%2523x",
            "/admin%20/x",
            "/%20/admin/x",
            "/admin./x",
            "/admin%3f/x",
            "/api/me/",
            "/Files/x",
            "/adm%C4%B1n/x",
            "/file%C5%BF/x",
        ] {
            assert_eq!(route("GET", path), Err(Ambiguous::Route), "{path}");
        }
        for (path, name) in [
            ("/api/users/ANA", "wiki/users"),
            ("/administrator", "wiki/default"),
            ("/Admins", "wiki/default"),
            ("/api/me/x", "wiki/api"),
        ] {
            assert_eq!(route("GET", path).as_deref(), Ok(name), "{path}");
        }
        assert_eq!(route("GET", "/DATA/x"), Err(Ambiguous::Route));
        assert_eq!(route("POST", "/DATA/x").as_deref(), Ok("wiki/default"));
    }

    #[test]
    fn a_route_that_opts_in_accepts_ambiguous_paths_within_itself() {
        assert_eq!(route("GET", "/files/a%2Fb").as_deref(), Ok("wiki/files"));
        assert_eq!(route("GET", "/files//a;b").as_deref(), Ok("wiki/files"));
        assert_eq!(route("GET", "/files/a%2541").as_deref(), Ok("wiki/files"));
        assert_eq!(
            route("GET", "/files/..%2fadmin"),
            Err(Ambiguous::DotSegment)
        );
    }

    #[test]
    fn configured_identity_headers_are_known_by_every_spelling() {
        assert!(app().headers.identity.iter().any(|n| n.spells("x_who")));
    }

    #[test]
    fn what_is_open_strays_when_its_route_takes_something_else() {
        use gw_engine::{OwnedHttp, testing::visit};
        let with = |change: fn(&mut Declared)| {
            let mut one = (*app().app).clone();
            one.routes.iter_mut().for_each(change);
            AppRoutes::compile(&Arc::new(one))
        };
        let at = |path: &str, websocket| {
            let mut open = visit("wiki", None, path);
            let found = app().find(path, &Method::GET).unwrap().resource.clone();
            open.resource = found;
            open.http = Some(OwnedHttp {
                method: "GET".into(),
                path: path.into(),
                host: "wiki.example".into(),
                websocket,
                upgrade: websocket.then(|| "websocket".into()),
                same_origin: true,
            });
            open
        };
        let (plain, websocket) = (at("/api/x", false), at("/api/x", true));
        let same = with(|_| {});
        assert_eq!(same.strays(&plain).or(same.strays(&websocket)), None);
        let none = with(|route| route.upgrades.clear());
        assert!(none.strays(&plain).is_none() && none.strays(&websocket).is_some());
        let tokens = with(|route| route.credential = Credential::Bearer);
        assert!(tokens.strays(&plain).is_some());
        let fewer = with(|route| route.methods = vec!["POST".into()]);
        assert!(fewer.strays(&plain).is_some());
        assert_eq!(fewer.strays(&at("/elsewhere", false)), None);
    }
}
