//! Clients of the authorisation server, as the file declares them.

mod authentication;
mod fact;
mod faults;
mod saml;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gw_jose::Algorithm;
use gw_model::{App, AppName, ClientName, Consent, Group, GroupName, TokenIssuer};
use gw_oauth::{
    About, BackchannelLogout, Client, ClientId, GrantType, ProofKey, RedirectUri, Resources,
    Scopes, SubjectType,
};

use self::{
    authentication::Shown,
    words::{Grant, Kind, Redirect},
};
use super::{
    NamedFiles,
    reader::Section,
    value::{Host, ScopeName, Span},
};

pub(crate) use fact::{Registration, WantedClient};

/// A declared client, and the files that say how it shows who it is.
pub(super) struct Declared {
    pub(super) client: WantedClient,
    pub(super) files: Vec<PathBuf>,
}

/// What clients are declared among.
#[derive(Clone, Copy)]
pub(super) struct Among<'a> {
    pub(super) folder: &'a Path,
    pub(super) files: &'a dyn NamedFiles,
    pub(super) apps: &'a [App],
    pub(super) groups: &'a [Arc<Group>],
    pub(super) issuers: &'a [Arc<TokenIssuer>],
    /// The port in the addresses of apps.
    pub(super) https_port: u16,
}

/// The declared clients.
pub(super) fn clients(root: &mut Section<'_>, among: Among<'_>) -> Vec<Declared> {
    let (mut names, mut entities) = (BTreeSet::new(), BTreeSet::new());
    let clients = root.tables("client", |section| {
        let declared = client(section, among)?;
        if let Some(saml) = declared.client.saml()
            && !entities.insert(saml.entity_id.clone())
        {
            let key = if section.has("metadata") {
                "metadata"
            } else {
                "entity_id"
            };
            section.fault(
                key,
                format!(
                    "is about `{}`, which another `[[client]]` is",
                    saml.entity_id
                ),
            );
        }
        let name = &declared.client.name;
        if !names.insert(name.clone()) {
            section.fault("name", format!("is `{name}`, which is there already"));
        }
        Some(declared)
    });
    clients.into_iter().flatten().collect()
}

fn client(section: &mut Section<'_>, among: Among<'_>) -> Option<Declared> {
    let name = section.required::<ClientName>("name");
    let title = section.optional::<Arc<str>>("title");
    let kind = section.choice("type", &Kind::WORDS, Kind::Web);
    let enabled = section.or("enabled", true);
    let app = section.optional::<AppName>("app");
    let said = match kind {
        Kind::Saml => None,
        _ => Said::read(section, kind, app.as_ref(), among),
    };
    let consent = section.choice(
        "consent",
        &[("never", Consent::Never), ("ask", Consent::Ask)],
        Consent::Never,
    );
    let groups = groups(section, among);
    let attributes = section.or("attributes", BTreeMap::new());
    let saml = saml::declared(section, kind, app.as_ref(), among);
    let name = name?;
    let title = title.unwrap_or_else(|| Arc::from(name.as_str()));
    let (registration, files) = match kind {
        Kind::Saml => saml.map(|saml| (Registration::Saml(saml.client), saml.files))?,
        _ => said?.registered(section, &name, &title)?,
    };
    Some(Declared {
        client: WantedClient {
            name,
            title,
            attributes,
            groups,
            app,
            consent,
            disabled: !enabled,
            registration,
        },
        files,
    })
}

/// What is said of how it is registered.
struct Said {
    kind: Kind,
    asks: Asks,
    places: Places,
    shown: Shown,
    subject_type: SubjectType,
    tokens: Tokens,
}

impl Said {
    fn read(
        section: &mut Section<'_>,
        kind: Kind,
        app: Option<&AppName>,
        among: Among<'_>,
    ) -> Option<Self> {
        let asks = Asks::read(section, kind, among);
        let places = Places::read(section);
        let shown = authentication::read(section, kind, among);
        let subject_type = subject_type(section, &places.redirect_uris);
        let tokens = Tokens::read(section);
        check_app(section, app, &asks.grants, among);
        Some(Self {
            kind,
            asks,
            places,
            shown: shown?,
            subject_type: subject_type?,
            tokens,
        })
    }

    /// The registration, checked, and the files that it is from.
    fn registered(
        self,
        section: &Section<'_>,
        name: &ClientName,
        title: &str,
    ) -> Option<(Registration, Vec<PathBuf>)> {
        let (kind, files) = (self.kind, self.shown.files.clone());
        let registration = self.registration(name, title)?;
        faults::check(section, kind, &registration);
        Some((Registration::OAuth(Box::new(registration)), files))
    }

