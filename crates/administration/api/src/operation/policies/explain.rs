//! "What would happen?", asked of the policies in force or of others.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use gw_model::{
    AccessRequest, Action, App, Authn, AuthnEvent, AuthnMethod, Context, HttpContext, Lever,
    Principal, Resource, SessionContext, Snapshot, TimeContext, Timestamp, User,
};
use gw_policy::{Explanation, Policies};

use super::{Call, Reply, text};
use crate::{
    heavy::Patience,
    operation::{providers, user_named},
    policies,
    proofs::{Proof, Said},
    types::{AttributeView, Explain, Explained, Problem, ProofWord, Reported, SaidAsked, Way},
};

/// Longest path that is asked about.
const PATH_BYTES_MAX: usize = 8 * 1024;

pub(in crate::operation) async fn explain(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: Explain = call.body()?;
    policies::within_bounds(asked.files.as_deref().unwrap_or_default())?;
    let view = call.engine().view();
    let question = Question::of(&asked, &view.facts, call.engine().clock().now())?;
    let answer = move |_: &Patience| {
        let loaded = asked.files.as_deref().map(gw_policy::load).transpose();
        let loaded = loaded.map_err(|faults| Problem {
            faults: faults.iter().map(ToString::to_string).collect(),
            ..Problem::invalid("the policies have faults").field("files")
        })?;
        let policies = loaded.as_ref().unwrap_or(&view.policies);
        Ok::<_, Problem>(question.answered(policies, &view.facts))
    };
    Reply::json(&call.computed(answer).await??)
}

/// A question, checked.
struct Question {
    app: Arc<App>,
    user: Option<Arc<User>>,
    method: String,
    path: String,
    address: std::net::IpAddr,
    proof: Option<Proof>,
    at: Timestamp,
}

/// Longest word of a provider that is asked about.
const WORD_CHARS_MAX: usize = 255;
/// Most of them.
const WORDS_MAX: usize = 20;

/// The proof that is imagined; none of a stranger.
fn proof(asked: &Explain, facts: &Snapshot, at: Timestamp) -> Result<Option<Proof>, Problem> {
    let proof = match (asked.proof, &asked.said) {
        (ProofWord::Provider, Some(said)) => by_provider(said, facts, at)?,
        (ProofWord::Provider, None) => {
            let detail = "`said` tells which provider's word it is";
            return Err(Problem::invalid(detail).field("said"));
        }
        (_, Some(_)) => {
            let detail = "`said` goes with the proof `provider` and no other";
            return Err(Problem::invalid(detail).field("said"));
        }
        (ProofWord::Nothing, None) => return Ok(None),
        (ProofWord::Passkey, None) => Proof::own(AuthnMethod::Passkey, at),
        (ProofWord::SignInLink, None) => Proof::own(AuthnMethod::SignInLink, at),
    };
    Ok(asked.user.as_ref().map(|_| proof))
}

fn by_provider(said: &SaidAsked, facts: &Snapshot, at: Timestamp) -> Result<Proof, Problem> {
    let provider = providers::find(facts, &said.provider);
    let provider = provider.map_err(|fault| fault.field("said.provider"))?;
    let is_word = |word: &String| {
        let chars = word.chars().count();
        (1..=WORD_CHARS_MAX).contains(&chars) && !word.chars().any(char::is_control)
    };
    if !said.acr.iter().chain(&said.amr).all(is_word) || said.amr.len() > WORDS_MAX {
        let detail = format!(
            "`said` has a word that is empty, longer than {WORD_CHARS_MAX} characters or not plain text, or more than {WORDS_MAX} of them"
        );
        return Err(Problem::invalid(detail).field("said"));
    }
    let said = Said {
        acr: said.acr.as_deref().map(Arc::from),
        amr: said.amr.iter().map(|word| word.as_str().into()).collect(),
    };
    Ok(Proof::by(&provider, &said, at))
}

impl Question {
    fn of(asked: &Explain, facts: &Snapshot, now: Timestamp) -> Result<Self, Problem> {
        let app = asked.app.parse().ok().and_then(|name| facts.app(&name));
        let app = app.ok_or_else(|| Problem::unknown("app", &asked.app).field("app"))?;
        let named = asked.user.as_deref();
        let user = named
            .map(|name| user_named(facts, name).map_err(|fault| fault.field("user")))
            .transpose()?;
        let path = &asked.path;
        let fine = path.starts_with('/') && path.len() <= PATH_BYTES_MAX && path.is_ascii();
        if !fine || path.bytes().any(|b| b.is_ascii_control() || b == b'?') {
            let detail = "`path` is not a path without a query, such as `/page`";
            return Err(Problem::invalid(detail).field("path"));
        }
        let method = asked.method.parse::<crate::forms::MethodName>();
        let method = method
            .map_err(|fault| Problem::invalid(format!("`method` {fault}")).field("method"))?;
        Ok(Self {
            app: app.clone(),
            user: user.cloned(),
            method: method.0.to_string(),
            path: path.clone(),
            address: asked.address.unwrap_or(Ipv4Addr::LOCALHOST.into()),
            proof: proof(asked, facts, asked.at.unwrap_or(now))?,
            at: asked.at.unwrap_or(now),
        })
    }

