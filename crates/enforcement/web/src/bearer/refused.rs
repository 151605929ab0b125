//! What a client hears that was refused on a bearer route: a problem, and the challenge that says
//! what would do better (RFC 6750, 3; RFC 9449, 7.1; RFC 9470). Never a page, never a redirect.

use std::{rc::Rc, time::Duration};

use gw_door::Refusal;
use gw_engine::Circumstances;
use gw_model::{AuthnEvent, Lever, Remedies};
use gw_oauth::{Challenge, ResourceRefusal, Scheme};
use gw_pages::refused::Level;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{ACCESS_CONTROL_EXPOSE_HEADERS, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::{Shown, metadata, proofs};
use crate::{
    answer::{Own, Problem},
    credential::Known,
    fetch_site,
    inbound::{Asked, Inbound},
    refusal,
    route::Route,
};

pub(super) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The authentication context of a sign-in that resists phishing (OpenID Connect Extended
/// Authentication Profile, 4).
const PHISHING_RESISTANT: &str = "phr";
/// What a token says of a sign-in by more than one factor.
const MULTI_FACTOR: &str = "urn:gatewright:acr:multi-factor";

/// A request that brings no token that counts.
#[derive(Debug)]
pub(crate) struct Refused {
    /// By which scheme one came.
    scheme: Option<Scheme>,
    why: Why,
}

/// Why.
#[derive(Debug)]
pub(crate) enum Why {
    Resource(ResourceRefusal),
    /// The route takes bound tokens only, and it is bound to nothing.
    Unbound,
    /// There is no room to remember its proof.
    Busy,
}

impl From<ResourceRefusal> for Why {
    fn from(refusal: ResourceRefusal) -> Self {
        Self::Resource(refusal)
    }
}

/// The same without what belongs to it.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Missing,
    Request,
    Invalid,
    Scope,
    StepUp,
    Proof,
    Nonce,
    Unbound,
    Busy,
}

impl Why {
    const fn kind(&self) -> Kind {
        use ResourceRefusal as R;
        match self {
            Self::Resource(R::NoToken) => Kind::Missing,
            Self::Resource(R::Request) => Kind::Request,
            Self::Resource(R::InvalidToken) => Kind::Invalid,
            Self::Resource(R::InsufficientScope { .. }) => Kind::Scope,
            Self::Resource(R::InsufficientUserAuthentication { .. }) => Kind::StepUp,
            Self::Resource(R::InvalidProof) => Kind::Proof,
            Self::Resource(R::UseNonce) => Kind::Nonce,
            Self::Unbound => Kind::Unbound,
            Self::Busy => Kind::Busy,
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Resource(refusal) => refusal.status(),
            Self::Unbound => StatusCode::UNAUTHORIZED,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

impl Kind {
    /// A short word for counters and problem types.
    const fn code(self) -> &'static str {
        match self {
            Self::Missing => "token-missing",
            Self::Request => "token-request",
            Self::Invalid => "token-invalid",
            Self::Scope => "token-scope",
            Self::StepUp => "token-step-up",
            Self::Proof => "token-proof",
            Self::Nonce => "token-nonce",
            Self::Unbound => "token-unbound",
            Self::Busy => "token-busy",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Missing => "This needs an access token",
            Self::Busy => "Too much at once",
            _ => "This access token does not open it",
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::Missing => {
                "Send an access token that is addressed to this app in the `Authorization` header; `resource_metadata` says where tokens come from."
            }
            Self::Request => {
                "Send one access token, in one `Authorization` header and nowhere else."
            }
            Self::Invalid => {
                "The access token is expired, was taken back, is addressed to another resource, or is bound to what this request does not prove. Get a new one."
            }
            Self::Scope => "Ask for an access token with the scopes that are named.",
            Self::StepUp => {
                "Have the person sign in as the challenge says, and come with the token of that sign-in."
            }
            Self::Proof => {
                "Make a proof for this very request by the key that the token is bound to, once for each request."
            }
            Self::Nonce => "Make the proof again with the nonce in `DPoP-Nonce`.",
            Self::Unbound => {
                "Only access tokens that are bound to a key (DPoP) or a client's certificate are taken here."
            }
            Self::Busy => {
                "So many proofs came lately that no more can be remembered. Try again in a moment."
            }
        }
    }
}

impl Refused {
    pub(super) const fn of(scheme: Scheme, why: Why) -> Self {
        Self {
            scheme: Some(scheme),
            why,
        }
    }

    /// What came is no token in any scheme.
    pub(super) const fn unread(why: ResourceRefusal) -> Self {
        Self {
            scheme: match why {
                ResourceRefusal::NoToken => None,
                _ => Some(Scheme::Bearer),
            },
            why: Why::Resource(why),
        }
    }

    /// The refusal of this scheme's challenge: what is wrong is said in that by which it came.
    fn said_in(&self, scheme: Scheme) -> ResourceRefusal {
        match &self.why {
            Why::Resource(refusal) if self.scheme == Some(scheme) => refusal.clone(),
            Why::Unbound if self.scheme == Some(scheme) => ResourceRefusal::InvalidToken,
            Why::Resource(_) | Why::Unbound | Why::Busy => ResourceRefusal::NoToken,
        }
    }

    /// The answer.
    fn render(&self, inbound: &Inbound, route: &Route) -> Own {
        let kind = self.why.kind();
        let (code, status) = (kind.code(), self.why.status());
        let mut own = Problem::new(status, code, kind.title(), kind.detail()).answer();
        let headers = own.headers_mut();
        match self.why {
            Why::Busy => drop(headers.insert(RETRY_AFTER, HeaderValue::from_static("1"))),
            Why::Resource(_) | Why::Unbound => self.challenge(inbound, headers),
        }
        share(inbound, route, headers);
        own
    }

    fn challenge(&self, inbound: &Inbound, headers: &mut HeaderMap) {
        headers.remove(WWW_AUTHENTICATE);
        let address = metadata::address(inbound);
        for scheme in [Scheme::Bearer, Scheme::Dpop] {
            let challenge = Challenge {
                scheme,
                realm: inbound.app.app.name.as_str(),
                resource_metadata: Some(&address),
                algorithms: &proofs::ALGORITHMS,
            };
            if let Some(value) = challenge.header(&self.said_in(scheme)) {
                headers.append(WWW_AUTHENTICATE, value);
            }
        }
        if self.scheme == Some(Scheme::Dpop) {
            add_nonce(inbound, headers);
        }
    }
}

/// Answers what is refused before anybody is asked: counted, not recorded.
pub(crate) fn answer(inbound: &Inbound, route: &Route, refused: &Refused) -> Own {
    let thread = &inbound.conn.thread;
    thread.metrics.requests_refused.add(1);
    let host = &inbound.app.app.host;
    thread
        .door
        .refused_stranger(refused.why.kind().code(), host, inbound.address);
    refused.render(inbound, route)
}

/// Answers what policy refused: by a challenge, where a stronger or newer sign-in of the person
/// would open it.
pub(crate) async fn by_policy(
    asked: &Asked,
    shown: &Shown,
    circumstances: &Rc<Circumstances>,
    refused: &Refusal,
) -> Own {
    let inbound = &asked.inbound;
    let refusing = |why| Refused::of(shown.scheme, Why::Resource(why));
    let view = inbound.conn.thread.view();
    let is_over = shown
        .verified
        .token
        .fault(&view.facts, inbound.now)
        .is_some();
    if is_over || refused.judgement.ended.is_some() {
        return refusing(ResourceRefusal::InvalidToken).render(inbound, &asked.route);
    }
    let level = inbound.conn.thread.shared.options.remedies;
    let remedies = match (level, &asked.who.known) {
        (Level::None, _) | (_, None) => Default::default(),
        (_, Some(_)) => {
            inbound
                .conn
                .thread
                .door
                .engine()
                .remedies(circumstances)
                .await
        }
    };
    let known = asked.who.known.as_ref().filter(|_| level != Level::None);
    if let Some(why) = known.and_then(|known| step_up(asked, known, circumstances, &remedies)) {
        return refusing(why).render(inbound, &asked.route);
    }
    let mut own = refusal::problem(asked, refused, &remedies, level);
    share(inbound, &asked.route, own.headers_mut());
    own
}

/// The sign-in that would open it, as far as the person can do it by themselves.
fn step_up(
    asked: &Asked,
    known: &Known,
    circumstances: &Circumstances,
    remedies: &Remedies,
) -> Option<ResourceRefusal> {
    let resists = |events: &[AuthnEvent]| events.iter().any(AuthnEvent::is_phishing_resistant);
    let has_proven = resists(known.session.authn_at(known.rank));
    if refusal::opens_at_full_rank(asked, known.session.id, circumstances) {
        // The session has proven it already: another token of it is enough.
        let last = known.session.authn.iter().map(|event| event.at).max()?;
        let since = asked.inbound.now.since(last);
        return Some(needs(
            (!has_proven && resists(&known.session.authn)).then_some(PHISHING_RESISTANT),
            Some(since + Duration::from_secs(1)),
        ));
    }
    let ways = remedies.ways.iter().filter(|way| way.alone());
    let mut single = ways.filter_map(|way| match &*way.steps {
        [lever] => Some(lever),
        _ => None,
    });
    single.find_map(|lever| match lever {
        // One that is there already is not new enough.
        Lever::ConfirmWithPasskey | Lever::EnrolPasskey => {
            let max_age = has_proven.then_some(Duration::ZERO);
            Some(needs(Some(PHISHING_RESISTANT), max_age))
        }
        Lever::ConfirmWithPassword => Some(needs(Some(MULTI_FACTOR), Some(Duration::ZERO))),
        Lever::ConfirmWithProvider(_) | Lever::SignIn => Some(needs(None, Some(Duration::ZERO))),
        Lever::FreshLink | Lever::Network(_) | Lever::Time(_) | Lever::Group(_) => None,
    })
}

fn needs(acr: Option<&str>, max_age: Option<Duration>) -> ResourceRefusal {
    let acr_values = acr.map(str::to_owned);
    ResourceRefusal::InsufficientUserAuthentication {
        acr_values: acr_values.into_iter().collect(),
        max_age,
    }
}

/// Lets pages of the origins that the route lists read an answer, and what it says to their
/// scripts.
fn share(inbound: &Inbound, route: &Route, headers: &mut HeaderMap) {
    let origin = inbound.headers.get(ORIGIN);
    if fetch_site::allow_origin(origin, &route.origins, headers) {
        let said = HeaderValue::from_static("WWW-Authenticate, DPoP-Nonce");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, said);
    }
}

/// Says which nonce the next proof is to hold.
pub(crate) fn add_nonce(inbound: &Inbound, headers: &mut HeaderMap) {
    let proofs = &inbound.conn.thread.shared.proofs;
    if let Some(nonce) = proofs.nonce(inbound.now) {
        headers.insert(DPOP_NONCE, nonce);
    }
}
