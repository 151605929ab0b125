//! A server that is an Active Directory in what matters here: binary ids, members in ranges, and a
//! count of changes that is asked for.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use gw_directory::{DisabledBy, Following, Provision, Settings, UniqueIdAttribute, read_once};

use crate::{
    fake::{Asked, Fake, Reply},
    house::{House, groups, is_on, settings, until},
};

const PEOPLE: &str = "ou=people,dc=lab,dc=test";
const GROUPS: &str = "ou=groups,dc=lab,dc=test";
const DOMAIN: &str = "dc=lab,dc=test";
const RANGE: usize = 1500;

/// What is in the directory.
#[derive(Default)]
struct Content {
    count: u64,
    /// The last change that was one of a person or group.
    changed: u64,
    people: Vec<(u8, &'static str, &'static str)>,
    members: Vec<String>,
}

type Shared = Arc<Mutex<Content>>;

fn change(content: &Shared, change: impl FnOnce(&mut Content)) {
    let mut content = content.lock().unwrap();
    content.count += 1;
    content.changed = content.count;
    change(&mut content);
}

async fn serve(content: Shared) -> Fake {
    Fake::serve(move |asked| {
        let content = content.lock().unwrap();
        Reply::Bytes(match asked {
            _ if asked.is_bind() => asked.done(0, ""),
            _ if asked.searches("") => root(asked, content.count),
            _ if asked.searches(DOMAIN) => changed(asked, &content),
            _ if asked.searches(PEOPLE) => people(asked, &content),
            _ if asked.searches(GROUPS) => group(asked, &content, 0),
            _ => group(asked, &content, from(asked)),
        })
    })
    .await
}

fn root(asked: &Asked, count: u64) -> Vec<u8> {
    let entry = asked.entry(
        "",
        &[
            ("supportedControl", "1.2.840.113556.1.4.319"),
            ("supportedCapabilities", "1.2.840.113556.1.4.800"),
            ("defaultNamingContext", DOMAIN),
            ("highestCommittedUSN", &count.to_string()),
        ],
    );
    [entry, asked.done(0, "")].concat()
}

/// Who may not see what was deleted is refused the control, as by Active Directory.
fn changed(asked: &Asked, content: &Content) -> Vec<u8> {
    if asked.mentions("1.2.840.113556.1.4.417") {
        return asked.done(12, "");
    }
    match content.changed >= asked.number_after("uSNChanged") {
        true => [asked.entry("cn=x,dc=lab,dc=test", &[]), asked.done(4, "")].concat(),
        false => asked.done(0, ""),
    }
}

fn people(asked: &Asked, content: &Content) -> Vec<u8> {
    let one = |(id, name, control): &(u8, &str, &str)| {
        let guid = [*id, 0xff, 0, 0x28, 0x2a, 0, 0, 0x5c, 9, 8, 7, 6, 5, 4, 3, 2];
        asked.entry_of_bytes(
            &format!("CN={name},OU=People,DC=lab,DC=test"),
            &[
                ("objectGUID", &guid),
                ("sAMAccountName", name.as_bytes()),
                ("displayName", name.as_bytes()),
                ("userAccountControl", control.as_bytes()),
            ],
        )
    };
    // Each of them is asked for by bytes that are no text.
    let is_asked_for = |(id, ..): &&(u8, &str, &str)| asked.cookie().is_some() || *id == 0;
    let all: Vec<u8> = content
        .people
        .iter()
        .filter(is_asked_for)
        .flat_map(one)
        .collect();
    match asked.cookie() {
        Some(_) => [all, asked.page_done(b"")].concat(),
        None => [all, asked.done(0, "")].concat(),
    }
}

/// So many members at once, beside an attribute without any.
fn group(asked: &Asked, content: &Content, from: usize) -> Vec<u8> {
    let rest = &content.members[from.min(content.members.len())..];
    let (name, some) = match rest.len() > RANGE {
        true => (
            format!("member;range={from}-{}", from + RANGE - 1),
            &rest[..RANGE],
        ),
        false if from == 0 => ("member".to_owned(), rest),
        false => (format!("member;range={from}-*"), rest),
    };
    let mut attributes: Vec<(&str, &[u8])> = vec![("cn", b"staff")];
    attributes.extend(some.iter().map(|member| (&*name, member.as_bytes())));
    let entry = asked.entry_of_bytes("CN=Staff,OU=Groups,DC=lab,DC=test", &attributes);
    [entry, asked.page_done(b"")].concat()
}

