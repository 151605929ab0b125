//! Directories that people and groups are read of, as the file declares them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gw_directory::{
    Certificate, DisabledBy, Dn, Filter, GroupMatch, Groups, MappedGroup, MemberAttribute, People,
    Provision, Referrals, Safety, Scope, Secret, Server, Settings, SettingsFault, Timing,
    UniqueIdAttribute,
};
use gw_model::{
    Client, DirectorySource, FoundBy, GroupName, Provider, ProviderName, ProviderPeople,
    ProviderProtocol,
};
use gw_provisioning::OWNERS;

use super::{
    reader::Section,
    scim::{self, Program},
    value::Span,
};

/// How far below its base a search goes, as the file says it.
const SCOPES: &[(&str, Scope)] = &[("subtree", Scope::Subtree), ("one-level", Scope::OneLevel)];

/// What places elsewhere that a server names mean, as the file says it.
const REFERRALS: &[(&str, Referrals)] = &[("keep", Referrals::Keep), ("ignore", Referrals::Ignore)];

/// A declared directory: what its word is worth, who it is to policy, and how it is read.
pub(super) struct Declared {
    pub(super) provider: Provider,
    pub(super) client: Client,
    pub(super) files: DirectoryFiles,
}

/// How a directory is read, but for what is in files of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirectoryFiles {
    /// What the file says, without the secret.
    pub(crate) settings: Settings,
    /// The file with what proves to the directory who Gatewright is; closed to others.
    pub(crate) password: Option<PathBuf>,
    /// Whether it is read at all.
    pub(crate) enabled: bool,
}

/// The declared directories. Their names are not those of providers and sources.
pub(super) fn directories<'n>(
    root: &mut Section<'_>,
    folder: &Path,
    others: impl Iterator<Item = &'n Provider>,
) -> Vec<Declared> {
    let mut names: BTreeSet<ProviderName> = others.map(|other| other.name.clone()).collect();
    let directories = root.tables("directory", |section| {
        let declared = directory(section, folder)?;
        let name = &declared.provider.name;
        if !names.insert(name.clone()) {
            let what = format!(
                "is `{name}`, which another `[[directory]]`, `[[provider]]` or `[[scim]]` has"
            );
            section.fault("name", what);
        }
        Some(declared)
    });
    directories.into_iter().flatten().collect()
}

fn directory(section: &mut Section<'_>, folder: &Path) -> Option<Declared> {
    let name = section.required::<ProviderName>("name");
    let title = section.optional::<Arc<str>>("title");
    let enabled = section.or("enabled", true);
    let servers = servers(section);
    let ca = section.optional::<PathBuf>("ca");
    let bind_dn = section.optional::<Arc<str>>("bind_dn");
    let password = section.optional::<PathBuf>("password");
    let certificate = certificate(section, folder);
    let people = section.table("people", people);
    let groups = section.table("groups", groups);
    let mapped: Vec<_> = section
        .tables("group", mapped)
        .into_iter()
        .flatten()
        .collect();
    let over = over(section);
    let page_size = section.or("page_size", 500);
    let referrals = section.choice("referrals", REFERRALS, Referrals::Keep);
    let timing = timing(section);
    let safety = safety(section);
    let (name, servers, people) = (name?, servers?, people?);
    let groups = grouped(section, groups, mapped)?;
    let title = title.unwrap_or_else(|| Arc::from(name.as_str()));
    let settings = Settings {
        provider: name.clone(),
        servers,
        ca: ca.map(|file| folder.join(file)),
        bind_dn: bind_dn.map(|dn| dn.to_string()).unwrap_or_default(),
        secret: Secret::new(password.as_ref().map_or("", |_| "in its file")),
        certificate,
        people,
        groups,
        page_size,
        referrals,
        timing,
        safety,
    };
    check(section, &settings);
    let program = Program {
        name: &name,
        title: &title,
        protocol: scim::LDAP,
        enabled,
    };
    Some(Declared {
        client: program.client()?,
        provider: provider(&settings, title, over, enabled),
        files: DirectoryFiles {
            settings,
            password: password.map(|file| folder.join(file)),
            enabled,
        },
    })
}

