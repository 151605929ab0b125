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
