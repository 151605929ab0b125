//! What the declared state holds, and what becomes of changes by hand.

use std::sync::{Mutex, PoisonError};

use super::*;

const PEOPLE: &str = "version = 1\n[[group]]\nname = \"staff\"\n[[group]]\nname = \"guests\"\n[[user]]\nname = \"ana\"\ngroups = [\"staff\"]\n";

async fn declared() -> Running {
    let tested = running(WIKI).await;
    let files = vec![file("people.toml", PEOPLE), file("a.cedar", WIKI)];
    let asked = ApplyDeclared {
        files,
        prune: false,
        over: None,
    };
    let applied = tested
        .client
        .send(Method::POST, "/v1/declared/apply", &asked);
    let _: DeclaredApplied = applied.await.unwrap();
    tested
}

#[tokio::test]
async fn listings_say_what_the_declared_state_holds() {
    let tested = declared().await;
    let user: UserDocument = tested
        .client
        .call(Method::GET, "/v1/users/ana")
        .await
        .unwrap();
    assert_eq!(user.user.managed_by, ManagedBy::Declared);
    let users = tested.client.list::<UserView>("/v1/users").await.unwrap();
    let by: Vec<_> = users
        .items
        .iter()
        .map(|u| (&*u.name, u.managed_by))
        .collect();
    assert_eq!(
        by,
        [
            ("ana", ManagedBy::Declared),
            ("olga", ManagedBy::Administration)
        ]
    );
    let groups = tested.client.list::<GroupView>("/v1/groups").await.unwrap();
    let by: Vec<_> = groups
        .items
        .iter()
        .map(|g| (g.name.as_str(), g.managed_by))
        .collect();
    assert_eq!(
        by,
        [
            ("guests", ManagedBy::Declared),
            ("owners", ManagedBy::Configuration),
            ("staff", ManagedBy::Declared),
        ]
    );
}

static WARNED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn warned(what: &str) {
    let mut all = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    all.push(what.to_owned());
}

#[tokio::test]
async fn whoever_changes_what_is_declared_is_told_that_it_does_not_last() {
    let tested = declared().await;
    let client = tested.client.clone().warning(warned);
    let change = |name: &str| {
        let path = format!("/v1/users/{name}");
        let client = client.clone();
        async move {
            let asked = ChangeUser {
                display_name: Some("Other".into()),
                ..ChangeUser::default()
            };
            let shown: UserDocument = client.send(Method::PATCH, &path, &asked).await.unwrap();
            assert_eq!(&*shown.user.display_name, "Other");
            std::mem::take(&mut *WARNED.lock().unwrap_or_else(PoisonError::into_inner))
        }
    };
    assert_eq!(
        change("ana").await,
        ["the declared state holds the person `ana`: the next `gatewright apply` undoes this"]
    );
    assert!(change("olga").await.is_empty());
}

#[tokio::test]
async fn drift_says_when_and_by_whom() {
    let tested = declared().await;
    let (client, drift) = (&tested.client, "/v1/declared/drift");
    let none: Drift = client.call(Method::GET, drift).await.unwrap();
    assert!(none.changes.is_empty());
    let own = own_uid().to_string();
    assert!(none.by.is_some_and(|by| by.contains(&own)));
    let _: Done = client
        .call(Method::POST, "/v1/users/ana/disable")
        .await
        .unwrap();
    let removed: Done = client
        .call(Method::DELETE, "/v1/groups/guests")
        .await
        .unwrap();
    let found: Drift = client.call(Method::GET, drift).await.unwrap();
    let names: Vec<_> = found
        .changes
        .iter()
        .map(|one| (one.change.action, &*one.change.kind, &*one.change.name))
        .collect();
    assert_eq!(
        names,
        [
            (ChangeWord::Add, "group", "guests"),
            (ChangeWord::Change, "user", "ana"),
        ]
    );
    for one in &found.changes {
        let last = one.last.as_ref().unwrap();
        assert!(last.by.contains(&own), "{last:?}");
    }
    let last = found.changes[0].last.as_ref().unwrap();
    assert_eq!(last.epoch, removed.epoch);
}