/// What servers are shown; its files are read when they are.
fn certificate(section: &mut Section<'_>, folder: &Path) -> Option<Certificate> {
    let chain = section.optional::<PathBuf>("certificate");
    let key = section.optional::<PathBuf>("key");
    if section.has("certificate") && !section.has("key") {
        section.fault("certificate", "needs its `key` beside it");
    }
    if section.has("key") && !section.has("certificate") {
        section.fault("key", "needs its `certificate` beside it");
    }
    Some(Certificate {
        chain: folder.join(chain?),
        key: folder.join(key?),
    })
}

fn servers(section: &mut Section<'_>) -> Option<Vec<Server>> {
    let urls = section.required::<Vec<Arc<str>>>("servers");
    let start_tls = section.or("start_tls", false);
    let mut servers = Vec::new();
    for url in urls? {
        match Server::read(&url, start_tls) {
            Ok(server) => servers.push(server),
            Err(fault) => section.fault("servers", fault.to_string()),
        }
    }
    Some(servers)
}

fn people(section: &mut Section<'_>) -> Option<People> {
    let base = section.required::<Dn>("base");
    let people = People {
        base: base.clone().unwrap_or_default(),
        scope: section.choice("scope", SCOPES, Scope::Subtree),
        filter: section.or("filter", Filter::equal("objectClass", b"inetOrgPerson")),
        unique_id: UniqueIdAttribute::named(&text(section, "unique_id", "entryUUID")),
        name: text(section, "name", "uid"),
        display_name: text(section, "display_name", "cn"),
        email: named(section, "email"),
        member_of: named(section, "member_of"),
        provision: section.choice(
            "provision",
            &[
                ("mapped-groups", Provision::InMappedGroups),
                ("everybody", Provision::Everybody),
                ("nobody", Provision::Nobody),
            ],
            Provision::InMappedGroups,
        ),
        found_by_name: section.choice("found_by", &[("nothing", false), ("name", true)], false),
        disabled: {
            let disabled = section.tables("disabled", disabled);
            disabled.into_iter().flatten().collect()
        },
    };
    base.map(|_| people)
}

fn named(section: &mut Section<'_>, key: &'static str) -> Option<String> {
    section.optional(key).map(|name: Arc<str>| name.to_string())
}

fn text(section: &mut Section<'_>, key: &'static str, usual: &'static str) -> String {
    section.or(key, Arc::<str>::from(usual)).to_string()
}

fn disabled(section: &mut Section<'_>) -> Option<DisabledBy> {
    let attribute = section.required::<Arc<str>>("attribute");
    let bits = section.optional::<u32>("bits");
    let values = section.optional::<Vec<Arc<str>>>("values");
    let attribute = attribute?.to_string();
    match (bits, values) {
        (Some(_), Some(_)) => {
            section.fault("values", "stands beside `bits`: keep one of the two");
            None
        }
        (Some(mask), None) => Some(DisabledBy::Bits { attribute, mask }),
        (None, Some(values)) => Some(DisabledBy::Value {
            attribute,
            values: values.iter().map(ToString::to_string).collect(),
        }),
        (None, None) => Some(DisabledBy::Present { attribute }),
    }
}

/// Groups as the file says them, before it is known whether any is mapped.
struct Found {
    base: Option<Dn>,
    scope: Scope,
    filter: Filter,
    name: String,
    members: Vec<MemberAttribute>,
    nesting: u32,
}

fn groups(section: &mut Section<'_>) -> Found {
    let base = section.optional("base");
    let scope = section.choice("scope", SCOPES, Scope::Subtree);
    let filter = section.or("filter", Filter::equal("objectClass", b"groupOfNames"));
    let name = text(section, "name", "cn");
    let names: Vec<Arc<str>> = section.or("members", vec![Arc::from("member")]);
    let sign_in_names: Vec<Arc<str>> = section.or("member_names", Vec::new());
    let names = names
        .iter()
        .map(|one| MemberAttribute::Names(one.to_string()));
    let sign_in_names = sign_in_names.iter();
    let sign_in_names = sign_in_names.map(|one| MemberAttribute::SignInNames(one.to_string()));
    Found {
        base,
        scope,
        filter,
        name,
        members: names.chain(sign_in_names).collect(),
        nesting: section.or("nesting", 0),
    }
}

/// Where no group is mapped, it does not matter where groups are.
fn grouped(section: &Section<'_>, found: Found, mapped: Vec<MappedGroup>) -> Option<Groups> {
    if found.base.is_none() && !mapped.is_empty() {
        let what = "has no `base`, but groups are mapped: say where groups are";
        section.fault("groups", what);
        return None;
    }
    Some(Groups {
        base: found.base.unwrap_or_default(),
        scope: found.scope,
        filter: found.filter,
        name: found.name,
        members: found.members,
        nesting: usize::try_from(found.nesting).unwrap_or(usize::MAX),
        mapped,
    })
}

