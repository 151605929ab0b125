//! Directories that people are read of: what the file says of them, and what it becomes.

use std::path::Path;

use gw_directory::{DisabledBy, GroupMatch, Provision, Referrals, Scope, UniqueIdForm};
use gw_model::{Epoch, FoundBy, Snapshot};

use super::{SMALL, checked, faults};
use crate::config::{Config, facts, files};

const BASE: &str = "servers = [\"ldaps://ldap.lab.test\"]\nbind_dn = \"uid=sync,dc=lab\"\npassword = \"lab.password\"\n";
const PEOPLE: &str = "[directory.people]\nbase = \"ou=people,dc=lab\"\nprovision = \"everybody\"\n";

const SHOWN: &str = "certificate = \"lab.pem\"\nkey = \"lab.key\"\n";

fn with(keys: &str) -> String {
    format!("{SMALL}\n[[directory]]\nname = \"lab\"\n{keys}\n")
}

fn good(more: &str) -> Config {
    checked(&with(&format!("{BASE}{PEOPLE}{more}"))).unwrap()
}

fn applied(config: &Config, to: &Snapshot) -> Snapshot {
    let changes = facts::difference(&config.wanted, to);
    to.apply(Epoch::default(), &changes).unwrap()
}

#[test]
fn a_directory_is_a_provider_that_nobody_signs_in_by_and_a_program() {
    let config = good(
        "found_by = \"name\"\nscope = \"one-level\"\nunique_id = \"objectGUID\"\n\
         [[directory.people.disabled]]\nattribute = \"userAccountControl\"\nbits = 2\n\
         [directory.groups]\nbase = \"ou=groups,dc=lab\"\nmember_names = [\"memberUid\"]\nnesting = 4\n\
         [[directory.group]]\nname = \"Staff\"\nhere = \"staff\"\n\
         [[directory.group]]\ndn = \"cn=All,ou=groups,dc=lab\"\nhere = \"staff\"\n",
    );
    let files = config.directories.first().unwrap();
    let settings = &files.settings;
    let password = files.password.as_deref();
    assert_eq!(password, Some(Path::new("/etc/gatewright/lab.password")));
    assert_eq!(settings.people.scope, Scope::OneLevel);
    assert_eq!(settings.referrals, Referrals::Keep);
    let ignoring = checked(&with(&format!("{BASE}referrals = \"ignore\"\n{PEOPLE}"))).unwrap();
    let ignoring = &ignoring.directories[0].settings;
    assert_eq!(ignoring.referrals, Referrals::Ignore);
    assert_eq!(settings.people.unique_id.form, UniqueIdForm::Guid);
    assert_eq!(settings.people.provision, Provision::Everybody);
    assert_eq!(settings.people.disabled, [DisabledBy::account_control()]);
    assert_eq!(settings.groups.members.len(), 2);
    let mapped = &settings.groups.mapped;
    assert!(matches!(mapped[0].there, GroupMatch::Name(_)));
    assert!(matches!(mapped[1].there, GroupMatch::Dn(_)));
    let facts = applied(&config, &Snapshot::empty(Epoch::default()));
    let provider = facts.provider(&"lab".parse().unwrap()).unwrap();
    assert_eq!(
        &*provider.issuer,
        "ldaps://ldap.lab.test:636/ou=people,dc=lab"
    );
    assert_eq!(provider.people.found_by, FoundBy::Name);
    assert!(!provider.protocol.signs_in());
    assert_eq!(provider.protocol.directory().unwrap().fills.len(), 1);
    let client = facts.client_named(&"lab".parse().unwrap()).unwrap();
    assert_eq!(&*client.attributes["protocol"], "ldap");
    assert!(facts::difference(&config.wanted, &facts).is_empty());
}

#[test]
fn one_that_the_file_does_not_name_any_more_is_off() {
    let facts = applied(&good(""), &Snapshot::empty(Epoch::default()));
    let name = "lab".parse().unwrap();
    let before = facts.client_named(&name).unwrap().id;
    let facts = applied(&checked(SMALL).unwrap(), &facts);
    assert!(facts.client_named(&name).unwrap().disabled);
    assert!(facts.provider(&"lab".parse().unwrap()).unwrap().is_off());
    let facts = applied(&good(""), &facts);
    let client = facts.client_named(&name).unwrap();
    assert_eq!((client.id, client.disabled), (before, false));
}

#[test]
fn one_without_tls_is_refused_but_on_this_machine() {
    for (servers, why) in [
        (
            "servers = [\"ldap://ldap.lab.test\"]",
            "would be spoken to without TLS",
        ),
        (
            "servers = [\"https://ldap.lab.test\"]",
            "begins with neither `ldaps://` nor `ldap://`",
        ),
        (
            "servers = []",
            "directory[0].servers: cannot be meant: no server is named",
        ),
    ] {
        let told = faults(&with(&format!("{servers}\n{PEOPLE}")));
        assert!(told.contains(why), "{told}");
    }
    for servers in [
        "servers = [\"ldap://127.0.0.1:3389\"]",
        "servers = [\"ldap://ldap.lab.test\"]\nstart_tls = true",
    ] {
        checked(&with(&format!("{servers}\n{PEOPLE}"))).unwrap();
    }
}

