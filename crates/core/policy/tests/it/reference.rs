//! The same question put to plain Cedar: every policy, every entity, everything through
//! schema-checked JSON. Slow and simple, to compare with.

use std::collections::BTreeSet;

use cedar_policy::{
    Authorizer, Context as CedarContext, Decision as CedarDecision, Entities, EntityUid, PolicySet,
    Request, Schema,
};
use gw_model::{
    AccessRequest, Action, AuthnMethod, Context, GroupName, PolicyFile, Principal, ProviderProof,
    Resource, Snapshot, Timestamp, User,
};
use gw_policy::{BASE, SCHEMA};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// All policies of one mode or both, as one set.
pub(crate) struct Reference {
    schema: Schema,
    set: PolicySet,
    entities: Entities,
    authorizer: Authorizer,
}

/// What plain Cedar says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) allowed: bool,
    pub(crate) because: BTreeSet<String>,
    pub(crate) erring: BTreeSet<String>,
}

impl Reference {
    /// Takes the policies whose mode is wanted, and all entities as they are at `now`; sessions
    /// are not kept as entities, so one that is asked about is added.
    pub(crate) fn new(
        files: &[PolicyFile],
        facts: &Snapshot,
        now: Timestamp,
        resource: Option<&Resource>,
        wanted: impl Fn(Option<&str>) -> bool,
    ) -> Self {
        let schema = Schema::from_cedarschema_str(SCHEMA).unwrap().0;
        let mut set = PolicySet::new();
        for text in std::iter::once(BASE).chain(files.iter().map(|f| &*f.text)) {
            for policy in text.parse::<PolicySet>().unwrap().policies() {
                if wanted(policy.annotation("mode")) {
                    let id = policy.annotation("id").unwrap().parse().unwrap();
                    set.add(policy.new_id(id)).unwrap();
                }
            }
        }
        let mut all = entities(facts, now);
        if let Some(Resource::Session(session, user)) = resource {
            let owner = uid("User", &user.to_string());
            let session = uid("Session", &session.to_string());
            all.push(entity(session, json!({}), vec![owner], json!({})));
        }
        let entities = Entities::from_json_value(Value::Array(all), Some(&schema)).unwrap();
        Self {
            schema,
            set,
            entities,
            authorizer: Authorizer::new(),
        }
    }

    /// The request as Cedar takes it, checked against the schema.
    pub(crate) fn request(
        &self,
        facts: &Snapshot,
        ask: &AccessRequest<'_>,
        now: Timestamp,
    ) -> Request {
        let action: EntityUid = format!("Action::{:?}", ask.action.as_str())
            .parse()
            .unwrap();
        let zone = ask.context.time.zone.unwrap_or(&facts.settings().time_zone);
        let context = CedarContext::from_json_value(
            context(&ask.context, ask.action, zone, now),
            Some((&self.schema, &action)),
        )
        .unwrap();
        let principal = principal_uid(ask.principal).parse().unwrap();
        let resource = resource_uid(ask.resource).parse().unwrap();
        Request::new(principal, action, resource, context, Some(&self.schema)).unwrap()
    }

    /// Cedar's own answer.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let response = self
            .authorizer
            .is_authorized(request, &self.set, &self.entities);
        Answer {
            allowed: response.decision() == CedarDecision::Allow,
            because: response
                .diagnostics()
                .reason()
                .map(ToString::to_string)
                .collect(),
            erring: response
                .diagnostics()
                .errors()
                .map(|e| {
                    let cedar_policy::AuthorizationError::PolicyEvaluationError(e) = e;
                    e.policy_id().to_string()
                })
                .collect(),
        }
    }
}

fn uid(kind: &str, id: &str) -> Value {
    json!({ "type": kind, "id": id })
}

fn entity(uid: Value, attrs: Value, parents: Vec<Value>, tags: Value) -> Value {
    json!({ "uid": uid, "attrs": attrs, "parents": parents, "tags": tags })
}

