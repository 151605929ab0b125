//! A real directory read whole.

use std::collections::BTreeSet;

use gw_directory::{DirectoryFault, Secret, Server, read_once};

use crate::{
    house::settings,
    openldap::{OpenLdap, group},
};

#[tokio::test]
async fn twelve_hundred_people_are_read_page_by_page_over_tls() {
    let Some(directory) = OpenLdap::start(1200).await else {
        return;
    };
    directory
        .change(&group(
            "staff",
            &["p0001", "p0002", "uid=gone,dc=lab,dc=test"],
        ))
        .await;
    let mut settings = settings(&[&directory.tls()], false);
    settings.ca = Some(directory.ca());
    let reading = read_once(&settings, &BTreeSet::new()).await.unwrap();
    assert_eq!(reading.people.len(), 1200, "the server gives 500 at once");
    let one = reading
        .people
        .iter()
        .find(|one| one.name.as_deref() == Ok("p0001"))
        .unwrap();
    assert_eq!(one.email.as_deref(), Some("p0001@lab.test"));
    assert_eq!(one.display_name.as_deref(), Some("p0001 of the lab"));
    assert_eq!(reading.groups[0].members.len(), 3);
    assert!(reading.unusable.is_empty());
}

#[tokio::test]
async fn who_is_believed_is_the_authority_s_server_and_nobody_else() {
    let Some(directory) = OpenLdap::start(3).await else {
        return;
    };
    for (url, start_tls) in [(directory.tls(), false), (directory.plain(), true)] {
        let mut settings = settings(&[&url], start_tls);
        settings.ca = Some(directory.ca());
        let read = read_once(&settings, &BTreeSet::new()).await;
        assert_eq!(read.unwrap().people.len(), 3, "{url}");

        settings.ca = Some(directory.ca().with_file_name("other.pem"));
        let fault = read_once(&settings, &BTreeSet::new()).await.unwrap_err();
        assert!(fault.to_string().contains("is not believed"), "{fault}");
        assert!(fault.help().contains("`ca`"), "{}", fault.help());
    }
}

#[tokio::test]
async fn tls_spoken_to_a_plain_port_is_a_fault() {
    let Some(directory) = OpenLdap::start(1).await else {
        return;
    };
    let mut settings = settings(&[&format!("ldaps://127.0.0.1:{}", directory.port)], false);
    settings.ca = Some(directory.ca());
    assert!(read_once(&settings, &BTreeSet::new()).await.is_err());
}

#[tokio::test]
async fn a_wrong_secret_is_told_without_showing_it() {
    let Some(directory) = OpenLdap::start(1).await else {
        return;
    };
    let mut settings = settings(&[&directory.plain()], false);
    settings.secret = Secret::new("not-the-secret");
    let fault = read_once(&settings, &BTreeSet::new()).await.unwrap_err();
    assert!(
        matches!(fault, DirectoryFault::NotLetIn { is_wrong: true, .. }),
        "{fault}"
    );
    assert!(!format!("{fault} {fault:?} {settings:?}").contains("not-the-secret"));
}

#[tokio::test]
async fn nobody_is_told_apart_from_everybody_where_reading_is_not_allowed() {
    let Some(directory) = OpenLdap::start(3).await else {
        return;
    };
    let mut settings = settings(&[&directory.plain()], false);
    settings.bind_dn = String::new();
    settings.secret = Secret::new("");
    assert!(read_once(&settings, &BTreeSet::new()).await.is_err());
    settings.bind_dn = "uid=sync,dc=lab,dc=test".into();
    let fault = read_once(&settings, &BTreeSet::new()).await.unwrap_err();
    assert!(
        matches!(fault, DirectoryFault::Settings(_)),
        "an empty secret is never sent: {fault}"
    );
}

#[tokio::test]
async fn a_base_that_is_not_there_is_a_fault_and_not_an_empty_directory() {
    let Some(directory) = OpenLdap::start(3).await else {
        return;
    };
    let mut settings = settings(&[&directory.plain()], false);
    settings.people.base = "ou=nowhere,dc=lab,dc=test".parse().unwrap();
    let fault = read_once(&settings, &BTreeSet::new()).await.unwrap_err();
    assert!(
        matches!(fault, DirectoryFault::Refused { code: 32, .. }),
        "{fault}"
    );
}

#[tokio::test]
async fn the_next_server_is_asked_where_the_first_does_not_answer() {
    let Some(directory) = OpenLdap::start(3).await else {
        return;
    };
    let mut settings = settings(&[&directory.plain()], false);
    settings
        .servers
        .insert(0, Server::read("ldap://127.0.0.1:1", false).unwrap());
    let read = read_once(&settings, &BTreeSet::new()).await;
    assert_eq!(read.unwrap().people.len(), 3);
}

#[tokio::test]
async fn names_with_everything_in_them_are_found_in_groups() {
    let Some(directory) = OpenLdap::start(0).await else {
        return;
    };
    let dn = r"cn=Doe\, Jane \+ \22Co\22 \#1\3D,ou=people,dc=lab,dc=test";
    let entry = format!(
        "dn: {dn}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: jane\ncn: Doe, Jane + \"Co\" #1=\nsn: Doe\n\n"
    );
    directory.change(&entry).await;
    directory.change(&group("staff", &[dn])).await;
    let settings = settings(&[&directory.plain()], false);
    let reading = read_once(&settings, &BTreeSet::new()).await.unwrap();
    let gw_directory::Member::Dn(member) = &reading.groups[0].members[0] else {
        panic!("a member by name");
    };
    assert_eq!(*member, reading.people[0].dn);
}