#[test]
fn a_certificate_stands_beside_an_account_or_in_its_place() {
    for account in [BASE, "servers = [\"ldaps://ldap.lab.test\"]\n"] {
        let config = checked(&with(&format!("{account}{SHOWN}{PEOPLE}"))).unwrap();
        let shown = config.directories[0].settings.certificate.clone().unwrap();
        assert_eq!(shown.chain, Path::new("/etc/gatewright/lab.pem"));
        assert_eq!(shown.key, Path::new("/etc/gatewright/lab.key"));
    }
}

#[test]
fn files_that_are_shown_and_cannot_be_read_are_told() {
    let config = checked(&with(&format!(
        "servers = [\"ldaps://ldap.lab.test\"]\n{SHOWN}{PEOPLE}"
    )))
    .unwrap();
    let told = files::directories(&config).unwrap_err().join("\n");
    assert!(
        told.contains("directory lab: certificate: cannot read the certificate"),
        "{told}"
    );
}

#[test]
fn what_makes_no_sense_is_refused_with_its_key() {
    let groups = "[directory.groups]\nbase = \"ou=groups,dc=lab\"\n[[directory.group]]\n";
    for (keys, why) in [
        (String::new(), "directory[0].servers: is missing"),
        (BASE.to_owned(), "directory[0].people.base: is missing"),
        (
            format!("{BASE}[directory.people]\nbase = \"nonsense\""),
            "directory[0].people.base: ",
        ),
        (
            format!("{BASE}[directory.people]\nbase = \"dc=lab\"\nfilter = \"(uid=\""),
            "directory[0].people.filter: ",
        ),
        (
            format!("{BASE}[directory.people]\nbase = \"dc=lab\""),
            "directory[0].group: cannot be meant: who is in a mapped group",
        ),
        (
            format!("servers = [\"ldaps://a\"]\nbind_dn = \"cn=a\"\n{PEOPLE}"),
            "directory[0].password: cannot be meant: `cn=a` has no secret",
        ),
        (
            format!("{BASE}certificate = \"lab.pem\"\n{PEOPLE}"),
            "directory[0].certificate: needs its `key` beside it",
        ),
        (
            format!("{BASE}key = \"lab.key\"\n{PEOPLE}"),
            "directory[0].key: needs its `certificate` beside it",
        ),
        (
            format!("servers = [\"ldaps://a\"]\nbind_dn = \"cn=a\"\n{SHOWN}{PEOPLE}"),
            "directory[0].password: cannot be meant: `cn=a` has no secret: give it one, or leave it out",
        ),
        (
            format!("servers = [\"ldaps://a\"]\npassword = \"a\"\n{SHOWN}{PEOPLE}"),
            "directory[0].bind_dn: cannot be meant: there is a secret",
        ),
        (
            format!("servers = [\"ldap://127.0.0.1\"]\n{SHOWN}{PEOPLE}"),
            "directory[0].certificate: cannot be meant: `ldap://127.0.0.1:389` is spoken to without TLS",
        ),
        (
            format!("{BASE}referrals = \"follow\"\n{PEOPLE}"),
            "directory[0].referrals: ",
        ),
        (
            format!("{BASE}loss_percent = 101\n{PEOPLE}"),
            "directory[0].loss_percent: cannot be meant",
        ),
        (
            format!("{BASE}over = [\"owners\"]\n{PEOPLE}"),
            "directory[0].over: names `owners`",
        ),
        (
            format!("{BASE}{PEOPLE}{groups}name = \"admins\"\nhere = \"owners\""),
            "directory[0].group[0].here: is `owners`: nobody elsewhere makes or changes owners",
        ),
        (
            format!("{BASE}{PEOPLE}{groups}name = \"a\"\ndn = \"cn=a\"\nhere = \"staff\""),
            "directory[0].group[0].name: stands beside `dn`",
        ),
        (
            format!("{BASE}{PEOPLE}{groups}here = \"staff\""),
            "directory[0].group[0].dn: is missing",
        ),
        (
            format!("{BASE}{PEOPLE}[[directory.group]]\nname = \"a\"\nhere = \"staff\""),
            "directory[0].groups: has no `base`",
        ),
        (
            format!("{BASE}{PEOPLE}[[scim]]\nname = \"lab\"\nsecrets = [\"a\"]"),
            "directory[0].name: is `lab`, which another",
        ),
    ] {
        let told = faults(&with(&keys));
        assert!(told.contains(why), "{why}: {told}");
    }
}
