//! What can be asked for, and what can be done with it.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    AppName, GroupName, IdentityHeaders, RouteName, SessionId, TagName, UpgradeToken, Upstream,
    UserId,
};

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident => $text:literal),* $(,)?) => {
        /// What is done. The words are those of the policy schema.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Action { $($(#[$doc])* $variant),* }

        impl Action {
            /// All actions.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The action's name in policies.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

actions! {
    /// An HTTP exchange or upgrade on a [`Resource::Route`].
    HttpRequest => "http.request",
    /// Add a factor to a [`Resource::User`].
    FactorEnrol => "factor.enrol",
    /// Remove a factor from a [`Resource::User`].
    FactorRemove => "factor.remove",
    /// See users, groups, apps, sessions and keys ([`Resource::System`]).
    AdminRead => "admin.read",
    /// Create a [`Resource::User`].
    AdminUserAdd => "admin.user.add",
    /// Disable, enable or change a [`Resource::User`].
    AdminUserChange => "admin.user.change",
    /// Make a sign-in or enrolment link for a [`Resource::User`].
    AdminUserLink => "admin.user.link",
    /// End a session of a [`Resource::User`].
    AdminSessionEnd => "admin.session.end",
    /// Replace the policies ([`Resource::System`]); owner-equal.
    AdminPolicyApply => "admin.policy.apply",
    /// See decisions in full ([`Resource::System`]).
    AdminExplain => "admin.explain",
    /// Read the ledger ([`Resource::System`]).
    AdminLogRead => "admin.log.read",
    /// Rotate keys ([`Resource::System`]).
    AdminKeyRotate => "admin.key.rotate",
    /// Add, change and remove apps ([`Resource::System`]); what decides which policies apply to
    /// them takes [`Self::AdminPolicyApply`] too.
    AdminAppChange => "admin.app.change",
    /// Switch a provider of identities off ([`Resource::System`]): for emergencies.
    AdminProviderSuspend => "admin.provider.suspend",
    /// Switch one on again, and forget one that is no longer declared ([`Resource::System`]).
    AdminProviderChange => "admin.provider.change",
    /// Propose a change to a [`Resource::User`] or to [`Resource::System`], for somebody else to make.
    AdminChangePropose => "admin.change.propose",
    /// Sign in to a [`Resource::App`] through a program that is registered for it.
    OidcAuthorize => "oidc.authorize",
    /// Be given an access token for a [`Resource::App`], or for what is not behind this door
    /// ([`Resource::System`]).
    TokenIssue => "token.issue",
    /// Switch a client off, or take back every token that it has ([`Resource::System`]): for
    /// emergencies.
    AdminClientSuspend => "admin.client.suspend",
    /// Switch one on again ([`Resource::System`]).
    AdminClientChange => "admin.client.change",
    /// Make, fill, rename and remove a [`Resource::Group`], as who pushes people in.
    AdminGroupChange => "admin.group.change",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that names no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an action")]
pub struct UnknownAction(String);

impl FromStr for Action {
    type Err = UnknownAction;
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL
            .iter()
            .copied()
            .find(|a| a.as_str() == text)
            .ok_or_else(|| UnknownAction(text.chars().take(80).collect()))
    }
}

impl Serialize for Action {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What an action is done on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// A route of an app: `Route::"wiki/editor"`, in `App::"wiki"` and in its tags.
    Route(RouteName),
    /// A person, for factors and administration.
    User(UserId),
    /// A session, for administration; judged with the person it belongs to as its parent.
    Session(SessionId, UserId),
    /// A group, for administration.
    Group(GroupName),
    /// Gatewright itself: `System::"gatewright"`.
    System,
    /// An app as a whole: `App::"wiki"`.
    App(AppName),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(route) => write!(f, "{route}"),
            Self::User(user) => write!(f, "{user}"),
            Self::Session(session, _) => write!(f, "{session}"),
            Self::Group(group) => write!(f, "{group}"),
            Self::System => f.write_str("gatewright"),
            Self::App(app) => write!(f, "{app}"),
        }
    }
}

