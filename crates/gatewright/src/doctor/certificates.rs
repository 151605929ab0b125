//! Certificates: files, keys that belong to them, names that they cover, days that are left.

use std::time::Duration;

use gw_model::Timestamp;
use gw_tls::{CertificateFiles, CertificateStore, TlsFault, TrustStore};

use super::{finding::Finding, shown};
use crate::{
    clock::now,
    config::{Config, files},
    wiring::tls,
};

const ABOUT: &str = "certificate";
const DAY: Duration = Duration::from_secs(86_400);
/// Days before the end from which it is worth a look.
const SOON: u64 = 21;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let now = now();
    let own = tls::files(config);
    let mut found = match own.as_slice() {
        [] if config.listen.https.is_empty() => {
            vec![Finding::look(ABOUT, "none", "nothing is served over TLS")]
        }
        each => each.iter().map(|one| certificate(one, now)).collect(),
    };
    if let Err(faults) = TrustStore::load(files::trust(config), now) {
        let told = files::trust_faults(config, &faults);
        found.extend(
            told.iter()
                .map(|fault| Finding::wrong("upstream TLS", "files", fault)),
        );
    }
    found
}

fn certificate(files: &CertificateFiles, now: Timestamp) -> Finding {
    let which = shown(&files.chain);
    match CertificateStore::load(vec![files.clone()], now) {
        Ok(store) => {
            let infos = store.certificates();
            let names = infos.iter().flat_map(|info| info.names.clone());
            let names: Vec<_> = names.collect();
            let ends = infos.iter().map(|info| info.not_after).min();
            let left = ends.unwrap_or(now).since(now);
            lasting(which, &names.join(", "), left)
        }
        Err(faults) => {
            let told: Vec<_> = faults.iter().map(TlsFault::to_string).collect();
            Finding::wrong(ABOUT, which, told.join("; "))
                .try_this("correct the files, or `[[certificate]]` in the configuration")
        }
    }
}

fn lasting(which: String, names: &str, left: Duration) -> Finding {
    let days = left.as_secs() / DAY.as_secs();
    let what = format!("for {names}; {days} days left");
    if days >= SOON {
        Finding::fine(ABOUT, which, what)
    } else {
        Finding::look(ABOUT, which, what)
            .try_this("renew it; files that change are followed while gatewright runs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_certificate_is_worth_a_look_before_it_ends() {
        let lasting = |days| lasting("c.pem".into(), "a.test", DAY * days).state;
        assert_eq!(lasting(22), State::Fine);
        assert_eq!(lasting(20), State::Look);
        assert_eq!(lasting(0), State::Look);
    }

    #[test]
    fn one_that_is_not_there_is_wrong() {
        let missing = CertificateFiles {
            chain: "/nowhere/chain.pem".into(),
            key: "/nowhere/key.pem".into(),
            hosts: Vec::new(),
            default: false,
        };
        let found = certificate(&missing, now());
        assert_eq!(found.state, State::Wrong);
        assert!(found.what.contains("/nowhere/chain.pem"), "{found:?}");
    }
}
