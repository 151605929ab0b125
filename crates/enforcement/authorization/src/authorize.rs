//! The authorization endpoint (OAuth 2.1, 4.1; OpenID Connect Core 1.0, 3.1.2): from a request to
//! a code, by way of whatever the person has to do first.

use bytes::Bytes;
use gw_engine::{Asked, Circumstances, Commit};
use gw_model::{Actor, DecisionId, EndReason, Principal, Remedy, Resource};
use gw_oauth::{
    Authorization, AuthorizationFault, AuthorizationRequest, CodeRecord, Consent, GrantId,
    Parameters, Person, PushedRequest, Refusal as RequestRefusal, Secret, ShownFault, Standing,
    Step,
};
use gw_pages::redirect;
use http::Response;

use crate::{
    ask::{self, Question},
    clients::Registered,
    consent,
    kept::{self, AFTERWARDS, Granted, KeptCode, Put},
    keys, pages,
    pending::{self, Pending, PendingAuthorization},
    person::ACRS,
    pushed,
    refused::Refused,
    server::{PENDING_LIVES, RESUME, paths},
    visit::{Answer, SignedIn, Visit},
};

/// The longest query that a posted request is turned into.
const QUERY_BYTES_MAX: usize = 8 * 1024;

/// A client sends somebody here.
pub(crate) async fn begin(visit: &Visit) -> Answer {
    let request = match read(visit).await? {
        Ok(request) => request,
        Err(refusal) => return Ok(refused(visit, &refusal)),
    };
    let Some(attempt) = pending::attempt() else {
        return Err(Box::new(pages::out_of_order()));
    };
    let pending = PendingAuthorization {
        request,
        is_chosen: false,
        agreed: None,
        shown: None,
    };
    go_on(visit, &attempt, pending).await
}

/// The same by a form (OpenID Connect Core 1.0, 3.1.2.1): a page of another site posts it, so that
/// nobody's session comes along; it comes again as an address, with it.
pub(crate) fn posted(visit: &Visit) -> Answer {
    Ok(as_address(visit, paths::AUTHORIZE))
}

/// A posted form as an address of ours.
pub(crate) fn as_address(visit: &Visit, path: &str) -> Response<Bytes> {
    let form = Parameters::of_form(&visit.request.headers, &visit.request.body);
    match form {
        Err(fault) => pages::shown(visit, &fault.into()),
        // Written anew: what was posted may hold what no address does.
        Ok(parameters) => match parameters.query() {
            query if query.len() > QUERY_BYTES_MAX => {
                pages::shown(visit, &gw_oauth::ParameterFault::TooLarge.into())
            }
            query => redirect(&format!("{path}?{query}")),
        },
    }
}

fn refused(visit: &Visit, refusal: &RequestRefusal) -> Response<Bytes> {
    match refusal.delivery() {
        Ok(delivery) => pages::deliver(&delivery),
        Err(fault) => pages::shown(visit, fault),
    }
}

type Read = Result<AuthorizationRequest, RequestRefusal>;

async fn read(visit: &Visit) -> Result<Read, crate::visit::Refusal> {
    let parameters = match Parameters::of_query(visit.request.query.as_deref()) {
        Ok(parameters) => parameters,
        Err(fault) => return Ok(Err(ShownFault::from(fault).into())),
    };
    let asked = match gw_oauth::Asked::read(&parameters) {
        Ok(asked) => asked,
        Err(fault) => return Ok(Err(fault.into())),
    };
    let Some(known) = visit.client(asked.client_id().as_str()) else {
        return Ok(Err(ShownFault::UnknownClient.into()));
    };
    let issuer = visit.server.issuer();
    match asked {
        gw_oauth::Asked::Here(_) => Ok(AuthorizationRequest::read(
            &parameters,
            &known.client,
            issuer,
            visit.now,
        )),
        gw_oauth::Asked::Pushed { client_id, kept } => {
            let taken = pushed::take(visit, &kept).await;
            let taken = taken.map_err(|fault| pages::failed("a pushed request", &fault))?;
            let open = |pushed: PushedRequest| pushed.open(&client_id, visit.now);
            let opened = taken.ok_or(ShownFault::PushedRequest).and_then(open);
            Ok(opened.map_err(Into::into))
        }
    }
}