/// A protected application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct App {
    /// Its name in policies.
    pub name: AppName,
    /// What pages call it.
    pub title: Arc<str>,
    /// One line for the portal.
    #[serde(default)]
    pub description: Arc<str>,
    /// The host it is reached by, lower case, without port or trailing dot.
    pub host: Arc<str>,
    /// Where its requests go.
    pub upstream: Upstream,
    /// Labels: `resource in Tag::"crown-jewel"`.
    #[serde(default)]
    pub tags: Vec<TagName>,
    /// Facts that policy reads as `resource.app.getTag("…")`.
    #[serde(default)]
    pub attributes: BTreeMap<Arc<str>, Arc<str>>,
    /// Named parts, the most specific match wins; what matches none is the route `APP/default`.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Zone for `context.time`, by IANA name; the organisation's own where absent.
    #[serde(default)]
    pub time_zone: Option<Arc<str>>,
    /// Whether the portal shows it.
    #[serde(default = "yes")]
    pub in_portal: bool,
    /// The upstream sees the host that the client asked for, not its own.
    #[serde(default = "yes")]
    pub preserve_host: bool,
    /// Plain identity headers for apps that cannot read a signed assertion.
    #[serde(default)]
    pub identity_headers: IdentityHeaders,
    /// Where it is changed.
    #[serde(default)]
    pub owner: AppOwner,
    /// The epoch number of the last change.
    #[serde(default)]
    pub version: u64,
}

/// Where an app is changed; what one of them says of it, another does not overwrite.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppOwner {
    /// In the configuration file.
    #[default]
    Configuration,
    /// By the administration.
    Administration,
}

const fn yes() -> bool {
    true
}

impl App {
    /// The host that it is served at here; none where it is not behind this door.
    pub fn served_host(&self) -> Option<&str> {
        match self.upstream {
            Upstream::Elsewhere(_) => None,
            _ => Some(&self.host),
        }
    }

    /// The route of what matches no declared one.
    pub fn default_route(&self) -> RouteName {
        // INVARIANT: an app name followed by `/default` is always a route name.
        #[expect(clippy::expect_used, reason = "both parts are checked names")]
        format!("{}/default", self.name)
            .parse()
            .expect("a route name")
    }

    /// The route of a canonical path: a whole path before a prefix, the longer before the
    /// shorter, one that names methods before one that does not.
    pub fn route_of(&self, method: &str, path: &str) -> RouteName {
        let takes = |route: &&Route| {
            let names = |name: &str| route.methods.iter().any(|m| m.eq_ignore_ascii_case(name));
            route.methods.is_empty() || names(method) || (method == "HEAD" && names("GET"))
        };
        self.routes
            .iter()
            .filter(takes)
            .filter_map(|route| {
                let matching = route.paths.iter().filter(|p| p.matches(path));
                let rank = |p: &PathPattern| (!p.is_prefix(), p.literal().len());
                Some((matching.map(rank).max()?, !route.methods.is_empty(), route))
            })
            .max_by_key(|(path, methods, _)| (*path, *methods))
            .map_or_else(|| self.default_route(), |(_, _, route)| route.name.clone())
    }
}

/// A named part of an app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Its name in policies, `APP/NAME`.
    pub name: RouteName,
    /// Paths that belong to it.
    pub paths: Vec<PathPattern>,
    /// Methods that belong to it; empty means all.
    #[serde(default)]
    pub methods: Vec<Arc<str>>,
    /// Labels beside those of the app.
    #[serde(default)]
    pub tags: Vec<TagName>,
    /// Which credential it takes.
    #[serde(default)]
    pub credential: Credential,
    /// What becomes of an `Authorization` header.
    #[serde(default)]
    pub authorization: AuthorizationHeader,
    /// What an access token must be good for on a bearer route, all of it.
    #[serde(default)]
    pub scopes: Vec<Arc<str>>,
    /// Whether an access token must be bound to a key of whoever shows it (RFC 8705, RFC 9449).
    #[serde(default)]
    pub sender_constrained: bool,
    /// Other origins (scheme, host, port) whose pages may call it with the person's cookie.
    #[serde(default)]
    pub origins: Vec<Arc<str>>,
    /// Query parameters that may be recorded; all others never are.
    #[serde(default)]
    pub recorded_parameters: Vec<Arc<str>>,
    /// Accept percent-encoded slashes and other forms that are refused by default.
    #[serde(default)]
    pub accept_encoded_slash: bool,
    /// Pass method-override and URL-override headers on; they are stripped by default.
    #[serde(default)]
    pub accept_override_headers: bool,
    /// Protocols that its connections may be upgraded to; all others are refused.
    #[serde(default = "Route::default_upgrades")]
    pub upgrades: Vec<UpgradeToken>,
}

