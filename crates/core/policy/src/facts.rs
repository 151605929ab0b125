//! Facts as people write them: for test cases and for questions asked of a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gw_model::{
    App, AppName, Change, Client, ClientId, Epoch, Factor, FactorId, FactorKind, Group, GroupName,
    IdentityHeaders, Membership, Network, PathPattern, Route, Settings, Snapshot, TagName,
    Timestamp, Upstream, User, UserId,
};
use serde::Deserialize;
use toml::Spanned;

/// The facts of a file, before they are checked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FactsSpec {
    time_zone: Option<Arc<str>>,
    #[serde(default)]
    passwords: bool,
    #[serde(default)]
    networks: BTreeMap<Arc<str>, Vec<ipnet::IpNet>>,
    #[serde(default)]
    groups: BTreeMap<Spanned<String>, GroupSpec>,
    #[serde(default)]
    users: BTreeMap<Spanned<String>, UserSpec>,
    #[serde(default)]
    clients: BTreeMap<Spanned<String>, ClientSpec>,
    #[serde(default)]
    apps: BTreeMap<Spanned<String>, AppSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupSpec {
    #[serde(default, rename = "in")]
    parents: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserSpec {
    id: Option<UserId>,
    email: Option<Arc<str>>,
    #[serde(default)]
    groups: Vec<Spanned<MembershipSpec>>,
    #[serde(default)]
    attributes: BTreeMap<Arc<str>, Arc<str>>,
    #[serde(default)]
    factors: Vec<FactorKind>,
    #[serde(default)]
    disabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientSpec {
    #[serde(default)]
    groups: Vec<GroupName>,
    #[serde(default)]
    attributes: BTreeMap<Arc<str>, Arc<str>>,
    #[serde(default)]
    disabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum MembershipSpec {
    Always(String),
    Until {
        group: String,
        until: jiff::Timestamp,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AppSpec {
    title: Option<Arc<str>>,
    time_zone: Option<Arc<str>>,
    #[serde(default)]
    tags: Vec<TagName>,
    #[serde(default)]
    attributes: BTreeMap<Arc<str>, Arc<str>>,
    #[serde(default)]
    routes: BTreeMap<Spanned<String>, RouteSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteSpec {
    #[serde(default)]
    paths: Vec<PathPattern>,
    #[serde(default)]
    methods: Vec<Arc<str>>,
    #[serde(default)]
    tags: Vec<TagName>,
}

/// Something wrong at a place in the text.
pub(crate) struct Misfit {
    pub(crate) offset: usize,
    pub(crate) what: String,
}

impl FactsSpec {
    /// Checks the facts and makes a snapshot of them.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, Vec<Misfit>> {
        let mut misfits = Vec::new();
        let mut changes: Vec<(usize, Change)> = vec![(0, self.settings(&mut misfits))];
        changes.extend(self.groups(&mut misfits));
        for (name, spec) in &self.users {
            let user = spec.user(name.get_ref(), &mut misfits);
            changes.push((name.span().start, Change::UserPut(Arc::new(user))));
        }
        for (name, spec) in &self.clients {
            if let Some(client) = spec.client(name, &mut misfits) {
                changes.push((name.span().start, Change::ClientPut(Arc::new(client))));
            }
        }
        for (name, spec) in &self.apps {
            if let Some(app) = spec.app(name, &mut misfits) {
                changes.push((name.span().start, Change::AppPut(Arc::new(app))));
            }
        }
        let mut facts = Snapshot::empty(Epoch::default());
        for (offset, change) in changes {
            match facts.apply(facts.epoch, &[change]) {
                Ok(next) => facts = next,
                Err(error) => misfits.push(Misfit {
                    offset,
                    what: error.to_string(),
                }),
            }
        }
        if misfits.is_empty() {
            Ok(facts)
        } else {
            Err(misfits)
        }
    }

    fn settings(&self, misfits: &mut Vec<Misfit>) -> Change {
        let mut settings = Settings {
            passwords: self.passwords,
            ..Settings::default()
        };
        if let Some(zone) = &self.time_zone {
            known_zone(zone, 0, misfits);
            settings.time_zone = zone.clone();
        }
        settings.networks = self
            .networks
            .iter()
            .map(|(name, prefixes)| Network {
                name: name.clone(),
                prefixes: prefixes.clone(),
            })
            .collect();
        Change::SettingsPut(Arc::new(settings))
    }

    /// The groups, those that others are in first.
    fn groups(&self, misfits: &mut Vec<Misfit>) -> Vec<(usize, Change)> {
        let mut open: Vec<(usize, Group)> = Vec::new();
        for (name, spec) in &self.groups {
            let Some(own) = group_name(name, misfits) else {
                continue;
            };
            let parents = spec.parents.iter();
            let group = Group {
                title: name.get_ref().as_str().into(),
                name: own,
                parents: parents.filter_map(|p| group_name(p, misfits)).collect(),
                identities: Vec::new(),
                version: 0,
            };
            open.push((name.span().start, group));
        }
        let mut ordered: Vec<(usize, Group)> = Vec::new();
        let mut done: BTreeSet<GroupName> = BTreeSet::new();
        while !open.is_empty() {
            let (ready, waiting): (Vec<_>, Vec<_>) = open
                .into_iter()
                .partition(|(_, group)| group.parents.iter().all(|parent| done.contains(parent)));
            open = waiting;
            if ready.is_empty() {
                misfits.extend(open.iter().map(|(offset, group)| Misfit {
                    offset: *offset,
                    what: format!(
                        "the group `{}` is in itself, or in one that is not there",
                        group.name
                    ),
                }));
                break;
            }
            done.extend(ready.iter().map(|(_, group)| group.name.clone()));
            ordered.extend(ready);
        }
        ordered
            .into_iter()
            .map(|(offset, group)| (offset, Change::GroupPut(Arc::new(group))))
            .collect()
    }
}

impl UserSpec {
    fn user(&self, name: &str, misfits: &mut Vec<Misfit>) -> User {
        User {
            id: self.id.unwrap_or_else(|| id_of(name)),
            name: name.into(),
            display_name: name.into(),
            email: self.email.clone(),
            attributes: self.attributes.clone(),
            groups: self
                .groups
                .iter()
                .filter_map(|membership| {
                    membership.get_ref().check(membership.span().start, misfits)
                })
                .collect(),
            factors: self.factors.iter().zip(1..).map(factor).collect(),
            identities: Vec::new(),
            disabled: self.disabled,
            verified_email: None,
            tokens_from: gw_model::Timestamp::default(),
            version: 0,
        }
    }
}

impl ClientSpec {
    fn client(&self, name: &Spanned<String>, misfits: &mut Vec<Misfit>) -> Option<Client> {
        let known = name.get_ref().parse().map_err(|error: gw_model::IdFault| {
            misfits.push(Misfit {
                offset: name.span().start,
                what: error.to_string(),
            });
        });
        Some(Client {
            id: ClientId::from_bits(id_of(name.get_ref()).bits()),
            name: known.ok()?,
            title: name.get_ref().as_str().into(),
            attributes: self.attributes.clone(),
            groups: self.groups.clone(),
            app: None,
            registration: "{}".into(),
            tokens_from: Timestamp::default(),
            disabled: self.disabled,
            version: 0,
            suspended: false,
            owner: gw_model::ClientOwner::default(),
            consent: gw_model::Consent::default(),
        })
    }
}

impl MembershipSpec {
    fn check(&self, offset: usize, misfits: &mut Vec<Misfit>) -> Option<Membership> {
        let (group, until) = match self {
            Self::Always(group) => (group, None),
            Self::Until { group, until } => {
                (group, Some(crate::clock::timestamp(until.as_millisecond())))
            }
        };
        match group.parse() {
            Ok(group) => Some(Membership {
                group,
                until,
                by: None,
            }),
            Err(error) => {
                misfits.push(Misfit {
                    offset,
                    what: error.to_string(),
                });
                None
            }
        }
    }
}

fn factor((kind, number): (&FactorKind, u64)) -> Factor {
    Factor {
        id: FactorId::from_bits(number),
        kind: *kind,
        name: "".into(),
        enrolled_at: Timestamp::from_millis(0),
        authenticator: None,
    }
}

impl AppSpec {
    fn app(&self, name: &Spanned<String>, misfits: &mut Vec<Misfit>) -> Option<App> {
        let offset = name.span().start;
        if let Some(zone) = &self.time_zone {
            known_zone(zone, offset, misfits);
        }
        let own: AppName = parsed(name, misfits)?;
        Some(App {
            title: self.title.clone().unwrap_or_else(|| own.as_str().into()),
            description: "".into(),
            host: format!("{own}.invalid").into(),
            upstream: Upstream::BuiltIn(own.as_str().into()),
            tags: self.tags.clone(),
            attributes: self.attributes.clone(),
            routes: self.routes(&own, misfits),
            time_zone: self.time_zone.clone(),
            in_portal: true,
            preserve_host: true,
            owner: gw_model::AppOwner::Configuration,
            identity_headers: IdentityHeaders::default(),
            version: 0,
            name: own,
        })
    }

    fn routes(&self, app: &AppName, misfits: &mut Vec<Misfit>) -> Vec<Route> {
        let mut routes = Vec::new();
        for (name, spec) in &self.routes {
            match format!("{app}/{}", name.get_ref()).parse() {
                Ok(name) => routes.push(Route {
                    name,
                    paths: spec.paths.clone(),
                    methods: spec.methods.clone(),
                    tags: spec.tags.clone(),
                    credential: gw_model::Credential::default(),
                    authorization: gw_model::AuthorizationHeader::default(),
                    scopes: Vec::new(),
                    sender_constrained: false,
                    origins: Vec::new(),
                    recorded_parameters: Vec::new(),
                    accept_encoded_slash: false,
                    accept_override_headers: false,
                    upgrades: Route::default_upgrades(),
                }),
                Err(error) => misfits.push(Misfit {
                    offset: name.span().start,
                    what: error.to_string(),
                }),
            }
        }
        routes
    }
}

fn group_name(name: &Spanned<String>, misfits: &mut Vec<Misfit>) -> Option<GroupName> {
    parsed(name, misfits)
}

fn parsed<T: std::str::FromStr<Err = gw_model::IdFault>>(
    name: &Spanned<String>,
    misfits: &mut Vec<Misfit>,
) -> Option<T> {
    match name.get_ref().parse() {
        Ok(name) => Some(name),
        Err(error) => {
            misfits.push(Misfit {
                offset: name.span().start,
                what: error.to_string(),
            });
            None
        }
    }
}

fn known_zone(zone: &str, offset: usize, misfits: &mut Vec<Misfit>) {
    if let Err(fault) = crate::clock::zone(zone) {
        misfits.push(Misfit {
            offset,
            what: fault.what,
        });
    }
}

/// The id that a person of this name has in files that give none (FNV-1a).
pub(crate) fn id_of(name: &str) -> UserId {
    let bits = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    UserId::from_bits(bits)
}
