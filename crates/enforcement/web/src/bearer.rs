//! Routes that take an access token of ours (RFC 6750) instead of a session's cookie.
//!
//! A token is verified once by each traffic thread ([`verified`]) and remembered under its hash
//! ([`tokens`]). What may change is asked of the newest facts with every request: whether it was
//! taken back, whether its client, its person and its session still stand; and it is grounds of
//! the lease, so that what is open ends with it. A token that is bound to a key or a certificate
//! is worth nothing without a proof of it ([`proofs`]). Refusals say how to do better
//! ([`refused`]), and [`metadata`] where tokens come from.

mod metadata;
mod proofs;
mod refused;
mod tokens;
mod verified;

use std::{rc::Rc, sync::Arc};

use gw_jose::Confirmation;
use gw_model::{AuthnEvent, Client, Principal, Session, Timestamp, User};
use gw_oauth::{PresentedAccessToken, ResourceRefusal, Scheme, Scopes};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS},
};

pub(crate) use self::{
    metadata::{PATH as METADATA_PATH, answer as metadata},
    proofs::{Nonce, Proofs},
    refused::{Refused, add_nonce, answer, by_policy},
    tokens::Tokens,
    verified::Verified,
};
use crate::{
    answer::Rejection,
    canonical::Ambiguous,
    cookie::Ours,
    credential::{Known, Who},
    header::Present,
    inbound::Inbound,
    route::Route,
};

/// What carries a proof of possession.
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The longest access token that is read, in bytes. Those that are made here are shorter by far.
pub(crate) const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// An access token that holds for the request that brought it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) verified: Rc<Verified>,
    pub(crate) scheme: Scheme,
    /// The person whom it is about; the client itself where none.
    pub(crate) user: Option<Arc<User>>,
    /// The proof that came with it holds a nonce that will soon be worth nothing.
    pub(crate) nonce: Nonce,
}

impl Shown {
    /// As policy knows them.
    pub(crate) fn principal(&self) -> Principal {
        self.user.as_ref().map_or_else(
            || Principal::Client(self.client().id),
            |user| Principal::User(user.id),
        )
    }

    /// The client that it was issued to.
    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.verified.client
    }
}

/// What becomes of a request on a bearer route.
pub(crate) enum Read {
    Who(Who),
    Refused(Refused),
}

/// Who asks on a bearer route, by the one token that it brings.
///
/// # Errors
/// Where its cookies cannot be read, or one of ours came beside the token.
pub(crate) fn read(inbound: &Inbound, route: &Route) -> Result<Read, Rejection> {
    let presented = PresentedAccessToken::read(&inbound.headers, inbound.target.query(), None);
    if !matches!(presented, Err(ResourceRefusal::NoToken)) && brings_cookie(inbound)? {
        return Err(Ambiguous::Credentials.into());
    }
    let presented = match presented {
        Ok(presented) => presented,
        Err(why) => return Ok(Read::Refused(Refused::unread(why))),
    };
    Ok(match shown(inbound, route, presented) {
        Ok(who) => Read::Who(who),
        Err(why) => Read::Refused(Refused::of(presented.scheme, why)),
    })
}

/// Whether a cookie of ours came, of whichever kind.
fn brings_cookie(inbound: &Inbound) -> Result<bool, Ambiguous> {
    if !inbound.present.has(Present::COOKIE) {
        return Ok(false);
    }
    let ours = Ours::read(&inbound.headers)?;
    Ok(ours.session.is_some() || ours.sign_on.is_some())
}

fn shown(
    inbound: &Inbound,
    route: &Route,
    presented: PresentedAccessToken<'_>,
) -> Result<Who, refused::Why> {
    if presented.token.len() > TOKEN_BYTES_MAX || inbound.app.is_built_in() {
        return Err(ResourceRefusal::InvalidToken.into());
    }
    let verified = inbound
        .conn
        .thread
        .tokens
        .borrow_mut()
        .verified(inbound, presented.token)
        .ok_or(ResourceRefusal::InvalidToken)?;
    let mut who = standing(inbound, verified, presented.scheme)
        .inspect_err(|why| tracing::debug!(why, app = %inbound.app.app.name, "an access token does not count"))
        .map_err(|_| ResourceRefusal::InvalidToken)?;
    if let Some(shown) = &mut who.token {
        shown.nonce = bound(inbound, route, presented, shown.verified.binding.as_ref())?;
        scopes(route, &shown.verified)?;
    }
    Ok(who)
}

/// Whom a token stands for by the newest facts.
///
/// # Errors
/// Why it stands for nobody.
fn standing(
    inbound: &Inbound,
    verified: Rc<Verified>,
    scheme: Scheme,
) -> Result<Who, &'static str> {
    let (facts, now) = (&inbound.view.facts, inbound.now);
    if let Some(fault) = verified.token.fault(facts, now) {
        return Err(fault);
    }
    let user = match verified.user {
        None => None,
        Some(id) => {
            let user = facts.user(id).filter(|user| !user.disabled);
            Some(user.ok_or("nobody who may sign in is its subject")?.clone())
        }
    };
    let session = match verified.session {
        None => None,
        Some(id) => {
            let session = facts.session(id).filter(|s| s.over(now).is_none());
            let session = session.filter(|s| Some(s.user) == verified.user);
            Some(
                session
                    .ok_or("the session that it was issued in is over")?
                    .clone(),
            )
        }
    };
    let known = user.clone().zip(session).map(|(user, session)| Known {
        rank: match verified.proofs {
            Some(proofs) => proofs.min(session.rank()),
            None => rank(&session, verified.auth_time, verified.token.issued_at),
        },
        user,
        session,
    });
    Ok(Who {
        known,
        token: Some(Box::new(Shown {
            verified,
            scheme,
            user,
            nonce: Nonce::Good,
        })),
        ..Who::default()
    })
}

