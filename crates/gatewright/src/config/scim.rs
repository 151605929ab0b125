//! Sources that push people and groups in by SCIM, as the file declares them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use gw_model::{
    Client, ClientId, ClientName, ClientOwner, Consent, FoundBy, GroupName, Provider, ProviderName,
    ProviderPeople, ProviderProtocol, ScimSource,
};
use gw_provisioning::{OWNERS, PATH, SECRETS_MAX, is_fillable};

use super::reader::Section;

/// The longest name of a source: the names of its groups begin with it.
const NAME_MAX: usize = 40;
/// The protocols of programs that the file registers for what brings people here.
const SCIM: &str = "scim";
pub(super) const LDAP: &str = "ldap";

/// A declared source: what its word is worth, who it is to policy, and what proves that it is it.
pub(super) struct Declared {
    pub(super) provider: Provider,
    pub(super) client: Client,
    pub(super) files: ScimFiles,
}

/// The files with a source's secrets; closed to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScimFiles {
    /// The source.
    pub(crate) name: ProviderName,
    /// One secret each.
    pub(crate) secrets: Vec<PathBuf>,
}

/// Whether a program is one that the file declares to push people in, or is a directory.
pub(super) fn is_declared(client: &Client) -> bool {
    let is_by = |protocol| *client.registration == *registration(protocol);
    [SCIM, LDAP].into_iter().any(is_by)
}

/// How a program is registered that brings people here: by the configuration file.
fn registration(protocol: &str) -> String {
    format!(r#"{{"protocol":"{protocol}"}}"#)
}

/// The declared sources. Their names are not those of providers that people sign in by.
pub(super) fn sources(
    root: &mut Section<'_>,
    folder: &Path,
    providers: &[super::provider::Declared],
) -> Vec<Declared> {
    let names = providers.iter().map(|p| p.provider.name.clone());
    let (mut names, mut filled): (BTreeSet<_>, BTreeSet<_>) = (names.collect(), BTreeSet::new());
    let sources = root.tables("scim", |section| {
        let declared = source(section, folder)?;
        let name = &declared.provider.name;
        if !names.insert(name.clone()) {
            let what = format!("is `{name}`, which another `[[scim]]` or `[[provider]]` has");
            section.fault("name", what);
        }
        let fills = declared.provider.protocol.scim().map(|scim| &scim.fills);
        for group in fills.into_iter().flatten() {
            if !filled.insert(group.clone()) {
                let what = format!("names `{group}`, which another `[[scim]]` fills");
                section.fault("fills", what);
            }
        }
        Some(declared)
    });
    sources.into_iter().flatten().collect()
}

fn source(section: &mut Section<'_>, folder: &Path) -> Option<Declared> {
    let name = section.required::<ProviderName>("name");
    let title = section.optional::<Arc<str>>("title");
    let secrets = section.required::<Vec<PathBuf>>("secrets");
    let enabled = section.or("enabled", true);
    let found_by = section.choice(
        "found_by",
        &[("nothing", FoundBy::Link), ("name", FoundBy::Name)],
        FoundBy::Link,
    );
    let scim = ScimSource {
        fills: section.or("fills", Vec::new()),
        over: section.or("over", Vec::new()),
    };
    check_groups(section, &scim);
    let (name, secrets) = (name?, secrets?);
    if name.as_str().len() > NAME_MAX {
        section.fault("name", format!("is longer than {NAME_MAX} characters"));
    }
    if !(1..=SECRETS_MAX).contains(&secrets.len()) {
        let what = "has not one secret, or an old one and the next one";
        section.fault("secrets", what);
    }
    let title = title.unwrap_or_else(|| Arc::from(name.as_str()));
    let program = Program {
        name: &name,
        title: &title,
        protocol: SCIM,
        enabled,
    };
    Some(Declared {
        client: program.client()?,
        files: ScimFiles {
            secrets: secrets.iter().map(|file| folder.join(file)).collect(),
            name: name.clone(),
        },
        provider: Provider {
            issuer: format!("{PATH}{name}/v2").into(),
            name,
            title,
            protocol: ProviderProtocol::Scim(scim),
            people: ProviderPeople {
                found_by,
                ..ProviderPeople::default()
            },
            memberships: Vec::new(),
            assurance: Default::default(),
            disabled: !enabled,
            suspended: false,
            version: 0,
        },
    })
}

fn check_groups(section: &Section<'_>, scim: &ScimSource) {
    let dotted = |group: &&GroupName| !is_fillable(group) && group.as_str() != OWNERS;
    if let Some(group) = scim.fills.iter().find(dotted) {
        let what = format!(
            "names `{group}`: a group that is filled from elsewhere has no dot in its name"
        );
        section.fault("fills", what);
    }
    for (key, groups) in [("fills", &scim.fills), ("over", &scim.over)] {
        if groups.iter().any(|group| group.as_str() == OWNERS) {
            let what = format!("names `{OWNERS}`: nobody elsewhere makes or changes owners");
            section.fault(key, what);
        }
    }
}

/// Who a source is to policy. Its id is given where it becomes a fact.
pub(super) struct Program<'p> {
    pub(super) name: &'p ProviderName,
    pub(super) title: &'p Arc<str>,
    pub(super) protocol: &'static str,
    pub(super) enabled: bool,
}

impl Program<'_> {
    pub(super) fn client(&self) -> Option<Client> {
        let name: ClientName = self.name.as_str().parse().ok()?;
        Some(Client {
            id: ClientId::from_bits(0),
            name,
            title: self.title.clone(),
            attributes: [("protocol".into(), self.protocol.into())].into(),
            groups: Vec::new(),
            app: None,
            registration: registration(self.protocol).into(),
            tokens_from: Default::default(),
            disabled: !self.enabled,
            suspended: false,
            owner: ClientOwner::Configuration,
            consent: Consent::Never,
            version: 0,
        })
    }
}