#[tokio::test]
async fn who_and_what_a_source_or_a_directory_brought_is_not_pruned() {
    let tested = declared().await;
    let source = Provider {
        name: "okta".parse().unwrap(),
        title: "okta".into(),
        issuer: "/scim/okta/v2".into(),
        protocol: ProviderProtocol::Scim(gw_model::ScimSource::default()),
        people: Default::default(),
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: false,
        suspended: false,
        version: 0,
    };
    let made = ExternalIdentity {
        pushed: Some(Arc::new(gw_model::Pushed {
            made: true,
            created: Timestamp::from_secs(1),
            modified: Timestamp::from_secs(1),
            told: "{}".into(),
        })),
        ..ExternalIdentity::of("okta".parse().unwrap(), "1".into())
    };
    let finance = gw_model::Group {
        name: "okta-finance".parse().unwrap(),
        title: "".into(),
        parents: Vec::new(),
        identities: vec![made.clone()],
        version: 0,
    };
    let mut cy = user(7, "cy", &[]);
    cy.identities.push(made);
    let lab = Provider {
        name: "lab".parse().unwrap(),
        issuer: "ldaps://lab.test:636/dc=lab".into(),
        protocol: ProviderProtocol::Ldap(gw_model::DirectorySource::default()),
        ..source.clone()
    };
    let mut eva = user(9, "eva", &[]);
    let of_lab = ExternalIdentity::of("lab".parse().unwrap(), "2".into());
    eva.identities.push(of_lab);
    let changes = vec![
        Change::ProviderPut(Arc::new(source)),
        Change::ProviderPut(Arc::new(lab)),
        Change::UserPut(Arc::new(eva)),
        Change::GroupPut(Arc::new(finance)),
        Change::UserPut(Arc::new(cy)),
        Change::UserPut(Arc::new(user(8, "di", &[]))),
    ];
    tested.test.change(changes).await;
    let asked = ApplyDeclared {
        files: vec![
            file(
                "people.toml",
                &format!("{PEOPLE}[[user]]\nname = \"olga\"\ngroups = [\"owners\"]\n"),
            ),
            file("a.cedar", WIKI),
        ],
        prune: true,
        over: None,
    };
    let applied = tested
        .client
        .send(Method::POST, "/v1/declared/apply", &asked);
    let _: DeclaredApplied = applied.await.unwrap();
    let facts = &tested.test.engine.view().facts;
    assert!(facts.user_named("cy").is_some() && facts.user_named("di").is_none());
    assert!(facts.user_named("eva").is_some());
    assert!(facts.group(&"okta-finance".parse().unwrap()).is_some());
}

#[tokio::test]
async fn an_address_that_an_administrator_enters_is_verified() {
    let tested = running(WIKI).await;
    let new = AddUser {
        name: "cy".into(),
        display_name: None,
        email: Some("cy@example.org".into()),
        groups: Vec::new(),
    };
    let client = &tested.client;
    let added: UserView = client.send(Method::POST, "/v1/users", &new).await.unwrap();
    assert!(added.email_verified);
    // As a source that pushes people in would write it.
    let cy = tested.test.engine.view().facts.user(added.id).cloned();
    let mut cy = User::clone(&cy.unwrap());
    cy.email = Some("other@example.org".into());
    tested.test.change(vec![Change::UserPut(cy.into())]).await;
    let shown: UserDocument = client.call(Method::GET, "/v1/users/cy").await.unwrap();
    assert!(!shown.user.email_verified);
    let same = ChangeUser {
        email: Some(Some("other@example.org".into())),
        ..ChangeUser::default()
    };
    let path = "/v1/users/cy";
    let confirmed: UserDocument = client.send(Method::PATCH, path, &same).await.unwrap();
    assert!(confirmed.user.email_verified);
}
