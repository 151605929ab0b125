//! Providers of identities: list, show, switch off and on, forget. What one is, the configuration
//! file says.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{
    Assurance, Change, ClaimTests, Provider, ProviderName, ProviderPeople, ProviderProtocol,
    Snapshot, Timestamp, Words,
};
use gw_store::Refused;

use super::{Call, Reply, break_glass::leave_signed_in, expect};
use crate::{
    query::SEARCH,
    types::{
        AssuranceView, MembershipRuleView, Problem, ProviderForgotten, ProviderPeopleView,
        ProviderProtocolWord, ProviderState, ProviderView, SamlView, ScimView, WordsView,
    },
};

/// How many people are known at each provider, and how many open sessions rest on it.
#[derive(Default)]
struct Uses {
    linked: BTreeMap<ProviderName, usize>,
    sessions: BTreeMap<ProviderName, usize>,
    configured: Vec<ProviderName>,
}

impl Uses {
    fn of(call: &Call<'_>, facts: &Snapshot) -> Self {
        let now = call.engine().clock().now();
        let mut uses = Self {
            configured: (call.parts.configured_providers)(),
            ..Self::default()
        };
        for user in facts.users() {
            let mut at: Vec<_> = user.identities.iter().map(|i| &i.provider).collect();
            at.dedup();
            for provider in at {
                *uses.linked.entry(provider.clone()).or_default() += 1;
            }
        }
        for session in facts.sessions().filter(|s| s.over(now).is_none()) {
            for provider in session.providers() {
                *uses.sessions.entry(provider.clone()).or_default() += 1;
            }
        }
        uses
    }

    fn shown(&self, provider: &Provider) -> ProviderView {
        let count = |of: &BTreeMap<ProviderName, usize>| of.get(&provider.name).copied();
        let (protocol, client_id, scopes) = match &provider.protocol {
            ProviderProtocol::Oidc { client_id, scopes } => {
                (ProviderProtocolWord::Oidc, Some(client_id), &scopes[..])
            }
            ProviderProtocol::Saml(_) => (ProviderProtocolWord::Saml, None, &[][..]),
            ProviderProtocol::Scim(_) => (ProviderProtocolWord::Scim, None, &[][..]),
            ProviderProtocol::Ldap(_) => (ProviderProtocolWord::Ldap, None, &[][..]),
        };
        ProviderView {
            name: provider.name.clone(),
            title: provider.title.clone(),
            issuer: provider.issuer.clone(),
            protocol,
            client_id: client_id.cloned(),
            scopes: scopes.to_vec(),
            saml: saml(&provider.protocol),
            scim: provider.protocol.scim().map(|scim| ScimView {
                fills: scim.fills.clone(),
                over: scim.over.clone(),
            }),
            directory: provider.protocol.directory().map(|source| ScimView {
                fills: source.fills.clone(),
                over: source.over.clone(),
            }),
            people: people(&provider.people),
            memberships: provider
                .memberships
                .iter()
                .map(|rule| MembershipRuleView {
                    when: tests(&rule.when),
                    groups: rule.groups.clone(),
                })
                .collect(),
            assurance: assurance(&provider.assurance),
            state: state(provider),
            suspended: provider.suspended,
            configured: self.configured.contains(&provider.name),
            linked: count(&self.linked).unwrap_or_default(),
            sessions: count(&self.sessions).unwrap_or_default(),
            version: provider.version,
        }
    }
}

/// Whether its word counts, and if not, why.
pub(super) const fn state(provider: &Provider) -> ProviderState {
    match (provider.disabled, provider.suspended) {
        (true, _) => ProviderState::Off,
        (false, true) => ProviderState::Suspended,
        (false, false) => ProviderState::Declared,
    }
}

fn saml(protocol: &ProviderProtocol) -> Option<SamlView> {
    let ProviderProtocol::Saml(saml) = protocol else {
        return None;
    };
    Some(SamlView {
        sign_on: saml.sign_on.location.clone(),
        certificates: saml.certificates.len(),
        valid_until: saml.valid_until,
    })
}

fn people(people: &ProviderPeople) -> ProviderPeopleView {
    ProviderPeopleView {
        required: tests(&people.required),
        found_by: people.found_by,
        provision: people.provision,
        name_claim: people.name_claim.clone(),
    }
}

fn tests(tests: &ClaimTests) -> BTreeMap<Arc<str>, Vec<Arc<str>>> {
    tests.0.clone()
}

fn assurance(assurance: &Assurance) -> AssuranceView {
    let words = |words: &Words| WordsView {
        acr: words.acr.clone(),
        amr: words.amr.clone(),
    };
    AssuranceView {
        multi_factor: words(&assurance.multi_factor),
        phishing_resistant: words(&assurance.phishing_resistant),
    }
}

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let uses = Uses::of(call, &view.facts);
    let search = call.query.text(SEARCH).map(str::to_lowercase);
    let wanted = |provider: &&Arc<Provider>| {
        search.as_ref().is_none_or(|search| {
            let texts = [provider.name.as_str(), &*provider.title, &*provider.issuer];
            let mut texts = texts.into_iter();
            texts.any(|text| text.to_lowercase().contains(search))
        })
    };
    let listing = call.query.page(
        view.facts.providers().filter(wanted),
        |provider| provider.name.to_string(),
        |provider| uses.shown(provider),
    )?;
    Reply::json(&listing)
}