fn entities(facts: &Snapshot, now: Timestamp) -> Vec<Value> {
    let none = || json!({});
    let mut all = vec![
        entity(uid("Anonymous", "anonymous"), none(), vec![], none()),
        entity(uid("System", "gatewright"), none(), vec![], none()),
        entity(uid("Local", "0"), json!({ "uid": 0 }), vec![], none()),
    ];
    for group in facts.groups() {
        let parents = group.parents.iter().map(|p| uid("Group", p.as_str()));
        let this = uid("Group", group.name.as_str());
        all.push(entity(this, none(), parents.collect(), none()));
    }
    for user in facts.users() {
        all.push(person(user, now));
    }
    for client in facts.clients() {
        let parents = client.groups.iter().map(|g| uid("Group", g.as_str()));
        let attrs = json!({ "name": client.name });
        let this = uid("Client", &client.id.to_string());
        all.push(entity(
            this,
            attrs,
            parents.collect(),
            json!(client.attributes),
        ));
    }
    let mut tags = BTreeSet::new();
    for app in facts.apps() {
        tags.extend(&app.tags);
        tags.extend(app.routes.iter().flat_map(|r| &r.tags));
        let parents = app.tags.iter().map(|t| uid("Tag", t.as_str())).collect();
        let attrs = json!({ "name": app.title });
        let this = uid("App", app.name.as_str());
        all.push(entity(this.clone(), attrs, parents, json!(app.attributes)));
        let attrs = json!({ "app": this });
        for route in &app.routes {
            let tags = route.tags.iter().map(|t| uid("Tag", t.as_str()));
            let parents = tags.chain([this.clone()]).collect();
            let route = uid("Route", route.name.as_str());
            all.push(entity(route, attrs.clone(), parents, none()));
        }
        if !app.routes.iter().any(|r| r.name == app.default_route()) {
            let route = uid("Route", app.default_route().as_str());
            all.push(entity(route, attrs.clone(), vec![this.clone()], none()));
        }
    }
    for tag in tags {
        all.push(entity(uid("Tag", tag.as_str()), none(), vec![], none()));
    }
    all
}

fn person(user: &User, now: Timestamp) -> Value {
    let parents = user
        .groups
        .iter()
        .filter(|m| m.until.is_none_or(|until| until > now))
        .map(|m| uid("Group", m.group.as_str()));
    let mut attrs = json!({ "name": user.name });
    if let Some(email) = &user.email {
        attrs["email"] = json!(email);
    }
    entity(
        uid("User", &user.id.to_string()),
        attrs,
        parents.collect(),
        json!(user.attributes),
    )
}

fn principal_uid(principal: Principal) -> String {
    match principal {
        Principal::Anonymous => "Anonymous::\"anonymous\"".to_owned(),
        Principal::User(id) => format!("User::\"{id}\""),
        Principal::Local(uid) => format!("Local::\"{uid}\""),
        Principal::Client(id) => format!("Client::\"{id}\""),
    }
}

fn resource_uid(resource: &Resource) -> String {
    match resource {
        Resource::Route(route) => format!("Route::\"{route}\""),
        Resource::User(user) => format!("User::\"{user}\""),
        Resource::Session(session, _) => format!("Session::\"{session}\""),
        Resource::Group(group) => format!("Group::\"{group}\""),
        Resource::System => "System::\"gatewright\"".to_owned(),
        Resource::App(app) => format!("App::\"{app}\""),
    }
}

fn said<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a ProviderProof> {
    context
        .authn
        .events
        .iter()
        .filter_map(|e| e.provider.as_deref())
}