fn from(asked: &Asked) -> usize {
    let starts = (0..20).map(|n| n * RANGE);
    let mut starts = starts.filter(|start| asked.mentions(&format!("member;range={start}-*")));
    starts.next().unwrap()
}

fn of(fake: &Fake) -> Settings {
    let mut settings = settings(&[&fake.url()], false);
    settings.people.unique_id = UniqueIdAttribute::named("objectGUID");
    settings.people.name = "sAMAccountName".into();
    settings.people.display_name = "displayName".into();
    settings.people.disabled = vec![DisabledBy::account_control()];
    settings.people.provision = Provision::InMappedGroups;
    settings
}

fn member(name: &str) -> String {
    format!("CN={name},OU=People,DC=lab,DC=test")
}

#[tokio::test]
async fn members_that_come_in_ranges_are_read_to_the_last() {
    let content = Shared::default();
    content.lock().unwrap().members = (0..4000).map(|n| member(&format!("p{n}"))).collect();
    content.lock().unwrap().people = vec![(1, "Ana", "512")];
    let fake = serve(content).await;
    let reading = read_once(&of(&fake), &BTreeSet::new()).await.unwrap();
    assert_eq!(reading.groups[0].members.len(), 4000);
}

#[tokio::test]
async fn changes_are_asked_for_and_followed() {
    let content = Shared::default();
    change(&content, |content| {
        content.count = 10_000;
        content.changed = 10_000;
        content.people = vec![
            (1, "Ana", "512"),
            (2, "Bo", "512"),
            (3, "Cy", "514"),
            (4, "Dee", "512"),
        ];
        content.members = ["Ana", "Bo", "Cy"].map(member).to_vec();
    });
    let fake = serve(content.clone()).await;
    let house = House::of(&of(&fake));
    let (handle, _running) = house.follow();
    house
        .until("who is in the group came", |facts| {
            facts.users().count() == 2
        })
        .await;
    let ana = house.facts().user_named("ana").unwrap().clone();
    assert_eq!(
        &*ana.identities[0].subject,
        "2800ff01-002a-5c00-0908-070605040302"
    );
    until(&handle, "asked", |status| {
        status.following == Following::Asked
    })
    .await;

    change(&content, |content| content.people[0].2 = "514");
    house
        .until("ana is switched off", |facts| !is_on(facts, "ana"))
        .await;
    change(&content, |content| content.people[0].2 = "66048");
    house
        .until("and on again", |facts| is_on(facts, "ana"))
        .await;
    change(&content, |content| content.members.truncate(1));
    house
        .until("bo is out", |facts| groups(facts, "bo").is_empty())
        .await;
    change(&content, |content| {
        content.people.remove(1);
    });
    house.until("bo is gone", |facts| !is_on(facts, "bo")).await;
    assert_eq!(handle.status().trouble, None);
}

#[tokio::test]
async fn changes_of_other_things_are_no_reason_to_read() {
    let content = Shared::default();
    change(&content, |content| {
        content.count = 10_000;
        content.changed = 10_000;
        content.people = vec![(1, "Ana", "512")];
        content.members = vec![member("Ana")];
    });
    let fake = serve(content.clone()).await;
    let house = House::of(&of(&fake));
    let (handle, _running) = house.follow();
    until(&handle, "asked", |status| {
        status.following == Following::Asked && status.last_success.is_some()
    })
    .await;
    house.until_read(1).await;
    let before = house.readings();
    content.lock().unwrap().count += 1;
    change(&content, |content| content.people.push((2, "Bo", "512")));
    change(&content, |content| content.members.push(member("Bo")));
    house.until("bo came", |facts| is_on(facts, "bo")).await;
    assert!(house.readings() > before);
}