pub(super) fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    shown(call, &named(call)?.name)
}

fn shown(call: &Call<'_>, name: &ProviderName) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let provider = view.facts.provider(name);
    let provider = provider.ok_or_else(|| Problem::unknown("provider", name.as_str()))?;
    let uses = Uses::of(call, &view.facts);
    Ok(Reply::json(&uses.shown(provider))?.at(provider.version))
}

/// The provider that the path names.
fn named(call: &Call<'_>) -> Result<Arc<Provider>, Problem> {
    let named = call.parameter(0);
    find(&call.engine().view().facts, named)
}

/// A provider by name.
pub(super) fn find(facts: &Snapshot, named: &str) -> Result<Arc<Provider>, Problem> {
    let name = named.parse::<ProviderName>().ok();
    let found = name.and_then(|name| facts.provider(&name));
    found.cloned().ok_or_else(|| {
        Problem::unknown("provider", named).help("`gatewright provider list` shows the providers")
    })
}

/// The sessions that rest on one that goes off end with the same change.
pub(super) async fn switch(call: &Call<'_>, suspended: bool) -> Result<Reply, Problem> {
    let provider = named(call)?;
    if suspended {
        leave_its_people_signed_in(call, &provider.name)?;
    }
    if provider.suspended == suspended {
        return match call.precondition.holds(provider.version) {
            true => shown(call, &provider.name),
            false => Err(Problem::stale()),
        };
    }
    let what = match suspended {
        true => "provider switched off",
        false => "provider switched on again",
    };
    let (precondition, commit) = (call.precondition, call.commit(what));
    let name = provider.name.clone();
    let propose = move |facts: &Snapshot| {
        let present = facts.provider(&name).ok_or_else(|| gone(&name))?;
        expect(precondition, present.version)?;
        let provider = Provider {
            suspended,
            ..Provider::clone(present)
        };
        Ok(commit.change(Change::ProviderPut(Arc::new(provider))))
    };
    call.engine().propose(propose).await?;
    shown(call, &provider.name)
}

pub(super) async fn forget(call: &Call<'_>) -> Result<Reply, Problem> {
    let provider = named(call)?;
    leave_its_people_signed_in(call, &provider.name)?;
    let configured = Arc::clone(&call.parts.configured_providers);
    let is_declared =
        move |provider: &Provider| !provider.disabled || configured().contains(&provider.name);
    if is_declared(&provider) {
        let name = &provider.name;
        let detail = format!("the provider `{name}` stands in the configuration file");
        let file = (call.parts.config)().file().to_owned();
        return Err(Problem::conflict(detail).help(format!(
            "take it out of {file} first: it is off from then on, and can be forgotten; to switch it off at once, suspend it"
        )));
    }
    let unlinked = known_at(&call.engine().view().facts, &provider.name).count();
    let (precondition, commit) = (call.precondition, call.commit("provider forgotten"));
    let name = provider.name.clone();
    let propose = move |facts: &Snapshot| {
        let present = facts.provider(&name).ok_or_else(|| gone(&name))?;
        expect(precondition, present.version)?;
        if is_declared(present) {
            let declared = format!("the provider `{name}` was declared again meanwhile");
            return Err(Refused::Declined(declared));
        }
        Ok(commit.change(Change::ProviderRemoved(name)))
    };
    let done = call.engine().propose(propose).await?;
    Reply::json(&ProviderForgotten {
        epoch: done.epoch,
        unlinked,
    })
}

/// The people who are known at a provider.
pub(super) fn known_at<'f>(
    facts: &'f Snapshot,
    name: &ProviderName,
) -> impl Iterator<Item = &'f Arc<gw_model::User>> {
    let name = name.clone();
    let is_known = move |user: &&Arc<gw_model::User>| {
        let mut identities = user.identities.iter();
        identities.any(|identity| identity.provider == name)
    };
    facts.users().filter(is_known)
}

/// While a use of a sealed way in waits, what ends sessions of owners from before is left to them.
fn leave_its_people_signed_in(call: &Call<'_>, name: &ProviderName) -> Result<(), Problem> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let rests = |session: &gw_model::Session, now: Timestamp| {
        session.over(now).is_none() && session.providers().contains(&name)
    };
    let resting = view.facts.sessions().filter(|session| rests(session, now));
    for session in resting {
        leave_signed_in(call, session.user)?;
    }
    for user in known_at(&view.facts, name) {
        leave_signed_in(call, user.id)?;
    }
    Ok(())
}

fn gone(name: &ProviderName) -> Refused {
    Refused::Declined(format!("the provider `{name}` was forgotten meanwhile"))
}
