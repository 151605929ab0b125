//! Sources that push people in: what the file says of them, and what it becomes.

use gw_model::{Change, Client, FoundBy};

use super::{SMALL, checked, faults};
use crate::config::{Config, facts};
use gw_model::{Epoch, Snapshot};

fn with(keys: &str) -> String {
    format!("{SMALL}\n[[scim]]\nname = \"okta\"\n{keys}\n")
}

fn good(keys: &str) -> Config {
    checked(&with(&format!("secrets = [\"okta.secret\"]\n{keys}"))).unwrap()
}

fn applied(config: &Config, to: &Snapshot) -> Snapshot {
    let changes = facts::difference(&config.wanted, to);
    to.apply(Epoch::default(), &changes).unwrap()
}

#[test]
fn a_source_is_a_provider_that_nobody_signs_in_by_and_a_program() {
    let config = good("found_by = \"name\"\nfills = [\"staff\"]\nover = [\"everyone\"]");
    let files = config.scim.first().unwrap();
    assert_eq!(
        files.secrets,
        [std::path::Path::new("/etc/gatewright/okta.secret")]
    );
    let facts = applied(&config, &Snapshot::empty(Epoch::default()));
    let provider = facts.provider(&"okta".parse().unwrap()).unwrap();
    assert_eq!(&*provider.issuer, "/scim/okta/v2");
    assert_eq!(provider.people.found_by, FoundBy::Name);
    assert!(!provider.protocol.signs_in());
    let scim = provider.protocol.scim().unwrap();
    assert_eq!((scim.fills.len(), scim.over.len()), (1, 1));
    let client = facts.client_named(&"okta".parse().unwrap()).unwrap();
    assert_eq!(&*client.attributes["protocol"], "scim");
    assert!(facts::difference(&config.wanted, &facts).is_empty());
}

#[test]
fn who_a_source_is_to_policy_stays_and_is_off_once_the_file_does_not_name_it() {
    let facts = applied(&good(""), &Snapshot::empty(Epoch::default()));
    let name = "okta".parse().unwrap();
    let before = facts.client_named(&name).unwrap().id;
    let facts = applied(&good("title = \"Okta\"\nenabled = false"), &facts);
    let client = facts.client_named(&name).unwrap();
    assert_eq!((client.id, &*client.title), (before, "Okta"));
    assert!(client.disabled);
    let facts = applied(&good(""), &facts);
    assert!(!facts.client_named(&name).unwrap().disabled);
    let facts = applied(&checked(SMALL).unwrap(), &facts);
    assert!(facts.client_named(&name).unwrap().disabled);
    assert!(facts.provider(&"okta".parse().unwrap()).unwrap().is_off());
}

#[test]
fn a_program_that_somebody_else_registered_is_not_taken_over() {
    let facts = applied(&good(""), &Snapshot::empty(Epoch::default()));
    let theirs = Client {
        registration: "{}".into(),
        ..Client::clone(facts.client_named(&"okta".parse().unwrap()).unwrap())
    };
    let present = Snapshot::empty(Epoch::default());
    let present = present.apply(Epoch::default(), &[Change::ClientPut(theirs.into())]);
    let present = present.unwrap();
    let changes = facts::difference(&good("").wanted, &present);
    let refused = present.apply(Epoch::default(), &changes).unwrap_err();
    assert!(refused.to_string().contains("already a client `okta`"));
}

#[test]
fn what_makes_no_sense_is_refused_with_its_key() {
    let secret = "secrets = [\"a\"]";
    for (keys, why) in [
        ("", "scim[0].secrets: is missing"),
        ("secrets = []", "scim[0].secrets: has not one secret"),
        (
            "secrets = [\"a\", \"b\", \"c\"]",
            "scim[0].secrets: has not one secret",
        ),
        (
            &format!("{secret}\nfills = [\"owners\"]"),
            "scim[0].fills: names `owners`: nobody elsewhere makes or changes owners",
        ),
        (
            &format!("{secret}\nover = [\"owners\"]"),
            "scim[0].over: names `owners`",
        ),
        (
            &format!("{secret}\nfills = [\"a.b\"]"),
            "a group that is filled from elsewhere has no dot in its name",
        ),
        (
            &format!("{secret}\nfound_by = \"verified-email\""),
            "scim[0].found_by: ",
        ),
        (
            &format!("{secret}\n[[scim]]\nname = \"okta\"\n{secret}"),
            "scim[1].name: is `okta`, which another `[[scim]]` or `[[provider]]` has",
        ),
        (
            &format!(
                "{secret}\n[[provider]]\nname = \"okta\"\nissuer = \"https://x.test\"\nclient_id = \"x\""
            ),
            "scim[0].name: is `okta`, which another",
        ),
        (
            &format!(
                "{secret}\nfills = [\"staff\"]\n[[scim]]\nname = \"b\"\n{secret}\nfills = [\"staff\"]"
            ),
            "scim[1].fills: names `staff`, which another `[[scim]]` fills",
        ),
    ] {
        let told = faults(&with(keys));
        assert!(told.contains(why), "{told}");
    }
    let long = with(secret).replace("\"okta\"", &format!("\"{}\"", "x".repeat(41)));
    assert!(
        faults(&long).contains("longer than 40"),
        "{}",
        faults(&long)
    );
}

#[test]
fn a_group_that_the_file_names_is_no_sources_any_more() {
    let config = good("");
    let facts = applied(&config, &Snapshot::empty(Epoch::default()));
    let staff = facts.group(&"staff".parse().unwrap()).unwrap();
    let identity = gw_model::ExternalIdentity {
        pushed: Some(std::sync::Arc::new(gw_model::Pushed {
            made: true,
            created: Default::default(),
            modified: Default::default(),
            told: "{}".into(),
        })),
        ..gw_model::ExternalIdentity::of("okta".parse().unwrap(), "g".into())
    };
    let made = gw_model::Group {
        identities: vec![identity],
        ..gw_model::Group::clone(staff)
    };
    let facts = facts.apply(Epoch::default(), &[Change::GroupPut(made.into())]);
    let facts = applied(&config, &facts.unwrap());
    let staff = facts.group(&"staff".parse().unwrap()).unwrap();
    assert!(staff.identities.is_empty());
}
