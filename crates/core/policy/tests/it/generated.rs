//! Random policies over the schema, random facts, random questions.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use gw_model::{
    AccessRequest, Action, App, Assurance, Authn, AuthnEvent, AuthnMethod, Change, Client,
    ClientId, Context, Decision, DeviceContext, Epoch, ExternalIdentity, Factor, FactorId,
    FactorKind, Group, GroupName, HttpContext, IdentityHeaders, Membership, Network,
    NetworkContext, PolicyFile, Principal, ProposalContext, Provider, ProviderProof,
    ProviderProtocol, Resource, RiskContext, Route, SessionContext, SessionId, Settings, Snapshot,
    TimeContext, Timestamp, TokenContext, Upstream, User, UserId, Words,
};
use gw_policy::{Policies, load};
use proptest::prelude::*;

use crate::cases::{file, listed};

/// Half an hour before, in the middle of and after the changes of summer time, and any noon.
pub(crate) const MOMENTS: [&str; 7] = [
    "2026-03-29T00:30:00Z",
    "2026-03-29T01:00:00Z",
    "2026-10-24T23:59:30Z",
    "2026-10-25T00:15:00Z",
    "2026-10-25T01:00:00Z",
    "2026-06-15T12:00:00Z",
    "2026-12-31T22:59:59Z",
];

const ZONES: [&str; 5] = [
    "Europe/Berlin",
    "UTC",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
];

/// As many runs as `PROPTEST_CASES` says, else a few hundred.
pub(crate) fn runs(number: u32) -> ProptestConfig {
    ProptestConfig {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() {
            ProptestConfig::default().cases
        } else {
            number
        },
        ..ProptestConfig::default()
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(u64::try_from(instant.as_millisecond()).unwrap())
}

/// A set that is valid, as files; each policy with an id by its place.
pub(crate) fn policy_set(most: usize) -> impl Strategy<Value = Vec<PolicyFile>> {
    prop::collection::vec(policy(), 0..=most).prop_map(|policies| vec![numbered(&policies)])
}

pub(crate) fn numbered(policies: &[String]) -> PolicyFile {
    let text: Vec<_> = policies
        .iter()
        .enumerate()
        .map(|(number, policy)| format!("@id(\"p{number}\") {policy}"))
        .collect();
    file("generated.cedar", &text.join("\n"))
}

pub(crate) fn loaded(files: &[PolicyFile]) -> Policies {
    load(files).unwrap_or_else(|faults| panic!("{}\n{}", listed(&faults), files[0].text))
}

/// A policy without its id.
pub(crate) fn policy() -> impl Strategy<Value = String> {
    prop_oneof![5 => http_policy(), 1 => other_policy()]
}

pub(crate) fn forbid() -> impl Strategy<Value = String> {
    policy().prop_map(|policy| policy.replacen("permit", "forbid", 1))
}

fn words(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(words)
}

fn mode() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just(""), 1 => Just("@mode(\"report\") ")]
}

fn http_policy() -> impl Strategy<Value = String> {
    let principal = words(&[
        "principal in Group::\"staff\"",
        "principal in Group::\"contractors\"",
        "principal in Group::\"owners\"",
        "principal is User",
        "principal is User in Group::\"staff\"",
        "principal is Anonymous",
        "principal == User::\"u-aaaaaaaaaaaac\"",
        "principal",
    ]);
    let action = words(&["action == Action::\"http.request\"", "action"]);
    let resource = words(&[
        "resource in App::\"wiki\"",
        "resource in App::\"payroll\"",
        "resource == Route::\"wiki/editor\"",
        "resource == Route::\"wiki/default\"",
        "resource in Tag::\"crown-jewel\"",
        "resource in Tag::\"writes\"",
        "resource is Route",
        "resource is Route in App::\"wiki\"",
        "resource",
    ]);
    (
        any::<bool>(),
        mode(),
        principal,
        action,
        resource,
        condition(),
    )
        .prop_map(|(permits, mode, principal, action, resource, condition)| {
            let effect = if permits && principal != "principal" {
                "permit"
            } else {
                "forbid"
            };
            format!("{mode}{effect} ({principal}, {action}, {resource}){condition};")
        })
}