/// Goes on with a request as far as it goes now.
pub(crate) async fn go_on(visit: &Visit, attempt: &str, pending: PendingAuthorization) -> Answer {
    let request = &pending.request;
    let known = visit.client(request.client_id.as_str());
    let Some(known) = known.filter(|known| known.fact.app.is_some()) else {
        return Ok(pages::shown(visit, &ShownFault::UnknownClient));
    };
    if let Err(fault) = still_holds(visit, &known, request) {
        return Ok(pending::ending(attempt, pages::shown(visit, &fault)));
    }
    let step = match next_step(visit, &known, &pending).await {
        Ok(step) => step,
        Err(Stopped::Fault(fault)) => return Ok(told(attempt, request, &fault)),
        Err(Stopped::Failed(refusal)) => return Err(refusal),
    };
    match (step, &visit.person) {
        (Step::SignIn { .. }, None) => sign_in(visit, attempt, &known, pending, "/sign-in"),
        (Step::SignIn { .. }, Some(person)) => {
            match is_somebody_else(visit, &known, request, person) {
                true => ask_for_another(visit, attempt, &known, pending),
                false => sign_in(visit, attempt, &known, pending, "/confirm"),
            }
        }
        (Step::ChooseAccount, _) => ask_for_account(visit, attempt, &known, pending),
        (step, Some(person)) => {
            let Ok(grant) = GrantId::generate() else {
                return Err(Box::new(pages::out_of_order()));
            };
            let question = question(visit, &known, request, person, &grant);
            // Nobody is asked to agree to what policy refuses.
            let asks = step == Step::AskConsent
                && question
                    .authorize(&visit.server)
                    .is_some_and(|asked| ask::is_allowed(&visit.server, &asked))
                && hopeless(visit, &question, request).is_none();
            match asks {
                true => consent::ask(visit, attempt, &known, pending, person),
                false => decide(visit, attempt, &known, pending, person, grant).await,
            }
        }
        (_, None) => Err(pages::over(visit)),
    }
}

/// That a request is not too old, and is still one that its client may make as it is registered now.
fn still_holds(
    visit: &Visit,
    known: &Registered,
    request: &AuthorizationRequest,
) -> Result<(), ShownFault> {
    let client = &known.client;
    if client
        .redirect_uri(request.answer_to.redirect_uri())
        .is_none()
    {
        return Err(ShownFault::RedirectUri);
    }
    let is_within = request.scopes.is_within(&client.scopes)
        && request.resources.is_within(&client.resources)
        && visit.now < request.received_at.after(PENDING_LIVES);
    is_within.then_some(()).ok_or(ShownFault::PushedRequest)
}

/// Why it does not go on.
enum Stopped {
    /// The client is told.
    Fault(AuthorizationFault),
    /// Something of ours failed.
    Failed(crate::visit::Refusal),
}

impl From<AuthorizationFault> for Stopped {
    fn from(fault: AuthorizationFault) -> Self {
        Self::Fault(fault)
    }
}

async fn next_step(
    visit: &Visit,
    known: &Registered,
    pending: &PendingAuthorization,
) -> Result<Step, Stopped> {
    let request = &pending.request;
    let hinted = hinted(visit, request)?;
    let person = visit.person.as_ref();
    let subject = person.map(|person| subject(visit, known, person));
    let since = request.fresh_since(visit.now);
    let acrs = person.map(|person| person.acrs(since)).unwrap_or_default();
    let is_agreed = person.is_some_and(|person| pending.agreed == Some(person.user.id));
    let agreed = match person {
        Some(person) if !is_agreed => {
            let wish = consent::Wish {
                client: &known.fact,
                about: None,
                scopes: &consent::told(request, &known.client),
                resources: &request.resources,
            };
            wish.is_granted(visit, person).await
        }
        _ => Ok(false),
    };
    let agreed = agreed
        .map_err(|fault| Stopped::Failed(pages::failed("what somebody agreed to", &fault)))?;
    let standing = Standing {
        person: person
            .zip(subject.as_deref())
            .map(|(person, subject)| Person {
                subject,
                proven_at: person.proven_at(),
                came_at: person.came_at(),
                acrs: &acrs,
            }),
        account_chosen: pending.is_chosen,
        consent: match (is_agreed, agreed) {
            (true, _) => Consent::Now,
            (_, true) => Consent::Before,
            _ => Consent::Missing,
        },
        hinted_subject: hinted.as_deref(),
        known_acrs: &ACRS,
        can_prove: person.is_some_and(|person| {
            let identity = &visit.server.shared.identity;
            identity.can_confirm(&person.user)
        }),
    };
    Ok(request.next_step(&standing, visit.now)?)
}

/// Whom an ID token names that we once issued to this client.
fn hinted(
    visit: &Visit,
    request: &AuthorizationRequest,
) -> Result<Option<String>, AuthorizationFault> {
    let view = visit.server.engine().view();
    let keys = visit.server.shared.keys.id(&view.facts);
    let algorithms = keys::id_token_algorithms();
    let hint = request.hint(&keys, &algorithms, visit.server.issuer())?;
    Ok(hint.map(|hint| hint.subject))
}

/// The person's name as this client is told it.
pub(crate) fn subject(visit: &Visit, known: &Registered, person: &SignedIn) -> String {
    let name = person.user.id.to_string();
    visit.server.shared.pairwise.subject(&known.client, &name)
}