    fn answered(&self, policies: &Policies, facts: &Snapshot) -> Explained {
        let route = self.app.route_of(&self.method, &self.path);
        let resource = Resource::Route(route.clone());
        let explanation = self.ask(policies, facts, &resource);
        let decision = &explanation.decision;
        let among = |policy: &&gw_policy::PolicyText| decision.because.contains(&policy.id);
        Explained {
            outcome: decision.outcome,
            sentence: self.sentence(decision.outcome.is_allow()),
            route: route.to_string(),
            because: decision.because.clone(),
            policies: policies.texts().iter().filter(among).map(text).collect(),
            considered: explanation.slice.clone(),
            attributes: self.attributes(&explanation, facts),
            faults: decision
                .faults
                .iter()
                .map(|fault| fault.what.clone())
                .collect(),
            report: decision.report.as_ref().map(|report| Reported {
                outcome: report.outcome,
                because: report.because.clone(),
            }),
            ways: ways(&explanation),
            valid_until: (decision.valid_until != Timestamp::NEVER).then_some(decision.valid_until),
        }
    }

    fn ask(&self, policies: &Policies, facts: &Snapshot, resource: &Resource) -> Explanation {
        let just_now = self.at.before(Duration::from_secs(1));
        let event = self.proof.as_ref().map(|proof| proof.event.clone());
        let names = facts.settings().network_names(self.address);
        let mut context = Context::from_address(self.address);
        context.network.names = &names;
        context.authn = Authn {
            events: event.as_slice(),
        };
        if self.user.is_some() {
            context.session = Some(SessionContext {
                started: just_now,
                enrolment: false,
            });
        }
        context.http = Some(HttpContext {
            method: &self.method,
            path: &self.path,
            host: &self.app.host,
            websocket: false,
            same_origin: true,
        });
        context.time = TimeContext {
            zone: self.app.time_zone.as_deref(),
        };
        let request = AccessRequest {
            principal: match &self.user {
                Some(user) => Principal::User(user.id),
                None => Principal::Anonymous,
            },
            session: None,
            action: Action::HttpRequest,
            resource,
            context,
        };
        gw_policy::explain(policies, facts, &request, self.at)
    }

    /// What the policies looked at, as far as the question says it.
    fn attributes(&self, explanation: &Explanation, facts: &Snapshot) -> Vec<AttributeView> {
        let event = self.proof.as_ref().map(|proof| &proof.event);
        let said = event.and_then(|event| event.provider.as_deref());
        let value = |path: &str| match path {
            "authn.methods" => match event {
                None => "none".to_owned(),
                Some(event) => event.method.as_str().to_owned(),
            },
            "authn.phishing_resistant" => event
                .is_some_and(AuthnEvent::is_phishing_resistant)
                .to_string(),
            "authn.multi_factor" => event.is_some_and(AuthnEvent::is_multi_factor).to_string(),
            "authn.providers" => said.map_or(String::new(), |said| said.provider.to_string()),
            "authn.acr" => said
                .and_then(|said| said.acr.as_deref())
                .unwrap_or_default()
                .to_owned(),
            "authn.amr" => said.map_or(String::new(), |said| said.amr.join(", ")),
            "authn.age_secs"
            | "authn.phishing_resistant_age_secs"
            | "authn.multi_factor_age_secs"
            | "session.age_secs" => "1".to_owned(),
            "network.address" => self.address.to_string(),
            "network.names" => facts.settings().network_names(self.address).join(", "),
            "http.method" => self.method.clone(),
            "http.path" => self.path.clone(),
            "http.host" => self.app.host.to_string(),
            path if path.starts_with("time.") => moment(self.at),
            _ => String::new(),
        };
        let view = |path: &&str| AttributeView {
            name: (*path).to_owned(),
            value: value(path),
        };
        explanation.mentions.iter().map(view).collect()
    }

    fn sentence(&self, is_allow: bool) -> String {
        let who = self.user.as_ref().map_or("a stranger", |user| &user.name);
        let may = if is_allow { "may" } else { "may not" };
        format!(
            "{who} {may} {} {} on {}",
            self.method, self.path, self.app.name
        )
    }
}

fn ways(explanation: &Explanation) -> Vec<Way> {
    let way = |way: &gw_model::Remedy| Way {
        steps: way.steps.iter().map(step).collect(),
        alone: way.alone(),
    };
    explanation.remedies.ways.iter().map(way).collect()
}

/// A lever in words, for who runs Gatewright.
pub(crate) fn step(lever: &Lever) -> String {
    match lever {
        Lever::SignIn => "sign in".into(),
        Lever::ConfirmWithPasskey => "confirm with a passkey".into(),
        Lever::ConfirmWithProvider(name) => format!("confirm with the account at {name}"),
        Lever::ConfirmWithPassword => "confirm with a password and a code".into(),
        Lever::EnrolPasskey => "add a passkey, and confirm with it".into(),
        Lever::FreshLink => "sign in afresh by a new link".into(),
        Lever::Network(name) => format!("come from the network `{name}`"),
        Lever::Time(at) => format!("wait until {}", moment(*at)),
        Lever::Group(name) => format!("be put into the group `{name}`"),
    }
}

/// A moment as people write it.
pub(in crate::operation) fn moment(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| "later".to_owned(), |at| at.to_string())
}