fn other_policy() -> impl Strategy<Value = String> {
    let scope = words(&[
        "principal is User, action == Action::\"factor.enrol\", resource is User",
        "principal in Group::\"owners\", action in Action::\"factor\", resource in Group::\"staff\"",
        "principal is User, action in [Action::\"admin.user.link\", Action::\"admin.session.end\"], resource in Group::\"contractors\"",
        "principal in Group::\"staff\", action == Action::\"admin.session.end\", resource is Session",
        "principal is Local, action in Action::\"admin\", resource",
        "principal is User, action in Action::\"admin\", resource is System",
        "principal is User, action == Action::\"admin.user.change\", resource == User::\"u-aaaaaaaaaaaac\"",
    ]);
    (any::<bool>(), mode(), scope, condition()).prop_map(|(permits, mode, scope, condition)| {
        let effect = if permits { "permit" } else { "forbid" };
        format!("{mode}{effect} ({scope}){condition};")
    })
}

fn condition() -> impl Strategy<Value = String> {
    let clause = prop_oneof![
        formula().prop_map(|f| format!(" when {{ {f} }}")),
        formula().prop_map(|f| format!(" unless {{ {f} }}")),
    ];
    prop_oneof![
        1 => Just(String::new()),
        4 => clause.clone(),
        1 => (clause.clone(), clause).prop_map(|(a, b)| a + &b),
    ]
}

fn formula() -> impl Strategy<Value = String> {
    atom().prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (atom(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("(if {a} then {b} else {c})")),
        ]
    })
}

fn atom() -> impl Strategy<Value = String> {
    let still = words(&[
        "context.authn.phishing_resistant",
        "context.authn.multi_factor",
        "context.authn.providers.contains(\"corp\")",
        "context.authn.acr.contains(\"mfa\")",
        "context.authn.amr.contains(\"otp\")",
        "context.authn.methods.contains(\"passkey\")",
        "context.authn.methods.containsAny([\"sign-in-link\", \"enrolment-link\"])",
        "context.authn has phishing_resistant_age_secs",
        "context.authn has multi_factor_age_secs",
        "context.authn.methods.containsAll([\"password\", \"totp\"])",
        "(context has factor && context.factor.kind == \"password\")",
        "context has session",
        "context has session.enrolment",
        "(context has session && context.session.enrolment)",
        "context.network.names.contains(\"office\")",
        "context.network.names == [\"office\"]",
        "context.network.address.isInRange(ip(\"192.0.2.0/25\"))",
        "context.network has country",
        "(context.network has country && context.network.country == \"DE\")",
        "(context has device && context.device.compliant)",
        "(context has device && context.device.platform == \"linux\")",
        "(context has risk && context.risk.score > 50)",
        "(context has http && context.http.method == \"GET\")",
        "(context has http && context.http.path like \"/admin*\")",
        "(context has http && context.http.websocket)",
        "(principal is User && principal has email && principal.email like \"*@example.org\")",
        "(principal is User && principal.name == \"ana\")",
        "(principal is User && principal.hasTag(\"team\") && principal.getTag(\"team\") == \"red\")",
        "(principal is User && principal in Group::\"staff\")",
        "(principal is Local && principal.uid == 0)",
        "(resource is Route && resource.app.name == \"Wiki\")",
        "(resource is Route && resource.app.hasTag(\"owner\") && resource.app.getTag(\"owner\") == \"it\")",
        "(resource is Route && resource in Tag::\"crown-jewel\")",
        "(resource is Route && resource.app in Tag::\"crown-jewel\")",
        "(resource is User && resource in Group::\"staff\")",
        "(context has token && context.token.client == \"builder\")",
        "(context has token && context.token.scopes.contains(\"write\"))",
        "(context has token && context.token.sender_constrained)",
        "(context has token && context.token.actors.isEmpty())",
        "(context has proposal && context.proposal.by == \"ana\")",
        "(context has proposal && context.proposal.groups.contains(\"staff\"))",
        "(context has proposal && context.proposal.action == \"admin.policy.apply\")",
        "action in Action::\"admin\"",
        "action == Action::\"http.request\"",
        "context.authn == context.authn",
    ]);
    // Some of these overflow, so that policies err.
    let ticking = words(&[
        "context.authn.age_secs + 1 > 61",
        "context.authn.age_secs * 9223372036854775807 > 0",
        "context.time.hour * 60 + context.time.minute > 90",
        "[1, 2, 9].contains(context.time.hour)",
        "context.time.now.toTime() < duration(\"8h\")",
        "{ at: context.time }.at.minute < 30",
        "context.time == context.time",
        "(if context.authn.phishing_resistant then context.time else context.time).hour < 2",
    ]);
    prop_oneof![
        4 => still.prop_map(str::to_owned),
        4 => compared(),
        1 => ticking.prop_map(str::to_owned),
    ]
}

