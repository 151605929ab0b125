//! The rooms of the house, read from the manifests: arrows point down only, enforcement
//! points do not know one another, the core stays pure, and banned crates are never linked.
//!
//! `ARCHITECTURE.md` says it in words; this is what makes it stay true.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says by panicking what it cannot read"
)]

mod documents;
mod house;
mod licence;
mod linked;
mod promises;
mod refusals;
mod words;

use std::collections::BTreeSet;

use house::{Crate, House, Room};

/// Enforcement crates that another enforcement crate may lean on, and why.
const SHARED_AMONG_ENFORCEMENT: &[(&str, &str)] = &[
    (
        "gw-door",
        "asking, recording and obeying is what all enforcement points share",
    ),
    (
        "gw-issue",
        "makes the assertion that an upstream gets; it carries no traffic of its own",
    ),
];

/// What the pure core never links, directly or through another crate: runtimes, sockets, files, databases.
const IMPURE: &[&str] = &[
    "arc-swap", "hyper", "memmap2", "mio", "notify", "rusqlite", "rustix", "rustls", "socket2",
    "tokio", "tracing",
];

/// What no crate may link: one provider of cryptography, and no C library of the system's.
const BANNED: &[(&str, &str)] = &[
    ("native-tls", "TLS is rustls with aws-lc-rs"),
    (
        "openssl",
        "cryptography is aws-lc-rs, built in and of one version everywhere",
    ),
    (
        "openssl-sys",
        "cryptography is aws-lc-rs, built in and of one version everywhere",
    ),
    ("ring", "one provider of cryptography: aws-lc-rs"),
];

#[test]
fn every_crate_is_named_for_its_folder() {
    for member in House::read().crates() {
        let expected = match member.room {
            Room::Gatewright => "gatewright".to_owned(),
            _ => format!("gw-{}", member.folder),
        };
        assert_eq!(member.name, expected, "the crate in {}", member.path);
    }
}

#[test]
fn every_folder_with_a_manifest_is_a_member_of_the_workspace() {
    let house = House::read();
    for member in house.crates() {
        assert!(
            house.is_listed(&member.path),
            "{} has a manifest but is not listed in the workspace's members",
            member.path
        );
    }
}

#[test]
fn arrows_point_down_only() {
    let house = House::read();
    let faults: Vec<String> = house
        .arrows()
        .filter(|(from, to)| !may_lean_on(from, to))
        .map(|(from, to)| {
            format!(
                "{} ({:?}) leans on {} ({:?})",
                from.name, from.room, to.name, to.room
            )
        })
        .collect();
    assert!(
        faults.is_empty(),
        "arrows that point up or sideways:\n{}",
        faults.join("\n")
    );
}

#[test]
fn enforcement_points_do_not_know_one_another() {
    let house = House::read();
    for (from, to) in house.arrows() {
        if from.room == Room::Enforcement && to.room == Room::Enforcement {
            assert!(
                SHARED_AMONG_ENFORCEMENT
                    .iter()
                    .any(|(name, _)| *name == to.name),
                "{} leans on {}: what two enforcement points share belongs in gw-door or below",
                from.name,
                to.name
            );
        }
    }
    let door = house.named("gw-door");
    assert!(
        door.normal.iter().all(|name| name != "gw-issue"),
        "the door makes permits and nothing else; it does not know who issues"
    );
}

#[test]
fn the_core_links_no_runtime_no_socket_no_file() {
    let house = House::read();
    for member in house.crates().filter(|c| c.room == Room::Core) {
        let linked = linked::names(&["--package", &member.name]);
        for impure in IMPURE {
            assert!(
                !linked.contains(*impure),
                "{} links {impure}: the core is pure; see `cargo tree -p {} -i {impure}`",
                member.name,
                member.name
            );
        }
    }
}

#[test]
fn banned_crates_are_never_linked() {
    let linked = linked::names(&["--workspace"]);
    assert!(
        linked.contains("rustls") && linked.contains("aws-lc-rs"),
        "the list of linked crates was read"
    );
    for (banned, reason) in BANNED {
        assert!(
            !linked.contains(*banned),
            "{banned} is linked, but {reason}; see `cargo tree -i {banned}`"
        );
    }
}

#[test]
fn deny_toml_bans_the_same_crates() {
    let deny: toml::Table = house::read_toml("deny.toml");
    let named: Vec<&str> = deny
        .get("bans")
        .and_then(|bans| bans.get("deny"))
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("crate").and_then(toml::Value::as_str))
        .collect();
    for (banned, _) in BANNED {
        assert!(
            named.contains(banned),
            "deny.toml does not ban {banned}, which the layers test does"
        );
    }
}

#[test]
fn everything_linked_has_a_licence_that_deny_toml_allows() {
    let deny = house::read_toml("deny.toml");
    let allowed: BTreeSet<String> = strings(&deny["licenses"]["allow"]).collect();
    let exceptions = deny["licenses"]["exceptions"].as_array().unwrap();
    for linked in linked::crates(&["--workspace"]) {
        let own = exceptions
            .iter()
            .filter(|exception| exception["crate"].as_str() == Some(&linked.name))
            .flat_map(|exception| strings(&exception["allow"]));
        let allowed = allowed.iter().cloned().chain(own).collect();
        assert!(
            licence::satisfied(&linked.licence, &allowed),
            "{} comes under `{}`, which deny.toml does not allow",
            linked.name,
            linked.licence
        );
    }
}

fn strings(value: &toml::Value) -> impl Iterator<Item = String> {
    let entries = value.as_array().into_iter().flatten();
    entries.filter_map(|entry| entry.as_str().map(str::to_owned))
}

/// Whether the plan of the house has an arrow between these two.
fn may_lean_on(from: &Crate, to: &Crate) -> bool {
    match (from.room, to.room) {
        (Room::Core, Room::Platform) => false,
        (Room::Platform, Room::Platform) => true,
        (Room::Platform, _) => to.name == "gw-model",
        (_, Room::Platform) => true,
        (from_room, to_room) => to_room <= from_room,
    }
}
