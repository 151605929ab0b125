//! The token endpoint (OAuth 2.1, 3.2): who asks, with what they prove, and for what.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use gw_jose::{DpopProof, DpopRules, Now, SeenKey, Thumbprint};
use gw_model::{ClientName, Principal};
use gw_oauth::{
    Authenticated, AuthenticationFault, AuthenticationRules, ClientAuthentication, Credential,
    DpopHeaderFault, Grant, GrantId, Parameters, Proven, TokenError, TokenRequest, Workload,
    answer, read_dpop,
};
use http::{HeaderMap, HeaderValue, Response};

use crate::{
    ask::{self, Question},
    certificate,
    clients::Registered,
    device, exchange, issue, redeem, refresh, registration,
    server::ACCEPTED,
    visit::{Visit, of_json},
    workload,
};

/// A client that has shown who it is, and what it has proven beside.
pub(crate) struct Asking {
    pub(crate) known: Registered,
    pub(crate) proven: Proven,
    /// What an issuer elsewhere says of it, where that is how it shows who it is.
    pub(crate) workload: Option<Workload>,
    /// The proof that came along, which is still to be taken.
    proof: Mutex<Option<Proof>>,
}

impl Asking {
    /// What policy reads of what is said of it elsewhere.
    pub(crate) fn workload_facts(&self) -> Vec<Arc<str>> {
        self.workload
            .as_ref()
            .map(Workload::facts)
            .unwrap_or_default()
    }

    /// Takes the proof that came along, once: as soon as something else shows that who asks is no
    /// stranger, so that strangers' proofs take no room.
    pub(crate) fn take_proof(&self, visit: &Visit) -> Result<(), DpopHeaderFault> {
        let proof = self.proof.lock();
        let proof = proof.unwrap_or_else(PoisonError::into_inner).take();
        proof.map_or(Ok(()), |proof| proof.take(visit).map(drop))
    }
}

/// Answers a token request.
pub(crate) async fn answer(visit: &Visit) -> Response<Bytes> {
    let headers = &visit.request.headers;
    let mut answered = match tokens(visit).await {
        Ok(answered) => answered,
        Err(fault) => {
            tracing::debug!(%fault, "no token was given");
            fault.answer(headers)
        }
    };
    if headers.contains_key("dpop") {
        let nonce = visit.server.shared.nonces.current(visit.now);
        answer::add_dpop_nonce(&mut answered, &nonce);
    }
    of_json(answered)
}

async fn tokens(visit: &Visit) -> Result<answer::Answer, TokenError> {
    let parameters = posted(visit)?;
    let asking = asking(visit, &parameters).await?;
    let client = &asking.known.client;
    let answered = match TokenRequest::read(&parameters, client)? {
        TokenRequest::AuthorizationCode(request) => redeem::code(visit, &asking, &request).await,
        TokenRequest::RefreshToken(request) => refresh::rotate(visit, &asking, &request).await,
        TokenRequest::DeviceCode(code) => device::poll(visit, &asking, &code).await,
        TokenRequest::TokenExchange(request) => exchange::answer(visit, &asking, &request).await,
        TokenRequest::ClientCredentials(request) => {
            let id = GrantId::generate().map_err(|_| TokenError::Server)?;
            let mut grant = request.decide(client, &asking.proven, id)?;
            grant.expires_max = asking.workload.as_ref().map(|workload| workload.expires);
            let access = of_client(visit, &asking, &grant).await?;
            Ok(access.response(&grant).answer())
        }
    };
    if answered.is_ok() {
        registration::note_use(visit, &asking.known).await;
    }
    answered
}

/// A token of a client's own.
pub(crate) async fn of_client(
    visit: &Visit,
    asking: &Asking,
    grant: &Grant,
) -> Result<issue::Issued, TokenError> {
    let question = Question {
        principal: Principal::Client(asking.known.fact.id),
        session: None,
        address: visit.request.judged.address,
        client: &asking.known.fact,
        grant: &grant.authorization.id,
        scopes: &grant.scopes,
        actor: None,
        binding: grant.binding,
        workload: &asking.workload_facts(),
    };
    asking.take_proof(visit)?;
    let questions = question.issue(&visit.server, &grant.resources);
    let allowed = ask::all(&visit.server, &questions).await;
    allowed.ok_or(TokenError::Denied)?;
    issue::access_token(visit, grant, None).await
}

/// What was posted, each parameter once and none in the address.
pub(crate) fn posted(visit: &Visit) -> Result<Parameters, TokenError> {
    let request = &visit.request;
    Ok(Parameters::posted(
        request.query.as_deref(),
        &request.headers,
        &request.body,
    )?)
}