fn compared() -> impl Strategy<Value = String> {
    let operator = words(&["<", "<=", ">", ">=", "==", "!="]);
    let age = prop::sample::select(vec![-1_i64, 0, 1, 59, 60, 61, 300, 3600, 7200]);
    let hour = -1_i64..26;
    let minute = -1_i64..62;
    let of_day = prop::sample::select(vec![0_i64, 1, 59, 60, 119, 120, 150, 179, 180, 1380, 1439]);
    let side = prop_oneof![
        age.prop_flat_map(|age| words(&[
            "context.authn.age_secs",
            "(if context.authn has phishing_resistant_age_secs then context.authn.phishing_resistant_age_secs else 99)",
            "(if context.authn has multi_factor_age_secs then context.authn.multi_factor_age_secs else 99)",
            "(if context has session then context.session.age_secs else 99)",
            "(if context has device then context.device.age_secs else 99)",
        ])
        .prop_map(move |path| (path, age.to_string()))),
        hour.prop_map(|h| ("context.time.hour", h.to_string())),
        minute.prop_map(|m| ("context.time.minute", m.to_string())),
        of_day.prop_map(|m| ("context.time.minute_of_day", m.to_string())),
        (0_i64..9).prop_map(|d| ("context.time.weekday", d.to_string())),
        words(&[
            "datetime(\"2026-03-29T01:00:00Z\")",
            "datetime(\"2026-03-29T03:00:00+0200\")",
            "datetime(\"2026-10-25T00:15:20.500Z\")",
            "datetime(\"2026-10-25\")",
            "datetime(\"2026-06-16\")",
        ])
        .prop_map(|literal| ("context.time.now", literal.to_owned())),
    ];
    (side, operator, any::<bool>()).prop_map(|((path, literal), operator, turned)| {
        // A guard keeps absent records from erring, and its branches are read as comparisons too.
        if turned {
            format!("({literal} {operator} {path})")
        } else {
            format!("({path} {operator} {literal})")
        }
    })
}