fn mapped(section: &mut Section<'_>) -> Option<MappedGroup> {
    let dn = section.optional::<Dn>("dn");
    let name = section.optional::<Arc<str>>("name");
    let here = section.required::<GroupName>("here");
    if here.as_ref().is_some_and(|here| here.as_str() == OWNERS) {
        let what = format!("is `{OWNERS}`: nobody elsewhere makes or changes owners");
        section.fault("here", what);
    }
    let there = match (dn, name) {
        (Some(dn), None) => GroupMatch::Dn(dn),
        (None, Some(name)) => GroupMatch::Name(name),
        (Some(_), Some(_)) => {
            section.fault("name", "stands beside `dn`: keep one of the two");
            return None;
        }
        (None, None) => {
            if !section.has("dn") && !section.has("name") {
                section.fault("dn", "is missing: say which group by `dn` or by `name`");
            }
            return None;
        }
    };
    Some(MappedGroup { there, here: here? })
}

fn over(section: &mut Section<'_>) -> Vec<GroupName> {
    let over: Vec<GroupName> = section.or("over", Vec::new());
    if over.iter().any(|group| group.as_str() == OWNERS) {
        let what = format!("names `{OWNERS}`: nobody elsewhere makes or changes owners");
        section.fault("over", what);
    }
    over
}

fn timing(section: &mut Section<'_>) -> Timing {
    let usual = Timing::default();
    let mut span = |key, usual: Duration| section.or(key, Span(usual)).0;
    Timing {
        interval: span("interval", usual.interval),
        poll: span("poll", usual.poll),
        pause: span("pause", usual.pause),
        answer: span("answer", usual.answer),
        reading: span("reading", usual.reading),
    }
}

fn safety(section: &mut Section<'_>) -> Safety {
    let usual = Safety::default();
    let mut number = |key, usual: usize| {
        let usual = u32::try_from(usual).unwrap_or(u32::MAX);
        usize::try_from(section.or(key, usual)).unwrap_or(usize::MAX)
    };
    Safety {
        loss_percent: {
            let percent = number("loss_percent", usize::from(usual.loss_percent));
            u8::try_from(percent).unwrap_or(u8::MAX)
        },
        loss_always: number("loss_always", usual.loss_always),
        people_min: number("people_min", usual.people_min),
    }
}

/// What only all of it together shows.
fn check(section: &Section<'_>, settings: &Settings) {
    for fault in settings.faults() {
        let key = match &fault {
            SettingsFault::NoServer => "servers",
            SettingsFault::NoSecret(_) | SettingsFault::NoSecretBesideCertificate(_) => "password",
            SettingsFault::NobodysSecret => "bind_dn",
            SettingsFault::Attribute(_) => "people",
            SettingsFault::PageSize(_) => "page_size",
            SettingsFault::Percent(_) => "loss_percent",
            SettingsFault::Nesting(_) | SettingsFault::NoMembers => "groups",
            SettingsFault::Mapped(_) | SettingsFault::NobodyComes | SettingsFault::Twice(_) => {
                "group"
            }
            SettingsFault::NoTime(key) => key,
            SettingsFault::CertificateInTheOpen(_) => "certificate",
        };
        section.fault(key, format!("cannot be meant: {fault}"));
    }
}

fn provider(settings: &Settings, title: Arc<str>, over: Vec<GroupName>, enabled: bool) -> Provider {
    let mapped = settings.groups.mapped.iter();
    let fills: BTreeSet<_> = mapped.map(|mapped| mapped.here.clone()).collect();
    let server = settings.servers.first();
    let server = server.map(ToString::to_string).unwrap_or_default();
    Provider {
        name: settings.provider.clone(),
        title,
        issuer: format!("{server}/{}", settings.people.base).into(),
        protocol: ProviderProtocol::Ldap(DirectorySource {
            fills: fills.into_iter().collect(),
            over,
        }),
        people: ProviderPeople {
            found_by: match settings.people.found_by_name {
                true => FoundBy::Name,
                false => FoundBy::Link,
            },
            ..ProviderPeople::default()
        },
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: !enabled,
        suspended: false,
        version: 0,
    }
}