/// Whether the client means somebody else than who is signed in.
fn is_somebody_else(
    visit: &Visit,
    known: &Registered,
    request: &AuthorizationRequest,
    person: &SignedIn,
) -> bool {
    let subject = subject(visit, known, person);
    let hinted = hinted(visit, request).ok().flatten();
    let claimed = request.claims.subject();
    hinted.is_some_and(|hinted| hinted != subject)
        || claimed.is_some_and(|how| !how.wants(&subject.as_str().into()))
}

fn told(
    attempt: &str,
    request: &AuthorizationRequest,
    fault: &AuthorizationFault,
) -> Response<Bytes> {
    pending::ending(attempt, pages::deliver(&request.answer_to.refusal(fault)))
}

/// The person signs in, or proves once more who they are, and comes back.
fn sign_in(
    visit: &Visit,
    attempt: &str,
    known: &Registered,
    pending: PendingAuthorization,
    page: &str,
) -> Answer {
    let Some(app) = &known.fact.app else {
        return Err(pages::over(visit));
    };
    let onward = redirect(&format!("{page}?{}", pending::leading(app, attempt)));
    let pending = Pending::Authorization(Box::new(pending));
    pending::keeping(visit, &pending, attempt, onward)
}

/// Asks which account is to be used.
fn ask_for_account(
    visit: &Visit,
    attempt: &str,
    known: &Registered,
    mut pending: PendingAuthorization,
) -> Answer {
    if visit.person.is_none() {
        // Whoever signs in now chooses by it.
        pending.is_chosen = true;
        return sign_in(visit, attempt, known, pending, "/sign-in");
    }
    account_page(visit, attempt, known, pending, true)
}

/// Says that somebody else is meant.
fn ask_for_another(
    visit: &Visit,
    attempt: &str,
    known: &Registered,
    pending: PendingAuthorization,
) -> Answer {
    account_page(visit, attempt, known, pending, false)
}

fn account_page(
    visit: &Visit,
    attempt: &str,
    known: &Registered,
    pending: PendingAuthorization,
    may_stay: bool,
) -> Answer {
    let view = visit.server.engine().view();
    let title = known.title(&view.facts);
    let Some(person) = &visit.person else {
        return Err(pages::over(visit));
    };
    let page = consent::account_page(visit, attempt, &title, person, may_stay);
    let pending = Pending::Authorization(Box::new(pending));
    pending::keeping(visit, &pending, attempt, page)
}

/// The person chose: to stay who they are, or to be somebody else.
pub(crate) async fn choose_account(visit: &Visit) -> Answer {
    let form = visit.form()?;
    let attempt = form.value("attempt").unwrap_or_default();
    let Some(Pending::Authorization(mut pending)) = Pending::of(visit, attempt) else {
        return Err(pages::over(visit));
    };
    let again = format!("{RESUME}?attempt={attempt}");
    let shown = visit.person.as_ref().map(|one| one.user.id.to_string());
    // Who was not shown the question has chosen nothing.
    pending.is_chosen = form.value("person") == shown.as_deref();
    let kept = Pending::Authorization(pending);
    if form.value("choice") != Some("other") {
        return pending::keeping(visit, &kept, attempt, gw_pages::onward(&again));
    }
    let mut onward = gw_pages::onward(&again);
    if let Some(person) = &visit.person {
        let by = Actor::User(person.user.id);
        let ended = visit.server.shared.identity.end_session(
            person.session.id,
            EndReason::SignedOut,
            by,
            None,
        );
        ended
            .await
            .map_err(|fault| pages::failed("a session was not ended", &fault))?;
        gw_identity::forget_session(&mut onward);
    }
    pending::keeping(visit, &kept, attempt, onward)
}

/// What is asked of the policy about this request.
fn question<'a>(
    visit: &Visit,
    known: &'a Registered,
    request: &'a AuthorizationRequest,
    person: &SignedIn,
    grant: &'a GrantId,
) -> Question<'a> {
    Question {
        principal: Principal::User(person.user.id),
        session: Some((person.session.id, person.rank)),
        address: visit.request.judged.address,
        client: &known.fact,
        grant,
        scopes: &request.scopes,
        actor: None,
        workload: &[],
        binding: gw_oauth::Binding {
            dpop_key: request.dpop_key,
            certificate: None,
        },
    }
}

/// The question about the tokens that the code would be for to which policy says no, whatever is
/// proven when it is redeemed: it is asked again then, and the person is not there any more.
fn hopeless(
    visit: &Visit,
    question: &Question<'_>,
    request: &AuthorizationRequest,
) -> Option<Circumstances> {
    if request.resources.is_empty() {
        return None;
    }
    let asked = question.issue(&visit.server, &request.resources);
    let mut asked = asked.into_iter();
    asked.find(|asked| !ask::may_be_allowed(&visit.server, asked))
}

