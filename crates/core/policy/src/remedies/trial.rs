//! An access as it would be once some levers were pulled, evaluated.

use std::{net::IpAddr, sync::Arc, time::Duration};

use gw_model::{
    AccessRequest, Attribute, AttributeSet, Authn, AuthnEvent, AuthnMethod, Change, Context,
    Decision, GroupName, Lever, Membership, Network, NetworkContext, Outcome, Principal, Provider,
    SessionContext, Snapshot, Timestamp, User,
};

use crate::{Policies, Prepared};

/// How far ahead a moment is looked for: a week and a day, so that every weekday comes by.
const HORIZON: Duration = Duration::from_secs(8 * 24 * 3600);

/// Policy that reads minutes or seconds changes its mind so often that not every moment is tried.
const OFTEN: Duration = Duration::from_secs(60);

/// The moments that are tried instead: each quarter of an hour, in every zone.
const QUARTER_SECS: u64 = 15 * 60;

/// Evaluates variations of one access, within a budget.
pub(super) struct Trial<'a> {
    policies: &'a Policies,
    facts: &'a Snapshot,
    request: &'a AccessRequest<'a>,
    now: Timestamp,
    budget: usize,
}

/// An access as it could become: what differs from the request as asked.
#[derive(Clone)]
struct Variant {
    events: Vec<AuthnEvent>,
    session: Option<SessionContext>,
    address: IpAddr,
    country: Option<[u8; 2]>,
    names: Arc<[Arc<str>]>,
}

/// What evaluating all possible outcomes of some steps came to.
struct Answer {
    allowed: bool,
    valid_until: Timestamp,
}

impl<'a> Trial<'a> {
    pub(super) fn new(
        policies: &'a Policies,
        facts: &'a Snapshot,
        request: &'a AccessRequest<'a>,
        now: Timestamp,
        budget: usize,
    ) -> Self {
        Self {
            policies,
            facts,
            request,
            now,
            budget,
        }
    }

    /// The outcome as asked; `None` once the budget is spent.
    pub(super) fn outcome(&mut self) -> Option<Outcome> {
        self.budget = self.budget.checked_sub(1)?;
        let decision = self.policies.decide(self.facts, self.request, self.now);
        Some(decision.outcome)
    }

    /// What could change the outcome if the person were in a group.
    pub(super) fn decisive_in(&self, group: &GroupName) -> Option<AttributeSet> {
        let facts = self.joined(self.facts, group)?;
        self.prepare(&facts, self.now).map(|p| p.decisive())
    }

    /// Tries a way: its steps, with the moment filled in, if it lets the person in.
    /// `None` once the budget is spent.
    pub(super) fn try_way(&mut self, way: &[Lever]) -> Option<Option<Vec<Lever>>> {
        let mut facts = self.facts.clone();
        for lever in way {
            if let Lever::Group(group) = lever {
                match self.joined(&facts, group) {
                    Some(joined) => facts = joined,
                    None => return Some(None),
                }
            }
        }
        if way.iter().any(|lever| matches!(lever, Lever::Time(_))) {
            self.find_moment(&facts, way)
        } else {
            let Some(prepared) = self.prepare(&facts, self.now) else {
                return Some(None);
            };
            let answer = self.answer(&facts, &prepared, way, self.now)?;
            Some(answer.allowed.then(|| way.to_vec()))
        }
    }

    /// The first moment at which the rest of the way lets the person in.
    ///
    /// An answer holds until its `valid_until`, so only those instants need to be tried.
    fn find_moment(&mut self, facts: &Snapshot, way: &[Lever]) -> Option<Option<Vec<Lever>>> {
        let end = self.now.after(HORIZON);
        let mut moment = self.now;
        let mut often = false;
        let mut prepared = self.prepare(facts, moment);
        while moment <= end {
            if prepared
                .as_ref()
                .is_some_and(|p| moment >= p.membership_until())
            {
                prepared = self.prepare(facts, moment);
            }
            let Some(prepared) = &prepared else {
                return Some(None);
            };
            let answer = self.answer(facts, prepared, way, moment)?;
            if answer.allowed && moment > self.now {
                let at = |lever: &Lever| match lever {
                    Lever::Time(_) => Lever::Time(moment),
                    other => other.clone(),
                };
                return Some(Some(way.iter().map(at).collect()));
            }
            let soon = answer.valid_until <= moment.after(OFTEN);
            moment = if soon && often {
                Timestamp::from_secs((moment.as_secs() / QUARTER_SECS + 1) * QUARTER_SECS)
            } else {
                answer
                    .valid_until
                    .max(moment.after(Duration::from_millis(1)))
            };
            often = soon;
        }
        Some(None)
    }

    /// What following the way comes to; `None` once the budget is spent.
    fn answer(
        &mut self,
        facts: &Snapshot,
        prepared: &Prepared,
        way: &[Lever],
        at: Timestamp,
    ) -> Option<Answer> {
        let variants = self.variants(facts, prepared, way, at);
        let mut answer = Answer {
            allowed: !variants.is_empty(),
            valid_until: Timestamp::NEVER,
        };
        for variant in variants {
            self.budget = self.budget.checked_sub(1)?;
            let decision = self.evaluate(facts, prepared, &variant, at);
            answer.allowed &= decision.outcome.is_allow();
            answer.valid_until = answer.valid_until.min(decision.valid_until);
        }
        Some(answer)
    }