    fn registration(self, name: &ClientName, title: &str) -> Option<Client> {
        let Self {
            kind,
            asks,
            places,
            shown,
            subject_type,
            tokens,
        } = self;
        Some(Client {
            id: ClientId::parse(name.as_str()).ok()?,
            about: About {
                name: Some(title.to_owned()),
                ..About::default()
            },
            application_type: kind.application_type(),
            redirect_uris: places.redirect_uris,
            post_logout_redirect_uris: places.post_logout_redirect_uris,
            authentication: shown.authentication,
            keys: shown.keys,
            grant_types: asks.grants,
            scopes: asks.scopes?,
            resources: asks.resources?,
            serves: asks.serves?,
            subject_type,
            backchannel_logout: places.backchannel_logout,
            id_token_algorithm: tokens.id_token_algorithm,
            userinfo_algorithm: tokens.userinfo_algorithm,
            require_pushed: tokens.require_pushed,
            dpop_bound: tokens.dpop_bound,
            certificate_bound: tokens.certificate_bound,
            proof_key: tokens.proof_key,
            default_max_age: tokens.default_max_age,
            require_auth_time: tokens.require_auth_time,
            default_acr_values: tokens.default_acr_values,
            sector_document: None,
            registration_token: None,
        })
    }
}

/// What it may ask for.
struct Asks {
    grants: Vec<GrantType>,
    scopes: Option<Scopes>,
    resources: Option<Resources>,
    serves: Option<Resources>,
}

impl Asks {
    fn read(section: &mut Section<'_>, kind: Kind, among: Among<'_>) -> Self {
        Self {
            grants: grants(section, kind),
            scopes: scopes(section, kind),
            resources: resources(section, "resources", among),
            serves: resources(section, "serves", among),
        }
    }
}

/// Where people and answers are sent, and it is told.
struct Places {
    redirect_uris: Vec<RedirectUri>,
    post_logout_redirect_uris: Vec<RedirectUri>,
    backchannel_logout: Option<BackchannelLogout>,
}

impl Places {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            redirect_uris: redirects(section, "redirect_uris"),
            post_logout_redirect_uris: redirects(section, "post_logout_redirect_uris"),
            backchannel_logout: backchannel_logout(section),
        }
    }
}

/// What its tokens are like, and how they are asked for.
struct Tokens {
    id_token_algorithm: Algorithm,
    userinfo_algorithm: Option<Algorithm>,
    require_pushed: bool,
    dpop_bound: bool,
    certificate_bound: bool,
    proof_key: ProofKey,
    default_max_age: Option<Duration>,
    require_auth_time: bool,
    default_acr_values: Vec<String>,
}

impl Tokens {
    fn read(section: &mut Section<'_>) -> Self {
        let acr_values = |section: &mut Section<'_>| {
            let values = section.or::<Vec<Arc<str>>>("default_acr_values", Vec::new());
            values.iter().map(|value| value.to_string()).collect()
        };
        Self {
            id_token_algorithm: section.choice(
                "id_token_algorithm",
                &[("RS256", Algorithm::Rs256), ("ES256", Algorithm::Es256)],
                Algorithm::Rs256,
            ),
            userinfo_algorithm: section.choice(
                "userinfo_algorithm",
                &[
                    ("unsigned", None),
                    ("RS256", Some(Algorithm::Rs256)),
                    ("ES256", Some(Algorithm::Es256)),
                ],
                None,
            ),
            require_pushed: section.or("require_pushed", false),
            dpop_bound: section.or("dpop_bound", false),
            certificate_bound: section.or("certificate_bound", false),
            proof_key: section.choice(
                "proof_key",
                &[
                    ("required", ProofKey::Required),
                    ("optional", ProofKey::Optional),
                ],
                ProofKey::Required,
            ),
            default_max_age: section.optional::<Span>("default_max_age").map(|age| age.0),
            require_auth_time: section.or("require_auth_time", false),
            default_acr_values: acr_values(section),
        }
    }
}

fn grants(section: &mut Section<'_>, kind: Kind) -> Vec<GrantType> {
    let named = section.optional::<Vec<Grant>>("grants");
    let Some(named) = named else {
        let of_workloads = section.has("workload").then_some(GrantType::TokenExchange);
        return kind.grants().iter().copied().chain(of_workloads).collect();
    };
    if named.is_empty() {
        section.fault(
            "grants",
            "names none: leave it away for those of its `type`, or name at least one",
        );
    }
    named.into_iter().map(|grant| grant.0).collect()
}

fn redirects(section: &mut Section<'_>, key: &'static str) -> Vec<RedirectUri> {
    let named = section.or::<Vec<Redirect>>(key, Vec::new());
    named.into_iter().map(|redirect| redirect.0).collect()
}

fn backchannel_logout(section: &mut Section<'_>) -> Option<BackchannelLogout> {
    const REQUIRED: &str = "backchannel_logout_session_required";
    let uri = section.optional::<Arc<str>>("backchannel_logout_uri");
    let session_required = section.or(REQUIRED, true);
    if uri.is_none() && section.has(REQUIRED) {
        section.fault(REQUIRED, "needs `backchannel_logout_uri` beside it");
    }
    Some(BackchannelLogout {
        uri: uri?.to_string(),
        session_required,
    })
}

