//! Providers of identities, as the file declares them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use gw_model::{
    Assurance, ClaimTests, FoundBy, MembershipRule, Provider, ProviderName, ProviderPeople,
    ProviderProtocol, Words,
};

use super::{NamedFiles, reader::Section, saml, value::Issuer};

/// A declared provider, and the files by which this node speaks with it.
pub(super) struct Declared {
    pub(super) provider: Provider,
    /// One that speaks SAML is only spoken to through browsers.
    pub(super) files: Option<ProviderFiles>,
    /// The file that it is declared by, where it speaks SAML.
    pub(super) metadata: Option<PathBuf>,
}

/// What is kept in files of a provider that speaks OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProviderFiles {
    /// The provider.
    pub(crate) name: ProviderName,
    /// What proves to it who Gatewright is; closed to others.
    pub(crate) client_secret: Option<PathBuf>,
    /// Whether Gatewright shows it who it is by a key of its own.
    pub(crate) by_key: bool,
    /// Who vouches for its servers; those that the system believes where absent.
    pub(crate) ca: Option<PathBuf>,
}

/// The keys that say how one is spoken to by OpenID Connect.
const OIDC_KEYS: [&str; 6] = [
    "issuer",
    "client_id",
    "client_secret",
    "client_key",
    "ca",
    "scopes",
];

/// The declared providers.
pub(super) fn providers(
    root: &mut Section<'_>,
    folder: &Path,
    named: &dyn NamedFiles,
) -> Vec<Declared> {
    let (mut names, mut entities) = (BTreeSet::new(), BTreeSet::new());
    let providers = root.tables("provider", |section| {
        let declared = provider(section, folder, named)?;
        let Provider { name, issuer, .. } = &declared.provider;
        if !names.insert(name.clone()) {
            section.fault("name", format!("is `{name}`, which is there already"));
        }
        if declared.provider.protocol.saml().is_some() && !entities.insert(issuer.clone()) {
            let what = format!("is that of `{issuer}`, which another provider is already");
            section.fault("metadata", what);
        }
        Some(declared)
    });
    providers.into_iter().flatten().collect()
}

/// How a provider is spoken to, as far as it is declared.
struct Spoken {
    issuer: Arc<str>,
    protocol: ProviderProtocol,
    client_secret: Option<PathBuf>,
    by_key: bool,
    ca: Option<PathBuf>,
    metadata: Option<PathBuf>,
}

fn provider(section: &mut Section<'_>, folder: &Path, named: &dyn NamedFiles) -> Option<Declared> {
    let name = section.required::<ProviderName>("name");
    let title = section.optional::<Arc<str>>("title");
    let oidc = oidc(section, folder);
    let saml = saml::declared(section, folder, named);
    let speaks_saml = section.has(saml::KEY);
    let spoken = match saml {
        Some(saml::Declared {
            entity_id,
            file,
            provider,
        }) => Some(Spoken {
            issuer: entity_id,
            protocol: ProviderProtocol::Saml(provider),
            metadata: Some(file),
            client_secret: None,
            by_key: false,
            ca: None,
        }),
        None => oidc,
    };
    let enabled = section.or("enabled", true);
    let people = section.table("people", people);
    let memberships = section.tables("member", membership);
    let assurance = Assurance {
        multi_factor: section.table("multi_factor", words),
        phishing_resistant: section.table("phishing_resistant", words),
    };
    if speaks_saml {
        saml::check(section, &people, &assurance);
    }
    let (name, spoken) = (name?, spoken?);
    Some(Declared {
        metadata: spoken.metadata,
        files: (!speaks_saml).then(|| ProviderFiles {
            name: name.clone(),
            client_secret: spoken.client_secret,
            by_key: spoken.by_key,
            ca: spoken.ca,
        }),
        provider: Provider {
            title: title.unwrap_or_else(|| Arc::from(name.as_str())),
            name,
            issuer: spoken.issuer,
            protocol: spoken.protocol,
            people,
            memberships: memberships.into_iter().flatten().collect(),
            assurance,
            disabled: !enabled,
            suspended: false,
            version: 0,
        },
    })
}

/// By OpenID Connect, where no metadata says otherwise.
fn oidc(section: &mut Section<'_>, folder: &Path) -> Option<Spoken> {
    let issuer = section.optional::<Issuer>("issuer");
    let client_id = section.optional::<Arc<str>>("client_id");
    let client_secret = section.optional::<PathBuf>("client_secret");
    let by_key = section.or("client_key", false);
    if by_key && section.has("client_secret") {
        section.fault(
            "client_key",
            "stands beside `client_secret`: keep one of the two",
        );
    }
    let ca = section.optional::<PathBuf>("ca");
    let scopes = section.or("scopes", vec![Arc::from("profile"), Arc::from("email")]);
    if section.has(saml::KEY) {
        for key in OIDC_KEYS.into_iter().filter(|key| section.has(key)) {
            section.fault(
                key,
                "is about OpenID Connect, and `metadata` says that the provider speaks SAML: keep one of the two",
            );
        }
        return None;
    }
    match (section.has("issuer"), section.has("client_id")) {
        (false, false) => section.fault(
            "issuer",
            "is missing: a provider has `issuer` and `client_id` where it speaks OpenID Connect, or `metadata` where it speaks SAML",
        ),
        (false, true) => section.fault("issuer", "is missing"),
        (true, false) => section.fault("client_id", "is missing"),
        (true, true) => {}
    }
    Some(Spoken {
        issuer: issuer?.0,
        protocol: ProviderProtocol::Oidc {
            client_id: client_id?,
            scopes,
        },
        client_secret: client_secret.map(|file| folder.join(file)),
        by_key,
        ca: ca.map(|file| folder.join(file)),
        metadata: None,
    })
}

fn people(section: &mut Section<'_>) -> ProviderPeople {
    ProviderPeople {
        found_by: section.choice(
            "found_by",
            &[
                ("link", FoundBy::Link),
                ("name", FoundBy::Name),
                ("verified-email", FoundBy::VerifiedEmail),
            ],
            FoundBy::Link,
        ),
        provision: section.or("provision", false),
        name_claim: section.or("name_claim", Arc::from("preferred_username")),
        required: tests(section, "require"),
    }
}

/// A test that nothing can meet is a mistake, and never a way to say "nobody".
fn tests(section: &mut Section<'_>, key: &'static str) -> ClaimTests {
    let tests = section.or::<BTreeMap<Arc<str>, Vec<Arc<str>>>>(key, BTreeMap::new());
    for (claim, _) in tests.iter().filter(|(_, values)| values.is_empty()) {
        section.fault(
            key,
            format!("has no value for `{claim}`: name at least one"),
        );
    }
    ClaimTests(tests)
}

fn membership(section: &mut Section<'_>) -> Option<MembershipRule> {
    let when = tests(section, "when");
    let groups = section.required("groups");
    Some(MembershipRule {
        when,
        groups: groups?,
    })
}

fn words(section: &mut Section<'_>) -> Words {
    Words {
        acr: section.or("acr", Vec::new()),
        amr: section.or("amr", Vec::new()),
    }
}