/// A question with everything that its request borrows.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) principal: Principal,
    pub(crate) action: Action,
    pub(crate) resource: Resource,
    pub(crate) events: Vec<AuthnEvent>,
    pub(crate) session: Option<SessionContext>,
    pub(crate) address: IpAddr,
    pub(crate) country: Option<[u8; 2]>,
    pub(crate) device: Option<DeviceContext>,
    pub(crate) risk: Option<u8>,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) websocket: bool,
    /// Who proposed it, and in which groups they are.
    pub(crate) proposal: Option<(&'static str, Vec<GroupName>)>,
    /// The client of a token, its scopes, and whether it is bound to a key.
    pub(crate) token: Option<(&'static str, Vec<Arc<str>>, bool)>,
    /// What is enrolled or removed.
    pub(crate) factor: Option<FactorKind>,
    pub(crate) now: Timestamp,
}

impl Ask {
    pub(crate) fn put<T>(&self, facts: &Snapshot, then: impl FnOnce(&AccessRequest<'_>) -> T) -> T {
        let names = facts.settings().network_names(self.address);
        let zone = match &self.resource {
            Resource::Route(route) => route.as_str().split_once('/'),
            _ => None,
        }
        .and_then(|(app, _)| facts.app(&app.parse().unwrap()))
        .and_then(|app| app.time_zone.clone());
        then(&AccessRequest {
            principal: self.principal,
            session: None,
            action: self.action,
            resource: &self.resource,
            context: Context {
                authn: Authn {
                    events: &self.events,
                },
                session: self.session,
                network: NetworkContext {
                    address: self.address,
                    country: self.country,
                    names: &names,
                },
                device: self.device.clone(),
                risk: self.risk.map(|score| RiskContext { score }),
                http: (self.action == Action::HttpRequest).then_some(HttpContext {
                    method: self.method,
                    path: self.path,
                    host: "wiki.example.org",
                    websocket: self.websocket,
                    same_origin: true,
                }),
                time: TimeContext {
                    zone: zone.as_deref(),
                },
                proposal: self
                    .proposal
                    .as_ref()
                    .filter(|_| self.action != Action::HttpRequest)
                    .map(|(by, groups)| ProposalContext {
                        by,
                        groups,
                        action: self.action,
                    }),
                token: self
                    .token
                    .as_ref()
                    .filter(|_| self.action == Action::HttpRequest)
                    .map(|(client, scopes, sender_constrained)| TokenContext {
                        client,
                        scopes,
                        actors: &[],
                        sender_constrained: *sender_constrained,
                        workload: &[],
                    }),
                factor: self.factor,
            },
        })
    }

    pub(crate) fn decide(&self, policies: &Policies, facts: &Snapshot) -> Decision {
        self.put(facts, |request| policies.decide(facts, request, self.now))
    }

    pub(crate) fn at(&self, now: Timestamp) -> Self {
        Self {
            now,
            ..self.clone()
        }
    }
}

/// Facts and a question about them; the question's instant is near what moves in the facts.
pub(crate) fn situation() -> impl Strategy<Value = (Snapshot, Ask)> {
    (moment(), prop::sample::select(ZONES.to_vec()))
        .prop_flat_map(|(now, zone)| (facts(now, zone), ask(now)))
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (prop::sample::select(MOMENTS.to_vec()), 0_u64..7_200_000)
        .prop_map(|(moment, millis)| at(moment).after(Duration::from_millis(millis)))
}

fn facts(now: Timestamp, zone: &'static str) -> impl Strategy<Value = Snapshot> {
    let groups =
        || prop::sample::subsequence(vec!["staff", "contractors", "owners", "night"], 0..=3);
    let until = || {
        prop_oneof![
            3 => Just(None),
            1 => (1_u64..7_200_000).prop_map(move |ms| Some(now.after(Duration::from_millis(ms)))),
            1 => (1_u64..7_200_000).prop_map(move |ms| Some(now.before(Duration::from_millis(ms)))),
        ]
    };
    let person = (groups(), until(), any::<[bool; 3]>());
    (
        prop::collection::vec(person, 4),
        prop::option::of(prop::sample::select(ZONES.to_vec())),
    )
        .prop_map(move |(people, app_zone)| organisation(&people, zone, app_zone))
}

/// The same organisation always, with people who are in no group.
pub(crate) fn organised() -> Snapshot {
    let nobody_special = || (Vec::new(), None, [false; 3]);
    let people: [Person; 4] = std::array::from_fn(|_| nobody_special());
    organisation(&people, "UTC", None)
}

type Person = (Vec<&'static str>, Option<Timestamp>, [bool; 3]);

fn organisation(people: &[Person], zone: &str, app_zone: Option<&str>) -> Snapshot {
    let group = |name: &str, parents: &[&str]| {
        Change::GroupPut(Arc::new(Group {
            name: name.parse().unwrap(),
            title: name.into(),
            parents: parents.iter().map(|p| p.parse().unwrap()).collect(),
            identities: Vec::new(),
            version: 0,
        }))
    };
    let mut changes = vec![
        provider("corp", &["mfa"], &["phr"]),
        provider("partner", &[], &[]),
        group("staff", &[]),
        group("contractors", &[]),
        group("owners", &["staff"]),
        group("night", &["owners", "contractors"]),
        Change::SettingsPut(Arc::new(Settings {
            networks: vec![
                Network {
                    name: "office".into(),
                    prefixes: vec!["192.0.2.0/24".parse().unwrap()],
                },
                Network {
                    name: "lab".into(),
                    prefixes: vec!["2001:db8::/32".parse().unwrap()],
                },
            ],
            time_zone: zone.into(),
            passwords: true,
            addresses_verified: false,
            issuers: Vec::new(),
        })),
        Change::AppPut(Arc::new(app("wiki", &[], app_zone))),
        Change::AppPut(Arc::new(app("payroll", &["crown-jewel"], None))),
    ];
    changes.push(client(0, "builder", &["staff"]));
    changes.push(client(1, "robot", &[]));
    let names = ["zoe", "ana", "bo", "carl"];
    for (number, ((groups, until, flags), name)) in people.iter().zip(names).enumerate() {
        let user = user(number, name, groups, *until, *flags);
        changes.push(Change::UserPut(Arc::new(user)));
    }
    Snapshot::empty(Epoch::default())
        .apply(
            Epoch {
                incarnation: 1,
                number: 1,
            },
            &changes,
        )
        .unwrap()
}

fn user(
    number: usize,
    name: &str,
    groups: &[&str],
    until: Option<Timestamp>,
    [email, team, passkey]: [bool; 3],
) -> User {
    User {
        id: UserId::from_bits(number as u64),
        name: name.into(),
        display_name: name.into(),
        email: email.then(|| format!("{name}@example.org").into()),
        attributes: team
            .then(|| ("team".into(), "red".into()))
            .into_iter()
            .collect(),
        groups: groups
            .iter()
            .enumerate()
            .map(|(place, group)| Membership {
                group: group.parse().unwrap(),
                until: until.filter(|_| place == 0),
                by: None,
            })
            .collect(),
        factors: [
            (passkey, FactorKind::Passkey),
            (team, FactorKind::Password),
            (team, FactorKind::Totp),
        ]
        .into_iter()
        .filter(|(has, _)| *has)
        .zip(1..)
        .map(|((_, kind), bits)| Factor {
            id: FactorId::from_bits(bits),
            kind,
            name: "key".into(),
            enrolled_at: Timestamp::default(),
            authenticator: None,
        })
        .collect(),
        identities: [("corp", team), ("partner", email)]
            .iter()
            .filter(|(_, known)| *known)
            .map(|(provider, _)| ExternalIdentity::of(provider.parse().unwrap(), name.into()))
            .collect(),
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    }
}

fn client(number: u64, name: &str, groups: &[&str]) -> Change {
    Change::ClientPut(Arc::new(Client {
        id: ClientId::from_bits(number),
        name: name.parse().unwrap(),
        title: name.into(),
        attributes: [("team".into(), "red".into())].into(),
        groups: groups.iter().map(|g| g.parse().unwrap()).collect(),
        app: None,
        registration: "{}".into(),
        tokens_from: Timestamp::default(),
        disabled: false,
        version: 0,
        suspended: false,
        owner: Default::default(),
        consent: Default::default(),
    }))
}

/// One that says a lot, and one whose word is no more than that.
fn provider(name: &str, multi_factor: &[&str], phishing_resistant: &[&str]) -> Change {
    let words = |acr: &[&str]| Words {
        acr: acr.iter().map(|word| (*word).into()).collect(),
        amr: Vec::new(),
    };
    Change::ProviderPut(Arc::new(Provider {
        name: name.parse().unwrap(),
        title: name.into(),
        issuer: format!("https://{name}.test").into(),
        protocol: ProviderProtocol::Oidc {
            client_id: "gatewright".into(),
            scopes: Vec::new(),
        },
        people: Default::default(),
        memberships: Vec::new(),
        assurance: Assurance {
            multi_factor: words(multi_factor),
            phishing_resistant: words(phishing_resistant),
        },
        disabled: false,
        suspended: false,
        version: 0,
    }))
}

fn app(name: &str, tags: &[&str], zone: Option<&str>) -> App {
    let route = |route: &str| Route {
        name: format!("{name}/{route}").parse().unwrap(),
        paths: vec!["/edit/*".parse().unwrap()],
        methods: Vec::new(),
        tags: vec!["writes".parse().unwrap()],
        credential: gw_model::Credential::default(),
        authorization: gw_model::AuthorizationHeader::default(),
        scopes: Vec::new(),
        sender_constrained: false,
        origins: Vec::new(),
        recorded_parameters: Vec::new(),
        accept_encoded_slash: false,
        accept_override_headers: false,
        upgrades: Route::default_upgrades(),
    };
    App {
        name: name.parse().unwrap(),
        title: if name == "wiki" { "Wiki" } else { "Payroll" }.into(),
        description: "".into(),
        host: format!("{name}.example.org").into(),
        upstream: Upstream::BuiltIn(name.into()),
        tags: tags.iter().map(|t| t.parse().unwrap()).collect(),
        attributes: BTreeMap::from([("owner".into(), "it".into())]),
        routes: vec![route("editor")],
        time_zone: zone.map(Into::into),
        in_portal: true,
        preserve_host: true,
        owner: gw_model::AppOwner::Configuration,
        identity_headers: IdentityHeaders::default(),
        version: 0,
    }
}

fn proposal() -> impl Strategy<Value = Option<(&'static str, Vec<GroupName>)>> {
    let groups = prop::sample::subsequence(vec!["staff", "owners"], 0..=2);
    let groups = groups.prop_map(|names| names.iter().map(|name| name.parse().unwrap()).collect());
    prop::option::of((words(&["ana", "bo"]), groups))
}

fn token() -> impl Strategy<Value = Option<(&'static str, Vec<Arc<str>>, bool)>> {
    let scopes = prop::sample::subsequence(vec!["read", "write"], 0..=2);
    let scopes = scopes.prop_map(|names| names.into_iter().map(Arc::from).collect());
    prop::option::of((words(&["builder", "robot"]), scopes, any::<bool>()))
}

/// What a provider said, different with how long ago it was.
fn provider_proof(ago: u64, at: Timestamp) -> ProviderProof {
    let is = |bit: u32| ago >> bit & 1 == 1;
    ProviderProof {
        provider: if is(0) { "corp" } else { "partner" }.parse().unwrap(),
        subject: "0".into(),
        session: None,
        authenticated_at: is(1).then(|| at.before(Duration::from_secs(if is(2) { 61 } else { 0 }))),
        acr: is(3).then(|| "mfa".into()),
        amr: if is(4) {
            vec!["otp".into(), "pwd".into()]
        } else {
            Vec::new()
        },
        multi_factor: is(5),
        phishing_resistant: is(6),
    }
}

fn ask(now: Timestamp) -> impl Strategy<Value = Ask> {
    let method = prop::sample::select(vec![
        AuthnMethod::Passkey,
        AuthnMethod::SignInLink,
        AuthnMethod::EnrolmentLink,
        AuthnMethod::RecoveryCode,
        AuthnMethod::Provider,
        AuthnMethod::Password,
        AuthnMethod::Totp,
    ]);
    let factor = prop::option::of(prop::sample::select(vec![
        FactorKind::Passkey,
        FactorKind::RecoveryCodes,
        FactorKind::Password,
        FactorKind::Totp,
    ]));
    let ago = || {
        prop_oneof![
            prop::sample::select(vec![
                0_u64, 58_500, 59_999, 60_000, 61_500, 299_000, 3_600_000
            ]),
            0_u64..8_000_000,
        ]
    };
    let events = prop::collection::vec((method, ago()), 0..3);
    let device = prop::option::of((any::<[bool; 3]>(), ago()));
    let address = prop::sample::select(vec![
        "192.0.2.9",
        "192.0.2.200",
        "203.0.113.7",
        "2001:db8::1",
    ]);
    let country = prop::option::of(prop::sample::select(vec![*b"DE", *b"FR"]));
    (
        question(),
        events,
        (
            prop::option::of((ago(), any::<bool>())),
            proposal(),
            token(),
            factor,
        ),
        (address, country, prop::option::of(0_u8..=100)),
        device,
        (
            words(&["GET", "POST"]),
            words(&["/", "/admin/x"]),
            any::<bool>(),
        ),
    )
        .prop_map(
            move |(question, events, (session, proposal, token, factor), network, device, http)| {
                let (principal, action, resource) = question;
                let factor =
                    factor.filter(|_| matches!(action, Action::FactorEnrol | Action::FactorRemove));
                let past = |millis: u64| now.before(Duration::from_millis(millis));
                let mut events: Vec<_> = events
                    .into_iter()
                    .map(|(method, ago)| AuthnEvent {
                        method,
                        at: past(ago),
                        factor: None,
                        provider: (method == AuthnMethod::Provider)
                            .then(|| Arc::new(provider_proof(ago, past(ago)))),
                    })
                    .collect();
                events.sort_by_key(|event| event.at);
                Ask {
                    principal,
                    action,
                    resource,
                    events,
                    session: session.map(|(ago, enrolment)| SessionContext {
                        started: past(ago),
                        enrolment,
                    }),
                    address: network.0.parse().unwrap(),
                    country: network.1,
                    device: device.map(|([compliant, managed, disk_encrypted], ago)| {
                        DeviceContext {
                            compliant,
                            managed,
                            disk_encrypted,
                            platform: "linux".into(),
                            reported_at: past(ago),
                        }
                    }),
                    risk: network.2,
                    method: http.0,
                    path: http.1,
                    websocket: http.2,
                    proposal,
                    token,
                    factor,
                    now,
                }
            },
        )
}

fn question() -> impl Strategy<Value = (Principal, Action, Resource)> {
    let person = || (0_u64..4).prop_map(UserId::from_bits);
    let who = || {
        prop_oneof![
            5 => person().prop_map(Principal::User),
            1 => Just(Principal::Anonymous),
            2 => (0_u64..2).prop_map(|id| Principal::Client(ClientId::from_bits(id))),
        ]
    };
    let within = || {
        prop_oneof![
            5 => person().prop_map(Principal::User),
            1 => Just(Principal::Local(0)),
        ]
    };
    let route = words(&[
        "wiki/default",
        "wiki/editor",
        "payroll/default",
        "payroll/editor",
    ]);
    let on_user = prop::sample::select(vec![
        Action::FactorEnrol,
        Action::FactorRemove,
        Action::AdminUserChange,
        Action::AdminUserLink,
        Action::AdminSessionEnd,
        Action::AdminUserAdd,
    ]);
    let on_system = prop::sample::select(vec![
        Action::AdminRead,
        Action::AdminPolicyApply,
        Action::AdminLogRead,
        Action::AdminProviderSuspend,
        Action::AdminProviderChange,
        Action::AdminClientSuspend,
        Action::AdminClientChange,
        Action::AdminChangePropose,
    ]);
    prop_oneof![
        8 => (who(), route).prop_map(|(who, route)| {
            (who, Action::HttpRequest, Resource::Route(route.parse().unwrap()))
        }),
        2 => (within(), on_user, person()).prop_map(|(who, action, user)| {
            (who, action, Resource::User(user))
        }),
        1 => (within(), person()).prop_map(|(who, user)| {
            let session = Resource::Session(SessionId::from_bits(7), user);
            (who, Action::AdminSessionEnd, session)
        }),
        1 => (within(), on_system).prop_map(|(who, action)| (who, action, Resource::System)),
    ]
}

/// Somebody whom no facts know opens the wiki.
pub(crate) fn anybody(now: Timestamp) -> Ask {
    Ask {
        principal: Principal::User(UserId::from_bits(99)),
        action: Action::HttpRequest,
        resource: Resource::Route("wiki/default".parse().unwrap()),
        events: Vec::new(),
        session: None,
        address: [203, 0, 113, 7].into(),
        country: None,
        device: None,
        risk: None,
        method: "GET",
        path: "/",
        websocket: false,
        proposal: None,
        token: None,
        factor: None,
        now,
    }
}
