//! How people are imagined to have signed in a moment ago: by what they prove here, and by the word
//! of each provider of identities, as far as policies can tell that from the others.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use gw_model::{
    AuthnEvent, AuthnMethod, Provider, ProviderName, ProviderProof, Snapshot, Timestamp,
};
use gw_policy::{Mentions, Policies};

/// Providers whose word is tried.
const PROVIDERS_MAX: usize = 8;
/// Ways of signing in at one of them that are tried.
const WAYS_MAX: usize = 8;

/// A proof of a moment ago.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    /// What it is, in a word: `passkey`, `provider:corp,amr=otp`.
    pub(crate) words: Arc<str>,
    pub(crate) event: AuthnEvent,
}

impl Proof {
    /// Of something that people have here.
    pub(crate) fn own(method: AuthnMethod, now: Timestamp) -> Self {
        Self {
            words: method.as_str().into(),
            event: AuthnEvent {
                method,
                at: just_before(now),
                factor: None,
                provider: None,
            },
        }
    }

    /// By a provider's word, which counts as is declared.
    pub(crate) fn by(provider: &Provider, said: &Said, now: Timestamp) -> Self {
        let (acr, amr) = (said.acr.as_deref(), &said.amr);
        Self {
            words: said.words(&provider.name).into(),
            event: AuthnEvent {
                method: AuthnMethod::Provider,
                at: just_before(now),
                factor: None,
                provider: Some(Arc::new(ProviderProof {
                    provider: provider.name.clone(),
                    subject: Arc::default(),
                    session: None,
                    authenticated_at: Some(just_before(now)),
                    acr: said.acr.clone(),
                    amr: amr.clone(),
                    multi_factor: provider.assurance.is_multi_factor(acr, amr),
                    phishing_resistant: provider.assurance.is_phishing_resistant(acr, amr),
                })),
            },
        }
    }
}

impl Proof {
    /// The same, proven at this instant.
    pub(crate) fn event_at(&self, at: Timestamp) -> AuthnEvent {
        let mut event = self.event.clone();
        event.at = at;
        if let Some(said) = &mut event.provider {
            Arc::make_mut(said).authenticated_at = Some(at);
        }
        event
    }
}

pub(crate) fn just_before(now: Timestamp) -> Timestamp {
    now.before(Duration::from_secs(1))
}

/// What a provider says of how somebody signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) acr: Option<Arc<str>>,
    pub(crate) amr: Vec<Arc<str>>,
}

impl Said {
    fn class(word: &str) -> Self {
        Self {
            acr: Some(word.into()),
            amr: Vec::new(),
        }
    }

    fn methods(words: Vec<Arc<str>>) -> Self {
        Self {
            acr: None,
            amr: words,
        }
    }

    fn words(&self, provider: &ProviderName) -> String {
        let acr = self.acr.iter().map(|acr| format!(",acr={acr}"));
        let amr = (!self.amr.is_empty()).then(|| format!(",amr={}", self.amr.join("+")));
        let more: String = acr.chain(amr).collect();
        format!("provider:{provider}{more}")
    }
}

/// The proofs that are tried.
#[derive(Debug, Clone)]
pub(crate) struct Proofs {
    /// A passkey, and a link: in this order.
    own: [Proof; 2],
    /// What providers say, where policies can tell it from those.
    by_providers: Vec<Proof>,
    /// Whether there are more.
    pub(crate) is_cut_short: bool,
}

impl Proofs {
    /// Those that any of these policies can tell apart, with the providers of all these facts.
    pub(crate) fn of(policies: &[&Policies], facts: &[&Snapshot], now: Timestamp) -> Self {
        let own = [AuthnMethod::Passkey, AuthnMethod::SignInLink];
        let own = own.map(|method| Proof::own(method, now));
        let mut all = Self {
            own,
            by_providers: Vec::new(),
            is_cut_short: false,
        };
        if !policies.iter().any(|policies| policies.read_providers()) {
            return all;
        }
        let providers = facts.iter().flat_map(|facts| facts.providers());
        let on = providers.filter(|provider| !provider.is_off() && provider.protocol.signs_in());
        let on: BTreeMap<_, _> = on.map(|provider| (&provider.name, provider)).collect();
        let (acr, amr) = looked_for(policies);
        all.is_cut_short = on.len() > PROVIDERS_MAX;
        for provider in on.values().take(PROVIDERS_MAX) {
            let ways = ways(provider, &acr, &amr);
            all.is_cut_short |= ways.len() > WAYS_MAX;
            let proofs = ways.iter().take(WAYS_MAX);
            let proofs = proofs.map(|said| Proof::by(provider, said, now));
            all.by_providers.extend(proofs);
        }
        all
    }

    /// All of them, what people prove here first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Proof> {
        self.own.iter().chain(&self.by_providers)
    }

    /// What providers say.
    pub(crate) fn by_providers(&self) -> &[Proof] {
        &self.by_providers
    }

    /// What people prove here that a provider's word is most like; none for what they prove here.
    /// What it does not change differently than that is not told again.
    pub(crate) fn like(&self, proof: &Proof) -> Option<&Proof> {
        let [passkey, link] = &self.own;
        let said = proof.event.provider.as_ref()?;
        Some(match said.phishing_resistant {
            true => passkey,
            false => link,
        })
    }
}

/// The words that policies look for in what providers say.
fn looked_for(policies: &[&Policies]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut acr, mut amr) = (BTreeSet::new(), BTreeSet::new());
    let texts = policies.iter().flat_map(|policies| policies.texts());
    let reads = |text: &str| text.contains("acr") || text.contains("amr") || text.contains('\\');
    for text in texts.filter(|text| !text.built_in && reads(&text.text)) {
        let mentions = Mentions::of(text);
        acr.extend(mentions.acr);
        amr.extend(mentions.amr);
    }
    (acr, amr)
}

/// Without any word that counts; with the first that counts for more; and with each that policies
/// look for, methods all together as well.
fn ways(provider: &Provider, acr: &BTreeSet<String>, amr: &BTreeSet<String>) -> Vec<Said> {
    let counts = [
        &provider.assurance.multi_factor,
        &provider.assurance.phishing_resistant,
    ];
    let mut all = vec![Said::default()];
    for words in counts {
        all.extend(words.acr.first().map(|word| Said::class(word)));
        all.extend(
            words
                .amr
                .first()
                .map(|word| Said::methods(vec![word.clone()])),
        );
    }
    all.extend(acr.iter().map(|word| Said::class(word)));
    let methods: Vec<Arc<str>> = amr.iter().map(|word| word.as_str().into()).collect();
    all.extend(methods.iter().map(|word| Said::methods(vec![word.clone()])));
    if methods.len() > 1 {
        all.push(Said::methods(methods));
    }
    let mut each = Vec::with_capacity(all.len());
    for said in all {
        if !each.contains(&said) {
            each.push(said);
        }
    }
    each
}