/// Says with an answer of the app's which nonce the next proof is to hold, where that is another.
pub(crate) fn answers(inbound: &Inbound, shown: &Shown, headers: &mut HeaderMap) {
    headers.remove(refused::DPOP_NONCE);
    if shown.nonce == Nonce::Older {
        add_nonce(inbound, headers);
        if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            let said = HeaderValue::from_static("DPoP-Nonce");
            headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, said);
        }
    }
}

/// How many of the session's proofs a token rests on that does not say so: those that were there when it was issued, up to
/// when its person had last shown who they are. What they proved since then does not promote it.
/// A provider may have seen them before they came from there, and `auth_time` is when it did.
fn rank(session: &Session, auth_time: Option<Timestamp>, issued_at: Timestamp) -> u32 {
    let signed_in = auth_time.map_or(0, Timestamp::as_secs);
    let is_of_it = |proof: &&AuthnEvent| {
        let shown = proof.proven_at().unwrap_or(proof.at);
        shown.as_secs() <= signed_in && proof.at.as_secs() <= issued_at.as_secs()
    };
    let rests_on = session.authn.iter().take_while(is_of_it);
    u32::try_from(rests_on.count()).unwrap_or(u32::MAX)
}

/// Checks what it is bound to, and that it came as such a token comes.
fn bound(
    inbound: &Inbound,
    route: &Route,
    presented: PresentedAccessToken<'_>,
    binding: Option<&Confirmation>,
) -> Result<Nonce, refused::Why> {
    if binding.is_none() && route.sender_constrained {
        return Err(refused::Why::Unbound);
    }
    let key = binding.and_then(|binding| binding.dpop_key);
    if (presented.scheme == Scheme::Dpop) != key.is_some() {
        return Err(ResourceRefusal::InvalidToken.into());
    }
    let certificate = inbound.conn.certificate.as_ref();
    if binding.is_some_and(|binding| !binding.is_met_by(key.as_ref(), certificate)) {
        return Err(ResourceRefusal::InvalidToken.into());
    }
    match key {
        None => Ok(Nonce::Good),
        Some(key) => {
            let proofs = &inbound.conn.thread.shared.proofs;
            proofs.check(inbound, presented.token, &key)
        }
    }
}

fn scopes(route: &Route, verified: &Verified) -> Result<(), ResourceRefusal> {
    let has = |scope: &Arc<str>| verified.token.scopes.binary_search(scope).is_ok();
    match route.scopes.iter().all(has) {
        true => Ok(()),
        false => Err(ResourceRefusal::InsufficientScope {
            scopes: named(&route.scopes),
        }),
    }
}

/// As they are told; those that are declared are scopes all.
fn named(scopes: &[Arc<str>]) -> Scopes {
    Scopes::parse(&scopes.join(" ")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use gw_engine::testing::{START, session, user};
    use gw_model::{AuthnMethod, ProviderProof};

    use super::*;

    /// A proof so many seconds after the start, by a provider that saw the person so many before it.
    fn proof(at: u64, provider: Option<Option<u64>>) -> AuthnEvent {
        let start = START.as_secs();
        AuthnEvent {
            method: match provider {
                Some(_) => AuthnMethod::Provider,
                None => AuthnMethod::Passkey,
            },
            at: Timestamp::from_secs(start + at),
            factor: None,
            provider: provider.map(|seen| {
                Arc::new(ProviderProof {
                    provider: "corp".parse().expect("a name"),
                    subject: "ana".into(),
                    session: None,
                    authenticated_at: seen.map(|before| Timestamp::from_secs(start - before)),
                    acr: None,
                    amr: Vec::new(),
                    multi_factor: false,
                    phishing_resistant: false,
                })
            }),
        }
    }

    #[test]
    fn a_token_rests_on_the_proofs_of_its_sign_in_and_on_none_that_came_later() {
        let of = |proofs: &[AuthnEvent], auth_time: Option<i64>, issued: u64| {
            let ana = user(1, "ana", &[]);
            let session = Session {
                authn: proofs.to_vec(),
                ..session(1, &ana, AuthnMethod::Passkey, START)
            };
            let at = |secs: i64| Timestamp::from_secs(START.as_secs().saturating_add_signed(secs));
            let issued = Timestamp::from_secs(START.as_secs() + issued);
            rank(&session, auth_time.map(at), issued)
        };
        let both = [proof(0, None), proof(60, None)];
        assert_eq!(of(&both, None, 90), 0, "it says nothing of a sign-in");
        assert_eq!(of(&both, Some(-1), 90), 0);
        assert_eq!(of(&both, Some(0), 30), 1);
        assert_eq!(of(&both, Some(0), 90), 1, "renewed after a step-up");
        assert_eq!(of(&both, Some(60), 90), 2);
        let seen_before = [proof(0, Some(Some(3600))), proof(60, None)];
        assert_eq!(of(&seen_before, Some(-3600), 30), 1);
        assert_eq!(of(&seen_before, Some(-3600), 90), 1);
        let unseen = [proof(0, Some(None)), proof(60, Some(Some(10)))];
        assert_eq!(
            of(&unseen, Some(0), 30),
            1,
            "a later word of an earlier time"
        );
    }
}