impl Route {
    /// What a route may be upgraded to that says nothing of it: WebSocket alone.
    pub fn default_upgrades() -> Vec<UpgradeToken> {
        vec![UpgradeToken::websocket()]
    }
}

/// Which credential a route takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// The app's own session cookie.
    #[default]
    Cookie,
    /// An access token of ours that is addressed to the app (RFC 6750); no cookie counts.
    Bearer,
}

impl Credential {
    /// What becomes of an `Authorization` header where nothing is said: beside a cookie it is the
    /// app's own, and what holds an access token stays here.
    pub const fn usual_authorization(self) -> AuthorizationHeader {
        match self {
            Self::Cookie => AuthorizationHeader::Pass,
            Self::Bearer => AuthorizationHeader::Strip,
        }
    }
}

/// What becomes of an `Authorization` header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorizationHeader {
    /// It is the app's own and passes untouched.
    #[default]
    Pass,
    /// It is dropped.
    Strip,
}

/// A path that is matched whole (`/login`) or as a prefix of segments (`/api/*`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern {
    path: Arc<str>,
    prefix: bool,
}

/// A path pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a path pattern: write `/exact/path` or `/prefix/*`")]
pub struct PathPatternFault(String);

impl PathPattern {
    /// The literal part: the whole path, or the prefix with its final slash.
    pub fn literal(&self) -> &str {
        &self.path
    }

    /// Whether it matches every path below its literal part.
    pub const fn is_prefix(&self) -> bool {
        self.prefix
    }

    /// Whether a canonical path belongs to it. `/api/*` holds `/api/` and all below, and `/api` itself.
    pub fn matches(&self, path: &str) -> bool {
        if self.prefix {
            path.starts_with(&*self.path) || self.path.strip_suffix('/') == Some(path)
        } else {
            path == &*self.path
        }
    }
}

impl FromStr for PathPattern {
    type Err = PathPatternFault;
    fn from_str(text: &str) -> Result<Self, PathPatternFault> {
        let fault = || PathPatternFault(text.chars().take(80).collect());
        let (path, prefix) = match text.strip_suffix('*') {
            Some(path) => (path, true),
            None => (text, false),
        };
        let fine = path.starts_with('/')
            && (!prefix || path.ends_with('/'))
            && !path.contains("//")
            && path
                .split('/')
                .all(|segment| segment != "." && segment != "..")
            && path
                .bytes()
                .all(|b| b.is_ascii_graphic() && !matches!(b, b'*' | b'?' | b'#' | b'\\' | b';'));
        if fine {
            Ok(Self {
                path: Arc::from(path),
                prefix,
            })
        } else {
            Err(fault())
        }
    }
}

impl TryFrom<String> for PathPattern {
    type Error = PathPatternFault;
    fn try_from(text: String) -> Result<Self, PathPatternFault> {
        text.parse()
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.path, if self.prefix { "*" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_segment() {
        let api: PathPattern = "/api/*".parse().unwrap();
        assert!(api.matches("/api") && api.matches("/api/") && api.matches("/api/x/y"));
        assert!(!api.matches("/apix") && !api.matches("/"));
        assert!("/*".parse::<PathPattern>().unwrap().matches("/anything"));
        for bad in ["api", "/a*", "/a/../b", "/a//b", "", "/a/*/b", "/ä"] {
            assert!(bad.parse::<PathPattern>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn each_action_reads_back() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse::<Action>().as_ref(), Ok(action));
        }
    }
}
