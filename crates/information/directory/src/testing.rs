//! What the tests of several modules share.

use gw_model::{Epoch, Group, GroupName, Provider, ProviderProtocol, Snapshot, User, UserId};

use crate::{
    message::Attribute,
    settings::{
        GroupMatch, Groups, MappedGroup, MemberAttribute, People, Provision, Referrals, Safety,
        Settings, Timing, UniqueIdAttribute,
    },
    {Scope, Secret},
};

/// Attributes with text; those of one name have several values.
pub(crate) fn text_attributes(all: &[(&str, &str)]) -> Vec<Attribute> {
    let mut attributes: Vec<Attribute> = Vec::new();
    for (name, value) in all {
        let value = value.as_bytes().to_vec();
        match attributes.iter_mut().find(|a| a.name == *name) {
            Some(attribute) => attribute.values.push(value),
            None => attributes.push(Attribute {
                name: (*name).to_owned(),
                values: vec![value],
            }),
        }
    }
    attributes
}

pub(crate) fn people() -> People {
    People {
        base: "ou=people,dc=lab".parse().unwrap(),
        scope: Scope::Subtree,
        filter: "(objectClass=inetOrgPerson)".parse().unwrap(),
        unique_id: UniqueIdAttribute::named("entryUUID"),
        name: "uid".into(),
        display_name: "cn".into(),
        email: Some("mail".into()),
        disabled: Vec::new(),
        member_of: None,
        provision: Provision::Everybody,
        found_by_name: true,
    }
}

pub(crate) fn groups() -> Groups {
    Groups {
        base: "ou=groups,dc=lab".parse().unwrap(),
        scope: Scope::Subtree,
        filter: "(cn=*)".parse().unwrap(),
        name: "cn".into(),
        members: vec![
            MemberAttribute::Names("member".into()),
            MemberAttribute::Names("uniqueMember".into()),
            MemberAttribute::SignInNames("memberUid".into()),
        ],
        nesting: 8,
        mapped: vec![mapped("staff", "staff"), mapped("admins", "owners")],
    }
}

pub(crate) fn mapped(there: &str, here: &str) -> MappedGroup {
    MappedGroup {
        there: GroupMatch::Name(there.into()),
        here: here.parse().unwrap(),
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        provider: "lab".parse().unwrap(),
        servers: Vec::new(),
        ca: None,
        bind_dn: String::new(),
        secret: Secret::new(""),
        certificate: None,
        people: people(),
        groups: groups(),
        page_size: 500,
        referrals: Referrals::default(),
        timing: Timing::default(),
        safety: Safety::default(),
    }
}

pub(crate) fn user(id: u64, name: &str) -> User {
    User {
        id: UserId::from_bits(id),
        name: name.into(),
        display_name: name.into(),
        email: None,
        attributes: Default::default(),
        groups: Vec::new(),
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    }
}

fn provider(name: &str) -> Provider {
    Provider {
        name: name.parse().unwrap(),
        title: name.into(),
        issuer: "ldaps://dc.lab.test".into(),
        protocol: ProviderProtocol::Ldap(gw_model::DirectorySource::default()),
        people: Default::default(),
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: false,
        suspended: false,
        version: 0,
    }
}

/// Facts with the groups `staff` and `owners`, two providers, and these people.
pub(crate) fn facts(users: Vec<User>) -> Snapshot {
    use gw_model::Change;
    let group = |name: &str| {
        Change::GroupPut(
            Group {
                name: name.parse::<GroupName>().unwrap(),
                title: name.into(),
                parents: Vec::new(),
                identities: Vec::new(),
                version: 0,
            }
            .into(),
        )
    };
    let mut changes = vec![group("staff"), group("owners")];
    changes.extend(["lab", "corp"].map(|name| Change::ProviderPut(provider(name).into())));
    changes.extend(users.into_iter().map(|user| Change::UserPut(user.into())));
    Snapshot::default()
        .apply(Epoch::default(), &changes)
        .unwrap()
}