fn scopes(section: &mut Section<'_>, kind: Kind) -> Option<Scopes> {
    let named = section.optional::<Vec<ScopeName>>("scopes");
    let text = named.map_or_else(
        || kind.scopes().to_owned(),
        |named| {
            let each: Vec<_> = named.iter().map(|scope| &*scope.0).collect();
            each.join(" ")
        },
    );
    let read = Scopes::parse(&text);
    read.map_err(|fault| section.fault("scopes", fault.to_string()))
        .ok()
}

/// Addresses, and apps by their name, which are the addresses that people know them by.
fn resources(section: &mut Section<'_>, key: &'static str, among: Among<'_>) -> Option<Resources> {
    let named = section.or::<Vec<Arc<str>>>(key, Vec::new());
    let mut addresses = Vec::new();
    for one in &named {
        match one.contains(':') {
            true => addresses.push(one.to_string()),
            false => addresses.push(address_of(section, key, one, among)?),
        }
    }
    let read = Resources::parse(addresses.iter().map(String::as_str));
    let told = |fault: gw_oauth::ResourceFault| {
        section.fault(
            key,
            format!("{fault}: write `https://…`, or the name of an app of this file"),
        );
    };
    read.map_err(told).ok()
}

fn address_of(section: &Section<'_>, key: &str, name: &str, among: Among<'_>) -> Option<String> {
    let Some(app) = among.apps.iter().find(|app| app.name.as_str() == name) else {
        section.fault(
            key,
            format!(
                "names `{name}`, which is no `[[app]]` of this file and no `https://…` address"
            ),
        );
        return None;
    };
    Some(match among.https_port {
        443 => format!("https://{}", app.host),
        port => format!("https://{}:{port}", app.host),
    })
}

/// What it is told as a person's name. A sector is one host: by that of its redirect URIs where
/// they agree.
fn subject_type(section: &mut Section<'_>, redirect_uris: &[RedirectUri]) -> Option<SubjectType> {
    let pairwise = section.choice("subjects", &[("public", false), ("pairwise", true)], false);
    let sector = section.optional::<Host>("sector");
    if !pairwise {
        if section.has("sector") {
            section.fault("sector", "is about `subjects = \"pairwise\"`");
        }
        return Some(SubjectType::Public);
    }
    let only = || {
        let hosts = redirect_uris.iter().map(host_of);
        let hosts: BTreeSet<_> = hosts.collect();
        match hosts.into_iter().collect::<Vec<_>>().as_slice() {
            [Some(host)] => Some(host.clone()),
            _ => None,
        }
    };
    let sector = match (sector, section.has("sector")) {
        (Some(sector), _) => Some(sector.0.to_string()),
        (None, true) => return None,
        (None, false) => only(),
    };
    if sector.is_none() {
        section.fault(
            "sector",
            "is missing: its redirect URIs are not all at one host, so name the host that the names are made for",
        );
    }
    sector.map(|sector| SubjectType::Pairwise { sector })
}

fn host_of(uri: &RedirectUri) -> Option<String> {
    let uri = uri.as_str().parse::<http::Uri>().ok()?;
    uri.host().map(str::to_owned)
}

/// The groups that it is in, for policies: those of this file, so that none is missing.
fn groups(section: &mut Section<'_>, among: Among<'_>) -> Vec<GroupName> {
    let named = section.or::<Vec<GroupName>>("groups", Vec::new());
    let is_known = |name: &&GroupName| among.groups.iter().any(|group| group.name == **name);
    for name in named.iter().filter(|name| !is_known(name)) {
        section.fault(
            "groups",
            format!("names `{name}`, which is no group here: add a `[[group]]` to this file"),
        );
    }
    named
}

/// Whether people sign in through a client that may ask for these.
fn signs_in(grants: &[GrantType]) -> bool {
    let by_people = [GrantType::AuthorizationCode, GrantType::DeviceCode];
    by_people.iter().any(|grant| grants.contains(grant))
}

fn check_app(section: &Section<'_>, app: Option<&AppName>, grants: &[GrantType], among: Among<'_>) {
    match (app, signs_in(grants)) {
        (None, true) if !section.has("app") => section.fault(
            "app",
            "is missing: people sign in through this client, and policies permit `oidc.authorize` on the app that it is for. Name an `[[app]]`; one that is not behind this gateway has `start = \"https://…\"`",
        ),
        (Some(_), false) => section.fault(
            "app",
            "is about clients that people sign in through: take it away, or name \"code\" or \"device-code\" in `grants`",
        ),
        (Some(name), true) if !among.apps.iter().any(|app| app.name == *name) => section.fault(
            "app",
            format!(
                "is `{name}`, which is no `[[app]]` of this file; one that is not behind this gateway has `start = \"https://…\"`"
            ),
        ),
        _ => {}
    }
}