/// Asks the policy, and gives a code where it allows.
async fn decide(
    visit: &Visit,
    attempt: &str,
    known: &Registered,
    pending: PendingAuthorization,
    person: &SignedIn,
    grant: GrantId,
) -> Answer {
    let request = &pending.request;
    let question = question(visit, known, request, person, &grant);
    let Some(circumstances) = question.authorize(&visit.server) else {
        return Err(pages::over(visit));
    };
    let asked = visit.server.engine().ask(&circumstances).await;
    if !asked.is_allow() {
        let no = No {
            circumstances: &circumstances,
            asked: &asked,
        };
        return denied(visit, attempt, known, pending, person, &no).await;
    }
    if let Some(circumstances) = hopeless(visit, &question, request) {
        let about_tokens = visit.server.engine().ask(&circumstances).await;
        if !about_tokens.is_allow() {
            let no = No {
                circumstances: &circumstances,
                asked: &about_tokens,
            };
            return denied(visit, attempt, known, pending, person, &no).await;
        }
    }
    let code = give_code(visit, request, person, grant, asked.id).await;
    let code = code.map_err(|fault| pages::failed("a code was not given", &fault))?;
    let answer = pages::deliver(&request.answer_to.code(&code));
    Ok(pending::ending(attempt, answer))
}

/// Something of ours failed.
#[derive(Debug, thiserror::Error)]
enum CodeError {
    #[error("the system gave no random bytes")]
    NoRandomness(#[from] gw_jose::pkce::NoRandomness),
    #[error(transparent)]
    Kept(#[from] kept::KeptError),
    #[error(transparent)]
    Commit(#[from] gw_engine::CommitError),
}

async fn give_code(
    visit: &Visit,
    request: &AuthorizationRequest,
    person: &SignedIn,
    id: GrantId,
    decision: DecisionId,
) -> Result<Secret, CodeError> {
    let secret = Secret::generate()?;
    let authorization = Authorization {
        id,
        client_id: request.client_id.clone(),
        subject: person.user.id.to_string(),
        scopes: request.scopes.clone(),
        resources: request.resources.clone(),
        sign_in: Some(person.sign_in(&wanted_acrs(request), request.fresh_since(visit.now))),
        claims: request.claims.clone(),
    };
    let record = CodeRecord::issue(&secret, request, authorization, visit.now);
    let hash = kept::by_secret(&record.hash);
    let expires = record.expires.after(AFTERWARDS);
    let code = KeptCode {
        record,
        granted: Granted {
            address: visit.request.judged.address,
            rank: person.rank,
            at: visit.now,
        },
        family: None,
    };
    let put = Put::new(hash, &code, Some(person.user.id), expires).effect()?;
    let what = format!("gave a code to {}", request.client_id);
    let mut commit = Commit::new(Actor::User(person.user.id), what)
        .within(person.session.id)
        .effect(put);
    commit.decision = Some(decision);
    visit.server.engine().commit(commit).await?;
    Ok(secret)
}

/// The contexts that the client likes, best first.
fn wanted_acrs(request: &AuthorizationRequest) -> Vec<String> {
    let claimed = request.claims.acr().map(|acr| &acr.values);
    let claimed = claimed.into_iter().flatten();
    let claimed = claimed.filter_map(|value| value.as_str().map(str::to_owned));
    claimed.chain(request.acr_values.iter().cloned()).collect()
}

/// To what policy says no, and how.
struct No<'a> {
    circumstances: &'a Circumstances,
    asked: &'a Asked,
}

/// Policy says no: the person hears why, and what would open it, and brings the client its answer
/// when they leave it at that (RFC 6749, 4.1.2.1); a client that may not have anybody asked hears
/// it at once.
async fn denied(
    visit: &Visit,
    attempt: &str,
    known: &Registered,
    pending: PendingAuthorization,
    person: &SignedIn,
    no: &No<'_>,
) -> Answer {
    let remedies = visit.server.engine().remedies(no.circumstances).await;
    let alone = remedies.ways.iter().any(Remedy::alone);
    if pending.request.prompts.none {
        let fault = match alone {
            true => AuthorizationFault::InteractionRequired,
            false => AuthorizationFault::Denied,
        };
        return Ok(told(attempt, &pending.request, &fault));
    }
    let view = visit.server.engine().view();
    let closed = match &*no.circumstances.resource {
        Resource::App(app) if Some(app) != known.fact.app.as_ref() => view.facts.app(app),
        _ => None,
    };
    let refused = Refused {
        client: &known.fact,
        person,
        asked: no.asked,
        remedies: &remedies,
        closed: closed.map(|app| &**app),
        waits: true,
    };
    let page = refused.page(visit, attempt)?;
    let pending = Pending::Authorization(Box::new(pending));
    pending::keeping(visit, &pending, attempt, page)
}
