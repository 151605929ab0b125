//! Our own keys for SAML: whether the certificates that others know them by end soon.

use std::{sync::Arc, time::Duration};

use gw_identity::{SamlRole, saml_certificate_ends};
use gw_model::{PublishedKey, Snapshot, Timestamp};
use gw_store::Loaded;

use super::finding::Finding;
use crate::{clock::now, config::Config};

const ABOUT: &str = "key for SAML";
const DAY: Duration = Duration::from_secs(86_400);
/// How long before a key would have to be rotated it is worth a look.
const SOON: Duration = Duration::from_secs(30 * 86_400);

pub(super) fn look(config: &Config, stored: Option<&Loaded>) -> Vec<Finding> {
    let lead = config.lifetimes.saml_key_lead;
    stored.map_or_else(Vec::new, |loaded| of(&loaded.facts, lead, now()))
}

fn of(facts: &Snapshot, lead: Duration, now: Timestamp) -> Vec<Finding> {
    let newest = |role: SamlRole| {
        let keys = facts.keys().filter(|key| *key.purpose == *role.purpose());
        Some((role, keys.max_by_key(|key| key.active_from)?))
    };
    let newest = SamlRole::ALL.into_iter().filter_map(newest);
    newest
        .filter_map(|(role, key)| lasting(role, key, lead, now))
        .collect()
}

fn lasting(
    role: SamlRole,
    key: &Arc<PublishedKey>,
    lead: Duration,
    now: Timestamp,
) -> Option<Finding> {
    let (which, ends) = (role.purpose(), saml_certificate_ends(key)?);
    let left = ends.since(now);
    let what = format!(
        "its certificate ends in {} days",
        left.as_secs() / DAY.as_secs()
    );
    let whom = match role {
        SamlRole::Apps => "apps",
        SamlRole::Providers => "providers",
    };
    let help = format!(
        "`gatewright key rotate {which}`: the next certificate is in the metadata at once, and its key signs {} hours later (`saml_key_lead`); give it to {whom} that do not read the metadata",
        lead.as_secs() / 3_600
    );
    Some(if left.is_zero() {
        let what = format!("its certificate has ended: {whom} that look at that refuse it");
        Finding::wrong(ABOUT, which, what).try_this(help)
    } else if left <= SOON + lead {
        Finding::look(ABOUT, which, what).try_this(help)
    } else {
        Finding::fine(ABOUT, which, what)
    })
}

#[cfg(test)]
mod tests {
    use gw_model::{Change, Epoch};
    use gw_saml::Credential;

    use super::*;
    use crate::doctor::State;

    const START: Timestamp = Timestamp::from_secs(1_800_000_000);
    const LEAD: Duration = Duration::from_secs(7 * 86_400);

    fn published(kid: &str, active_from: Timestamp, ends: Timestamp) -> Change {
        let made = Credential::generate("auth.test", START, ends).unwrap();
        let certificate = data_encoding::BASE64.encode(&made.certificate);
        Change::KeyPublished(Arc::new(PublishedKey {
            kid: kid.into(),
            purpose: "saml-apps".into(),
            jwk: serde_json::json!({ "x5c": [certificate] })
                .to_string()
                .into(),
            published_at: START,
            active_from,
            replaced_at: None,
        }))
    }

    fn with(changes: &[Change]) -> Snapshot {
        let empty = Snapshot::empty(Epoch::default());
        let epoch = Epoch {
            incarnation: 1,
            number: 1,
        };
        empty.apply(epoch, changes).unwrap()
    }

    #[test]
    fn a_certificate_is_told_of_while_there_is_time_to_rotate() {
        let first = published("one", START, START.after(100 * DAY));
        let facts = with(std::slice::from_ref(&first));
        let found = |facts: &Snapshot, days: u32| of(facts, LEAD, START.after(days * DAY));
        assert_eq!(found(&facts, 62)[0].state, State::Fine);
        let soon = &found(&facts, 63)[0];
        assert_eq!(soon.state, State::Look);
        let help = soon.help.as_ref().unwrap();
        assert!(help.contains("gatewright key rotate saml-apps"), "{help}");
        assert_eq!(found(&facts, 101)[0].state, State::Wrong);
        // The next one is published: there is nothing left to do.
        let next = published("two", START.after(97 * DAY), START.after(4_000 * DAY));
        let facts = with(&[first, next]);
        assert_eq!(found(&facts, 90)[0].state, State::Fine);
        assert!(of(&with(&[]), LEAD, START).is_empty());
    }
}
