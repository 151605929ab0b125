//! The administration as a service: whoever asks, over the socket or through the door, each
//! operation is a question of its own, and then one answer.

use std::{borrow::Cow, path::PathBuf, sync::Arc};

use bytes::Bytes;
use gw_engine::Engine;
use gw_identity::Identity;
use gw_issue::SigningKeys;
use gw_leases::Desk;
use gw_model::{
    Action, ClientName, DecisionId, GroupName, Principal, ProviderName, Resource, SessionId,
    Timestamp, UserId,
};
use gw_provisioning::Directories;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use percent_encoding::percent_decode_str;

use crate::{
    asked::RecentlyAsked,
    caller::Caller,
    conditional::Precondition,
    declared::DeclaredNames,
    endpoint::{self, Endpoint, NotFound, On, Operation},
    heavy::Heavy,
    idempotency::{self, Answered, Found},
    operation::{self, Call},
    query::{PROPOSE, Query},
    recent::{Recent, lately},
    types::{ConfigState, LogAccess, Problem, RecordLine},
    undone,
};

/// Keys of this gateway, each with its purpose.
pub type KeysByPurpose = Vec<(&'static str, Arc<SigningKeys>)>;

/// What the administration works on.
pub struct Parts {
    /// Facts and decisions.
    pub engine: Engine,
    /// Links and sessions.
    pub identity: Identity,
    /// The keys that can be rotated, by purpose: those that there are by now.
    pub keys: Arc<dyn Fn() -> KeysByPurpose + Send + Sync>,
    /// Where people sign in, as links begin: `https://auth.example.com`.
    pub authentication_origin: String,
    /// How the configuration file stands.
    pub config: Arc<dyn Fn() -> ConfigState + Send + Sync>,
    /// The groups that the configuration file names: they are changed there.
    pub configured_groups: Arc<dyn Fn() -> Vec<GroupName> + Send + Sync>,
    /// The providers of identities that the configuration file names.
    pub configured_providers: Arc<dyn Fn() -> Vec<ProviderName> + Send + Sync>,
    /// The clients of the authorisation server that the configuration file names.
    pub configured_clients: Arc<dyn Fn() -> Vec<ClientName> + Send + Sync>,
    /// The directories that are followed.
    pub directories: Directories,
    /// Where the ledger lies, and what proves it whole.
    pub log: Arc<dyn Fn() -> LogAccess + Send + Sync>,
    /// Where what is open is listed and ended.
    pub desk: Desk,
    /// The folder of the ledger's logs.
    pub ledger: PathBuf,
    /// When this process began.
    pub started: Timestamp,
}

/// The administration's service.
#[derive(Clone)]
pub struct Administration(Arc<Inner>);

struct Inner {
    recent: Recent,
    parts: Parts,
    asked: RecentlyAsked,
    answered: Answered,
    heavy: Heavy,
    trials: Heavy,
    declared: DeclaredNames,
}

/// A request as it arrived, whole.
#[derive(Debug)]
pub(crate) struct ApiRequest {
    pub(crate) caller: Caller,
    pub(crate) method: Method,
    pub(crate) path: Box<str>,
    pub(crate) query: Box<str>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Administration {
    /// A service on these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            recent: Recent::new(&parts.ledger, parts.engine.clone()),
            parts,
            asked: RecentlyAsked::default(),
            answered: Answered::default(),
            heavy: Heavy::default(),
            trials: Heavy::default(),
            declared: DeclaredNames::default(),
        }))
    }

    /// What a person did lately at apps but these, the newest first, as far as the window of recent
    /// records reaches back, but no more than a page can use; and since when that is everything.
    pub async fn lately(&self, user: UserId, but: &[&str]) -> (Timestamp, Vec<RecordLine>) {
        let now = self.0.parts.engine.clock().now();
        let look = self
            .0
            .recent
            .look(|window| lately::of_person(window.behind(0).rev(), window.since(now), user, but));
        look.await
    }

    /// The answer to a request, whatever it is.
    pub(crate) async fn answer(&self, request: ApiRequest) -> Response<Bytes> {
        let mut response = match self.try_answer(&request).await {
            Ok(response) => response,
            Err(problem) => problem.response(),
        };
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    async fn try_answer(&self, request: &ApiRequest) -> Result<Response<Bytes>, Problem> {
        let (endpoint, parameters) =
            endpoint::find(&request.method, &request.path).map_err(no_endpoint)?;
        let parameters = decoded(parameters)?;
        let query = Query::of(endpoint, &request.query);
        let proposes = query
            .as_ref()
            .is_ok_and(|query| query.text(PROPOSE).is_some());
        let asked = self.asked(request, endpoint, &parameters, proposes).await?;
        let decision = self.ask(request, endpoint, &asked).await?;
        let query = query?;
        let body = body_of(endpoint, request)?;
        let call = Call {
            parts: &self.0.parts,
            engine: self.0.parts.engine.clone(),
            recent: &self.0.recent,
            heavy: &self.0.heavy,
            trials: &self.0.trials,
            declared_names: &self.0.declared,
            declared: self.0.declared.of(&self.0.parts.engine.view().facts),
            caller: &asked.caller,
            decision,
            resource: asked.resource.clone(),
            parameters,
            query,
            precondition: Precondition::of(&request.headers)?,
            body,
            settles: None,
        };
        let undone = match proposes {
            true => None,
            false => undone::warning(endpoint.operation, &call),
        };
        let answered = self.once(request, endpoint, call).await;
        let mut response =
            answered.map_err(|problem| self.offer_to_propose(endpoint, &asked, problem))?;
        if let Some(warning) = undone {
            response.headers_mut().insert(undone::HEADER, warning);
        }
        Ok(response)
    }

    /// Runs an operation; what creates, once for each key.
    async fn once(
        &self,
        request: &ApiRequest,
        endpoint: &'static Endpoint,
        call: Call<'_>,
    ) -> Result<Response<Bytes>, Problem> {
        let proposes = call.caller.only_proposes() && endpoint.is_proposable();
        let run = async {
            let reply = match proposes {
                true => operation::propose(call, endpoint, &request.path).await?,
                false => operation::run(endpoint.operation, call).await?,
            };
            reply.response(endpoint.status)
        };
        let creates = proposes || endpoint.status == StatusCode::CREATED.as_u16();
        let key = match creates {
            true => idempotency::key_of(&request.headers, request.caller.key())?,
            false => None,
        };
        let Some(key) = key else {
            return run.await;
        };
        let (path, query) = (request.path.as_bytes(), request.query.as_bytes());
        let method = request.method.as_str().as_bytes();
        let what = [method, b" ", path, b"\0", query, b"\0", &request.body].concat();
        let now = self.0.parts.engine.clock().now();
        match self.0.answered.take(&key, &what, now)? {
            Found::Answered(status, body) => Ok(operation::json_response(status, body)),
            Found::New => {
                let answer = run.await;
                let is_secret = matches!(
                    endpoint.operation,
                    Operation::UserLink | Operation::BreakGlassSeal | Operation::ClientInvite
                );
                let told = match &answer {
                    Ok(response) => response,
                    Err(problem) => &problem.response(),
                };
                self.0.answered.done(&key, told, is_secret);
                answer
            }
        }
    }

    /// What is asked of policy: the operation itself; whether it may be proposed; or what somebody
    /// else proposed, where that is approved.
    async fn asked(
        &self,
        request: &ApiRequest,
        endpoint: &Endpoint,
        parameters: &[String],
        proposes: bool,
    ) -> Result<Asked, Problem> {
        let (view, now) = (
            self.0.parts.engine.view(),
            self.0.parts.engine.clock().now(),
        );
        let caller = &request.caller;
        let proposing = |action| caller.proposing(&self.0.parts.engine, action);
        if endpoint.on == On::Proposal {
            let named = parameters.first().map(String::as_str).unwrap_or_default();
            let proposed = operation::proposal_named(&view.facts, named)?;
            let takes_back = endpoint.action == Action::AdminChangePropose;
            return Ok(Asked {
                caller: match takes_back {
                    true => proposing(proposed.action),
                    false => caller.approving(operation::proposal_of(&view.facts, proposed, now)),
                },
                action: match takes_back {
                    true => endpoint.action,
                    false => proposed.action,
                },
                resource: proposed.resource.clone(),
            });
        }
        Ok(Asked {
            resource: self.resource(endpoint, parameters).await?,
            caller: match proposes {
                true => proposing(endpoint.action),
                false => caller.clone(),
            },
            action: match proposes {
                true => Action::AdminChangePropose,
                false => endpoint.action,
            },
        })
    }

    async fn resource(
        &self,
        endpoint: &Endpoint,
        parameters: &[String],
    ) -> Result<Resource, Problem> {
        let view = self.0.parts.engine.view();
        let named = parameters.first().map(String::as_str).unwrap_or_default();
        match endpoint.on {
            On::System | On::Proposal => Ok(Resource::System),
            On::Lease => self.lease(named).await,
            On::NewUser => Ok(Resource::User(UserId::from_bits(gw_engine::random::bits()))),
            On::User => Ok(Resource::User(
                operation::user_named(&view.facts, named)?.id,
            )),
            On::Session => {
                let session = named
                    .parse::<SessionId>()
                    .ok()
                    .and_then(|id| view.facts.session(id))
                    .ok_or_else(|| Problem::unknown("session", named))?;
                Ok(Resource::Session(session.id, session.user))
            }
        }
    }

    /// The session in which a decision opened something.
    async fn lease(&self, named: &str) -> Result<Resource, Problem> {
        let decision = named.parse::<DecisionId>().ok();
        let open = self.0.parts.desk.list().await;
        let found = open
            .into_iter()
            .find(|lease| Some(lease.decision) == decision);
        let lease = found.ok_or_else(|| Problem::unknown("lease", named))?;
        match (lease.circumstances.session, lease.circumstances.principal) {
            (Some(session), Principal::User(user)) => Ok(Resource::Session(session, user)),
            _ => Err(
                Problem::conflict("what strangers have open is not ended one by one")
                    .help("change the policy that admits them"),
            ),
        }
    }

    /// Each operation is a question of its own, recorded before anything is done. One that only
    /// reads and was allowed to the same session a moment ago rests on that record, as long as
    /// the answer is still the same: a page that is kept up to date does not fill the ledger.
    async fn ask(
        &self,
        request: &ApiRequest,
        endpoint: &Endpoint,
        question: &Asked,
    ) -> Result<DecisionId, Problem> {
        let (engine, caller) = (&self.0.parts.engine, &question.caller);
        let circumstances = caller.circumstances(question.action, question.resource.clone());
        let now = engine.clock().now();
        let reads = request.method == Method::GET;
        let key = (caller.key(), question.action);
        if reads
            && let Some(decision) = self.0.asked.recently(&key, now)
            && engine.judge(&circumstances).is_allow()
        {
            return Ok(decision);
        }
        let asked = engine.ask(&circumstances).await;
        if asked.is_allow() {
            if reads {
                self.0.asked.note(key, asked.id, now);
            }
            return Ok(asked.id);
        }
        let problem = refused(caller, question.action, &asked).of_rights();
        Err(self.offer_to_propose(endpoint, question, problem))
    }

    /// What one has not the rights for, one may be let propose.
    fn offer_to_propose(
        &self,
        endpoint: &Endpoint,
        question: &Asked,
        mut problem: Problem,
    ) -> Problem {
        let lacks_rights = std::mem::take(&mut problem.proposable);
        if !lacks_rights || !endpoint.is_proposable() || question.action != endpoint.action {
            return problem;
        }
        let (engine, caller) = (&self.0.parts.engine, &question.caller);
        let proposing = caller.proposing(engine, question.action);
        let (action, resource) = (Action::AdminChangePropose, question.resource.clone());
        if proposing.would(engine, action, resource) {
            problem.proposable = true;
            let help = problem.help.take().unwrap_or_default();
            let how = "propose it, for somebody else to approve";
            problem.help = Some(format!("{help}; {how}").into());
        }
        problem
    }
}