/// Who asks, and what they have proven.
pub(crate) async fn asking(visit: &Visit, parameters: &Parameters) -> Result<Asking, TokenError> {
    let (known, workload) = match workload::client(visit, parameters).await? {
        Some((known, workload)) => (known, Some(workload)),
        None => (client(visit, parameters).await?, None),
    };
    let proof = proof(visit, &known, &visit.server.endpoints().token, None)?;
    let proven = Proven {
        dpop_key: proof.as_ref().map(|proof| proof.proof.key),
        certificate: certificate::thumbprint(visit),
    };
    let asking = Asking {
        proof: Mutex::new(proof),
        known,
        proven,
        workload,
    };
    if !asking.known.client.is_public() {
        asking.take_proof(visit)?;
    }
    Ok(asking)
}

/// The client that asks, which has shown who it is as it is registered to.
pub(crate) async fn client(
    visit: &Visit,
    parameters: &Parameters,
) -> Result<Registered, TokenError> {
    let credential = Credential::read(&visit.request.headers, parameters)?;
    let known = visit.client(credential.client_id().as_str());
    let known = known.ok_or(AuthenticationFault::Unknown)?;
    let mut checked = check(visit, &credential, &known, false).await;
    if checked
        .as_ref()
        .is_err_and(AuthenticationFault::needs_reload)
    {
        checked = check(visit, &credential, &known, true).await;
    }
    let Authenticated { once } = checked?;
    match once {
        Some((key, until)) if !visit.server.is_first(key, until) => {
            Err(AuthenticationFault::Unknown.into())
        }
        _ => Ok(known),
    }
}

/// Counts what a client asks that leaves something behind and has shown nothing: strangers fill
/// neither the store nor the log.
///
/// # Errors
/// Where its address, or all of them together, ask too often.
pub(crate) fn admit(visit: &Visit, known: &Registered) -> Result<(), TokenError> {
    if is_of_a_page(&visit.request.headers) {
        return Err(TokenError::Denied);
    }
    let server = &visit.server;
    let address = visit.request.judged.address;
    // The address first: one that asks too often takes nothing of what all have together.
    let is_admitted = !known.client.is_public()
        || (server.shared.identity.admits_program(address) && server.admits_stranger());
    is_admitted.then_some(()).ok_or(TokenError::Unavailable)
}

/// Whether a browser sent it, for a page that is none of ours: what pages have their visitors ask
/// counts against nobody.
fn is_of_a_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    matches!(site, Some(b"cross-site" | b"same-site"))
}

/// Checks how a client shows who it is, by its keys as they are known, or as they are now.
async fn check(
    visit: &Visit,
    credential: &Credential<'_>,
    known: &Registered,
    anew: bool,
) -> Result<Authenticated, AuthenticationFault> {
    let server = &visit.server;
    let keys = match (&known.client.authentication, &known.client.keys) {
        (
            ClientAuthentication::PrivateKeyJwt | ClientAuthentication::SelfSignedTlsClientAuth,
            Some(keys),
        ) => {
            let fetched = &server.shared.client_keys;
            let tls = &server.shared.options.tls;
            fetched
                .of(keys, known.fact.owner, tls, visit.now, anew)
                .await
        }
        _ => None,
    };
    let certificate = certificate::shown(visit);
    let rules = AuthenticationRules {
        audiences: &[server.issuer().as_str(), &server.endpoints().token],
        algorithms: &ACCEPTED,
        keys: keys.as_deref(),
        certificate: certificate.as_ref(),
        now: visit.now,
    };
    credential.check(&known.client, &rules)
}

/// A DPoP proof that holds, and still has to be the first of its id.
pub(crate) struct Proof {
    proof: DpopProof,
    client: ClientName,
}

impl Proof {
    /// Its key, if it came for the first time; what is remembered of the proofs of one client takes
    /// the room of no other.
    pub(crate) fn take(self, visit: &Visit) -> Result<Thumbprint, DpopHeaderFault> {
        let id = format!("{} {}", self.proof.key, self.proof.id);
        let key = SeenKey::new("dpop", self.client.as_str(), &id);
        match visit.server.is_first(key, self.proof.remember_until) {
            true => Ok(self.proof.key),
            false => Err(DpopHeaderFault::Replayed),
        }
    }
}

/// The DPoP proof that came along, which holds one of our nonces. At a resource it is for the access
/// token that it came with.
pub(crate) fn proof(
    visit: &Visit,
    client: &Registered,
    url: &str,
    access_token: Option<&str>,
) -> Result<Option<Proof>, DpopHeaderFault> {
    let server = &visit.server;
    let nonces = server.shared.nonces.good(visit.now);
    let nonces: Vec<_> = nonces.iter().map(String::as_str).collect();
    let rules = DpopRules {
        method: visit.request.method.as_str(),
        url,
        now: Now::at(visit.now),
        algorithms: &ACCEPTED,
        access_token,
        nonces: &nonces,
    };
    let proof = read_dpop(&visit.request.headers, &rules)?;
    Ok(proof.map(|proof| Proof {
        proof,
        client: client.fact.name.clone(),
    }))
}
