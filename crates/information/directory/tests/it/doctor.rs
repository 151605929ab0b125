//! What a doctor is told of a directory.

use gw_directory::{Grade, Report, Secret, UniqueIdAttribute, check};

use crate::{
    house::{mapped, settings},
    openldap::{OpenLdap, group},
};

fn said(report: &Report) -> String {
    report
        .findings
        .iter()
        .map(|one| format!("{:?} {one}\n", one.grade))
        .collect()
}

#[tokio::test]
async fn what_is_fine_is_said_with_numbers() {
    let Some(directory) = OpenLdap::start(300).await else {
        return;
    };
    directory.change(&group("staff", &["p0001", "p0002"])).await;
    directory.change(&group("admins", &["p0001"])).await;
    let mut settings = settings(&[&directory.tls()], false);
    settings.ca = Some(directory.ca());
    let report = check(&settings).await;
    assert_eq!(report.grade(), Grade::Fine, "{}", said(&report));
    let said = said(&report);
    for word in [
        "lets the account in",
        "syncrepl",
        "200 people are on the first page, and there are more",
        "`staff` is `staff`",
        "`admins` is `owners`",
    ] {
        assert!(said.contains(word), "{word} in {said}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_with_what_to_do() {
    let Some(directory) = OpenLdap::start(3).await else {
        return;
    };
    let mut settings = settings(&["ldap://127.0.0.1:1", &directory.plain()], false);
    settings.people.unique_id = UniqueIdAttribute::named("objectGUID");
    settings.people.email = Some("otherMailbox".into());
    settings.groups.mapped = vec![mapped("nowhere", "staff")];
    let report = check(&settings).await;
    assert_eq!(report.grade(), Grade::Wrong);
    let said = said(&report);
    for word in [
        "`ldap://127.0.0.1:1`: ",
        "3 of 3 people have no `objectGUID`",
        "Doubtful 3 of 3 people have no `otherMailbox`",
        "there is no group `nowhere`",
    ] {
        assert!(said.contains(word), "{word} in {said}");
    }
    assert!(
        report
            .findings
            .iter()
            .all(|one| one.grade == Grade::Fine || !one.help.is_empty())
    );
}

#[tokio::test]
async fn a_server_that_is_not_believed_and_an_account_that_is_not_let_in_are_told_apart() {
    let Some(directory) = OpenLdap::start(1).await else {
        return;
    };
    let mut settings = settings(&[&directory.tls()], false);
    settings.ca = Some(directory.ca().with_file_name("other.pem"));
    assert!(said(&check(&settings).await).contains("is not believed"));
    settings.ca = Some(directory.ca());
    settings.secret = Secret::new("wrong");
    assert!(said(&check(&settings).await).contains("wrong name or secret (49)"));
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_told_without_connecting() {
    let mut settings = settings(&[], false);
    settings.page_size = 0;
    settings.people.name = "no name".into();
    settings.secret = Secret::new("");
    let report = check(&settings).await;
    assert_eq!(report.findings.len(), 4, "{}", said(&report));
}