/// A question to policy, before anything is done.
struct Asked {
    caller: Caller,
    action: Action,
    resource: Resource,
}

fn refused(caller: &Caller, action: Action, asked: &gw_engine::Asked) -> Problem {
    let detail = format!("policy does not let {} do `{action}`", caller.words());
    let decision = &asked.judgement.decision;
    let why = match (decision.because.first(), decision.faults.first()) {
        (Some(policy), _) => format!("the policy `{policy}` forbids it"),
        (None, Some(fault)) => format!("it cannot be decided: {}", fault.what),
        (None, None) => "no policy permits it".to_owned(),
    };
    Problem::denied_by(asked.id, detail).help(why)
}

/// A body is JSON and says so: a form of another page cannot be taken for one.
fn body_of(endpoint: &Endpoint, request: &ApiRequest) -> Result<Bytes, Problem> {
    let body = &request.body;
    if body.is_empty() {
        return Ok(body.clone());
    }
    if endpoint.takes.is_none() && **body != *b"{}" && **body != *b"null" {
        return Err(Problem::invalid("nothing is said in the body of this request").field("body"));
    }
    let said = request.headers.get(header::CONTENT_TYPE);
    let said = said.and_then(|said| said.to_str().ok()).unwrap_or_default();
    let essence = said.split(';').next().unwrap_or_default().trim();
    match essence.eq_ignore_ascii_case("application/json") {
        true => Ok(body.clone()),
        false => Err(Problem::media_type()),
    }
}

pub(crate) fn decoded(parameters: Vec<&str>) -> Result<Vec<String>, Problem> {
    let decode = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8().ok();
        decoded
            .filter(|text| !text.chars().any(char::is_control))
            .map(Cow::into_owned)
            .ok_or_else(|| Problem::unknown("thing", text))
    };
    parameters.into_iter().map(decode).collect()
}

fn no_endpoint(why: NotFound) -> Problem {
    let problem = Problem::unknown("operation", "with this method and path");
    let help = "use a gatewright command of the same version as the one that is running";
    match why {
        NotFound::Path => problem.help(help),
        NotFound::Method(allowed) => {
            let allowed: Vec<_> = allowed.iter().map(|method| method.as_str()).collect();
            Problem::method(&allowed.join(", ")).help(help)
        }
    }
}