fn context(context: &Context<'_>, action: Action, zone: &str, now: Timestamp) -> Value {
    let age = |at: Timestamp| i64::try_from(now.since(at).as_secs()).unwrap();
    let mut authn = json!({
        "methods": context.authn.events.iter().map(|e| e.method.as_str()).collect::<BTreeSet<_>>(),
        "phishing_resistant": context.authn.events.iter().any(|e| match &e.provider {
            Some(said) => said.phishing_resistant,
            None => e.method == AuthnMethod::Passkey,
        }),
        "multi_factor": multi_factor(context).is_some(),
        "providers": said(context).map(|said| said.provider.to_string()).collect::<BTreeSet<_>>(),
        "acr": said(context).filter_map(|said| said.acr.clone()).collect::<BTreeSet<_>>(),
        "amr": said(context).flat_map(|said| said.amr.clone()).collect::<BTreeSet<_>>(),
        "age_secs": context.authn.latest().map_or(i64::MAX, age),
    });
    if let Some(at) = context.authn.latest_phishing_resistant() {
        authn["phishing_resistant_age_secs"] = json!(age(at));
    }
    if let Some(Some(at)) = multi_factor(context) {
        authn["multi_factor_age_secs"] = json!(age(at));
    }
    let mut network = json!({
        "address": { "__extn": { "fn": "ip", "arg": context.network.address.to_string() } },
        "names": context.network.names,
    });
    if let Some(country) = context.network.country {
        network["country"] = json!(String::from_utf8(country.to_vec()).unwrap());
    }
    let mut record = json!({ "authn": authn, "network": network, "time": time(zone, now) });
    if let Some(session) = context.session {
        record["session"] = json!({
            "age_secs": age(session.started),
            "enrolment": session.enrolment,
        });
    }
    if let Some(device) = &context.device {
        record["device"] = json!({
            "compliant": device.compliant,
            "managed": device.managed,
            "disk_encrypted": device.disk_encrypted,
            "platform": device.platform,
            "age_secs": age(device.reported_at),
        });
    }
    if let Some(risk) = context.risk {
        record["risk"] = json!({ "score": risk.score });
    }
    if let Some(proposal) = context.proposal {
        let groups: Vec<_> = proposal.groups.iter().map(GroupName::as_str).collect();
        record["proposal"] = json!({
            "by": proposal.by,
            "groups": groups,
            "action": proposal.action.as_str(),
        });
    }
    if let (Some(token), Action::HttpRequest) = (context.token, action) {
        record["token"] = json!({
            "client": token.client,
            "scopes": token.scopes.iter().collect::<BTreeSet<_>>(),
            "actors": token.actors.iter().collect::<BTreeSet<_>>(),
            "sender_constrained": token.sender_constrained,
            "workload": token.workload.iter().collect::<BTreeSet<_>>(),
        });
    }
    if let (Some(kind), Action::FactorEnrol | Action::FactorRemove) = (context.factor, action) {
        record["factor"] = json!({ "kind": kind.as_str() });
    }
    if let (Some(http), Action::HttpRequest) = (context.http, action) {
        record["http"] = json!({
            "method": http.method,
            "path": http.path,
            "host": http.host,
            "websocket": http.websocket,
            "same_origin": http.same_origin,
        });
    }
    record
}

/// Whether more than one factor was proven, and when, where that is known: by each proof alone, or
/// by each pair of a password and a code.
fn multi_factor(context: &Context<'_>) -> Option<Option<Timestamp>> {
    let mut found: Option<Option<Timestamp>> = None;
    for one in context.authn.events {
        let alone = match &one.provider {
            Some(said) => said.multi_factor,
            None => one.method == AuthnMethod::Passkey,
        };
        if alone {
            found = Some(found.flatten().max(one.proven_at()));
        }
        for other in context.authn.events {
            if (one.method, other.method) == (AuthnMethod::Password, AuthnMethod::Totp) {
                found = Some(found.flatten().max(Some(one.at.min(other.at))));
            }
        }
    }
    found
}

/// Local time by the calendar's own means, not by arithmetic.
fn time(zone: &str, now: Timestamp) -> Value {
    let second = jiff::Timestamp::from_second(i64::try_from(now.as_secs()).unwrap()).unwrap();
    let local = second.to_zoned(TimeZone::get(zone).unwrap());
    json!({
        "hour": local.hour(),
        "minute": local.minute(),
        "minute_of_day": i64::from(local.hour()) * 60 + i64::from(local.minute()),
        "weekday": local.weekday().to_monday_one_offset(),
        "now": { "__extn": { "fn": "datetime", "arg": second.to_string() } },
    })
}