    fn prepare(&self, facts: &Snapshot, at: Timestamp) -> Option<Prepared> {
        let request = self.request;
        self.policies
            .prepare(
                facts,
                request.principal,
                request.action,
                request.resource,
                at,
            )
            .ok()
    }

    fn evaluate(
        &self,
        facts: &Snapshot,
        prepared: &Prepared,
        variant: &Variant,
        at: Timestamp,
    ) -> Decision {
        let context = Context {
            authn: Authn {
                events: &variant.events,
            },
            session: variant.session,
            network: NetworkContext {
                address: variant.address,
                country: variant.country,
                names: &variant.names,
            },
            ..self.request.context.clone()
        };
        let zone = &facts.settings().time_zone;
        self.policies.evaluate(prepared, &context, zone, at)
    }

    /// Everything that following the steps can lead to.
    fn variants(
        &self,
        facts: &Snapshot,
        prepared: &Prepared,
        way: &[Lever],
        at: Timestamp,
    ) -> Vec<Variant> {
        let context = &self.request.context;
        let mut variants = vec![Variant {
            events: context.authn.events.to_vec(),
            session: context.session,
            address: context.network.address,
            country: context.network.country,
            names: context.network.names.into(),
        }];
        for lever in way {
            variants = variants
                .into_iter()
                .flat_map(|variant| self.pull(facts, prepared.mentions(), lever, variant, at))
                .collect();
        }
        variants
    }

    fn pull(
        &self,
        facts: &Snapshot,
        mentions: AttributeSet,
        lever: &Lever,
        variant: Variant,
        at: Timestamp,
    ) -> Vec<Variant> {
        match lever {
            Lever::ConfirmWithPasskey => variant.confirmed([event(AuthnMethod::Passkey, at)]),
            Lever::EnrolPasskey => variant.confirmed([event(AuthnMethod::Passkey, self.now)]),
            Lever::ConfirmWithPassword => variant.confirmed([
                event(AuthnMethod::Password, at),
                event(AuthnMethod::Totp, at),
            ]),
            Lever::ConfirmWithProvider(name) => facts
                .provider(name)
                .map(|provider| variant.confirmed([by_provider(provider, at)]))
                .unwrap_or_default(),
            Lever::FreshLink => variant.signed_in_afresh(at),
            Lever::Network(name) => facts
                .settings()
                .networks
                .iter()
                .find(|network| network.name == *name)
                .map(|network| variant.at_network(facts, mentions, network))
                .unwrap_or_default(),
            Lever::SignIn | Lever::Time(_) | Lever::Group(_) => vec![variant],
        }
    }

    /// The facts with the person in one more group.
    fn joined(&self, facts: &Snapshot, group: &GroupName) -> Option<Snapshot> {
        let Principal::User(id) = self.request.principal else {
            return None;
        };
        let mut user = User::clone(facts.user(id)?);
        user.groups.push(Membership::of(group.clone()));
        facts
            .apply(facts.epoch, &[Change::UserPut(Arc::new(user))])
            .ok()
    }
}

impl Variant {
    /// After further proofs. Whether an enrolment session stays one is for sign-in to say.
    fn confirmed(mut self, proofs: impl IntoIterator<Item = AuthnEvent>) -> Vec<Self> {
        self.events.extend(proofs);
        let mut ordinary = self.clone();
        match &mut ordinary.session {
            Some(session) if session.enrolment => session.enrolment = false,
            _ => return vec![self],
        }
        vec![self, ordinary]
    }

    /// After signing in by a link, in a session of its own or within the present one.
    fn signed_in_afresh(mut self, at: Timestamp) -> Vec<Self> {
        self.session = Some(SessionContext {
            started: at,
            enrolment: false,
        });
        let mut alone = self.clone();
        alone.events.clear();
        let mut variants = vec![self, alone];
        for variant in &mut variants {
            variant.events.push(event(AuthnMethod::SignInLink, at));
        }
        variants.dedup_by(|a, b| a.events == b.events);
        variants
    }

    /// From a network: at each end of each of its ranges, its country known as now or not at all.
    fn at_network(self, facts: &Snapshot, mentions: AttributeSet, network: &Network) -> Vec<Self> {
        let mut addresses: Vec<IpAddr> = network.prefixes.iter().map(|p| p.network()).collect();
        if mentions.contains(Attribute::NetworkAddress) {
            addresses.extend(network.prefixes.iter().map(|p| p.broadcast()));
        }
        addresses.sort_unstable();
        addresses.dedup();
        let mut countries = vec![None];
        if mentions.contains(Attribute::NetworkCountry) && self.country.is_some() {
            countries.push(self.country);
        }
        let mut variants = Vec::new();
        for address in addresses {
            for country in &countries {
                variants.push(Self {
                    address,
                    country: *country,
                    names: facts.settings().network_names(address).into(),
                    ..self.clone()
                });
            }
        }
        variants
    }
}

/// As strong as the provider is declared to be able to be; that is asked for.
fn by_provider(provider: &Provider, at: Timestamp) -> AuthnEvent {
    AuthnEvent {
        provider: Some(Arc::new(provider.strongest(&Arc::from(""), at))),
        ..event(AuthnMethod::Provider, at)
    }
}

const fn event(method: AuthnMethod, at: Timestamp) -> AuthnEvent {
    AuthnEvent {
        method,
        at,
        factor: None,
        provider: None,
    }
}
