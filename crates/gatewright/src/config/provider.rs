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

use super::{reader::Section, value::Issuer};

/// A declared provider, and the files by which this node speaks with it.
pub(super) struct Declared {
    pub(super) provider: Provider,
    pub(super) files: ProviderFiles,
}

/// What is kept in files of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProviderFiles {
    /// The provider.
    pub(crate) name: ProviderName,
    /// What proves to it who Gatewright is; closed to others.
    pub(crate) client_secret: Option<PathBuf>,
    /// Who vouches for its servers; those that the system believes where absent.
    pub(crate) ca: Option<PathBuf>,
}

/// The declared providers.
pub(super) fn providers(root: &mut Section<'_>, folder: &Path) -> Vec<Declared> {
    let mut names = BTreeSet::new();
    let providers = root.tables("provider", |section| {
        let declared = provider(section, folder)?;
        let name = &declared.provider.name;
        if !names.insert(name.clone()) {
            section.fault("name", format!("is `{name}`, which is there already"));
        }
        Some(declared)
    });
    providers.into_iter().flatten().collect()
}

fn provider(section: &mut Section<'_>, folder: &Path) -> Option<Declared> {
    let name = section.required::<ProviderName>("name");
    let title = section.optional::<Arc<str>>("title");
    let issuer = section.required::<Issuer>("issuer");
    let client_id = section.required::<Arc<str>>("client_id");
    let client_secret = section.optional::<PathBuf>("client_secret");
    let ca = section.optional::<PathBuf>("ca");
    let scopes = section.or("scopes", vec![Arc::from("profile"), Arc::from("email")]);
    let enabled = section.or("enabled", true);
    let people = section.table("people", people);
    let memberships = section.tables("member", membership);
    let assurance = Assurance {
        multi_factor: section.table("multi_factor", words),
        phishing_resistant: section.table("phishing_resistant", words),
    };
    let name = name?;
    Some(Declared {
        files: ProviderFiles {
            name: name.clone(),
            client_secret: client_secret.map(|file| folder.join(file)),
            ca: ca.map(|file| folder.join(file)),
        },
        provider: Provider {
            title: title.unwrap_or_else(|| Arc::from(name.as_str())),
            name,
            issuer: issuer?.0,
            protocol: ProviderProtocol::Oidc {
                client_id: client_id?,
                scopes,
            },
            people,
            memberships: memberships.into_iter().flatten().collect(),
            assurance,
            disabled: !enabled,
            suspended: false,
            version: 0,
        },
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
