//! From what an app asked to an answer about somebody, by way of whatever they have to do first.

use gw_engine::{Asked, Circumstances, Commit, CommitError};
use gw_jose::SeenKey;
use gw_model::{Actor, DecisionId, Principal, Remedy, Timestamp};
use gw_oauth::{Binding, GrantId, Resources, Scopes};
use gw_pages::redirect;
use gw_saml::NameId;
use gw_store::{Effect, Refused as Refusal};

use super::{
    answer::{self, DENIED, NO_CONTEXT, NO_NAME, NO_PASSIVE},
    app::SamlApp,
    asked::PendingSaml,
    context,
    names::{self, NameFault},
};
use crate::{
    ask::Question,
    clients::title_of,
    consent::Wish,
    kept::{self, KeptError, KeptLogin, Put},
    pages,
    pending::{self, Pending},
    redeem::told_until,
    refused::Refused,
    server::{PENDING_LIVES, RESUME},
    visit::{Answer, SignedIn, Visit},
};

/// Goes on with what was asked as far as it goes now.
pub(crate) async fn go_on(visit: &Visit, attempt: &str, pending: PendingSaml) -> Answer {
    let Some(app) = still(visit, &pending) else {
        return Err(pages::over(visit));
    };
    if !names::is_had(&app.read.declared, pending.name_id_format.as_deref()) {
        return answer::no(visit, attempt, &pending, &NO_NAME).await;
    }
    let Some(person) = &visit.person else {
        return ask_in(visit, attempt, &app, pending, "/sign-in").await;
    };
    // What is fresh enough is what has to be enough: strength that was proven before does not count.
    let proofs = person.proofs_since(pending.fresh_since());
    let is_enough = context::class(&proofs, &pending.contexts, pending.comparison()).is_some();
    let was_tried = person.came_at() >= pending.began;
    if proofs.is_empty() || !is_enough && !was_tried {
        return ask_in(visit, attempt, &app, pending, "/confirm").await;
    }
    if !is_enough {
        return answer::no(visit, attempt, &pending, &NO_CONTEXT).await;
    }
    let name = match names::name_of(visit, &app, person, pending.name_id_format.as_deref()) {
        Ok(name) => name,
        Err(NameFault::Format) => return answer::no(visit, attempt, &pending, &NO_NAME).await,
        Err(fault) => return Ok(nameless(visit, &app, &fault)),
    };
    let known = Known { app, person, name };
    known.go_on(visit, attempt, pending).await
}

/// The app that asked, if it still may have the answer where it wanted it.
fn still(visit: &Visit, pending: &PendingSaml) -> Option<SamlApp> {
    let app = visit.saml(&pending.client)?;
    let mut consumers = app.read.declared.consumers.iter();
    let is_there = consumers.any(|one| *one.location == *pending.acs_url);
    let may = pending.request.is_some() || app.read.declared.idp_initiated;
    (is_there && may && !app.is_over(visit.now) && app.fact.app.is_some()).then_some(app)
}

/// The person signs in, or proves once more who they are, and comes back.
async fn ask_in(
    visit: &Visit,
    attempt: &str,
    app: &SamlApp,
    pending: PendingSaml,
    page: &str,
) -> Answer {
    if pending.is_passive {
        return answer::no(visit, attempt, &pending, &NO_PASSIVE).await;
    }
    let name = app.fact.app.as_ref().ok_or_else(|| pages::over(visit))?;
    let onward = redirect(&format!("{page}?{}", pending::leading(name, attempt)));
    pending::keeping(visit, &Pending::Saml(Box::new(pending)), attempt, onward)
}

/// It knows people by their mail addresses, and this one has none that says who they are.
fn nameless(visit: &Visit, app: &SamlApp, fault: &NameFault) -> http::Response<bytes::Bytes> {
    tracing::warn!(client = %app.fact.name, %fault, "somebody cannot be named to an app");
    let view = visit.server.engine().view();
    let title = title_of(&app.fact, &view.facts);
    let why = match fault {
        NameFault::Unverified => {
            "nobody has made sure that the one that is known of you here is yours. Whoever looks after Gatewright can make sure, and enter it anew; so does a provider that says it has verified it."
        }
        NameFault::Shared => {
            "somebody else here has yours too. Whoever looks after Gatewright can find out whose it is, and take it from the other."
        }
        NameFault::NoAddress | NameFault::Format => {
            "none is known of you here. Whoever looks after Gatewright can add it."
        }
    };
    let sentence = format!("{title} knows people by their mail address, and {why}");
    let message = gw_pages::Message::new(
        http::StatusCode::FORBIDDEN,
        "You cannot be told apart there",
        &sentence,
    );
    message.links(visit.links()).render()
}

/// Who signs in where, by which name.
struct Known<'v> {
    app: SamlApp,
    person: &'v SignedIn,
    name: NameId,
}

impl Known<'_> {
    async fn go_on(&self, visit: &Visit, attempt: &str, pending: PendingSaml) -> Answer {
        let grant = GrantId::generate().map_err(|_| Box::new(pages::out_of_order()))?;
        let scopes = names::scopes(&self.app.read.declared);
        let asked = self
            .question(visit, &grant, &scopes)
            .authorize(&visit.server);
        let circumstances = asked.ok_or_else(|| pages::over(visit))?;
        let is_agreed =
            pending.agreed == Some(self.person.user.id) || self.is_granted(visit, &scopes).await?;
        // Nobody is asked to agree to what policy refuses.
        let asks = !is_agreed
            && visit
                .server
                .engine()
                .preview(&circumstances)
                .outcome
                .is_allow();
        if !asks {
            return self.decide(visit, attempt, pending, &circumstances).await;
        }
        if pending.is_passive {
            return answer::no(visit, attempt, &pending, &NO_PASSIVE).await;
        }
        let page = wish(&self.app, &scopes, &Resources::default()).page(
            visit,
            attempt,
            self.person,
            &pending.acs_url,
        );
        pending::keeping(visit, &Pending::Saml(Box::new(pending)), attempt, page)
    }

    async fn is_granted(
        &self,
        visit: &Visit,
        scopes: &Scopes,
    ) -> Result<bool, crate::visit::Refusal> {
        let resources = Resources::default();
        let granted = wish(&self.app, scopes, &resources);
        let granted = granted.is_granted(visit, self.person).await;
        granted.map_err(|fault| pages::failed("what somebody agreed to", &fault))
    }

    fn question<'a>(
        &'a self,
        visit: &Visit,
        grant: &'a GrantId,
        scopes: &'a Scopes,
    ) -> Question<'a> {
        Question {
            principal: Principal::User(self.person.user.id),
            session: Some((self.person.session.id, self.person.rank)),
            address: visit.request.judged.address,
            client: &self.app.fact,
            grant,
            scopes,
            actor: None,
            binding: Binding::default(),
            workload: &[],
        }
    }

    /// Asks the policy, and says who it is where it allows.
    async fn decide(
        &self,
        visit: &Visit,
        attempt: &str,
        pending: PendingSaml,
        circumstances: &Circumstances,
    ) -> Answer {
        let asked = visit.server.engine().ask(circumstances).await;
        if !asked.is_allow() {
            return self
                .denied(visit, attempt, pending, circumstances, &asked)
                .await;
        }
        let once = self.once(&pending);
        if once.is_some_and(|(key, until)| !visit.server.is_first(key, until)) {
            return Err(pages::over(visit));
        }
        match self.keep(visit, asked.id, once).await {
            Ok(()) => {}
            // It was answered before a restart.
            Err(KeepError::Commit(CommitError::Refused(Refusal::Stale))) => {
                return Err(pages::over(visit));
            }
            Err(fault) => return Err(pages::failed("a sign-in to an app was not kept", &fault)),
        }
        let page = answer::yes(visit, &self.app, &pending, self.person, &self.name).await?;
        Ok(pending::ending(attempt, page))
    }

    /// A request is answered by one assertion: as what it is remembered, and until when.
    fn once(&self, pending: &PendingSaml) -> Option<(SeenKey, Timestamp)> {
        let request = pending.request.as_ref()?;
        let key = SeenKey::new("saml-request", self.app.entity(), request);
        Some((key, pending.began.after(PENDING_LIVES)))
    }

    async fn denied(
        &self,
        visit: &Visit,
        attempt: &str,
        pending: PendingSaml,
        circumstances: &Circumstances,
        asked: &Asked,
    ) -> Answer {
        let remedies = visit.server.engine().remedies(circumstances).await;
        if pending.is_passive {
            let status = match remedies.ways.iter().any(Remedy::alone) {
                true => &NO_PASSIVE,
                false => &DENIED,
            };
            return answer::no(visit, attempt, &pending, status).await;
        }
        let refused = Refused {
            client: &self.app.fact,
            person: self.person,
            asked,
            remedies: &remedies,
            closed: None,
            waits: false,
        };
        let page = refused.page(visit, attempt)?;
        pending::keeping(visit, &Pending::Saml(Box::new(pending)), attempt, page)
    }

    /// That the app was told of this session, which is told when that ends; and that its request was
    /// answered.
    async fn keep(
        &self,
        visit: &Visit,
        decision: DecisionId,
        once: Option<(SeenKey, Timestamp)>,
    ) -> Result<(), KeepError> {
        let what = format!("signed in to {}", self.app.fact.name);
        let mut commit = Commit::new(Actor::User(self.person.user.id), what)
            .within(self.person.session.id)
            .effect(self.login(visit).await?);
        if let Some((key, until)) = once {
            commit = commit.effect(kept::once(key, until)?);
        }
        commit.decision = Some(decision);
        visit.server.engine().commit(commit).await?;
        Ok(())
    }

    async fn login(&self, visit: &Visit) -> Result<Effect, KeptError> {
        let (client, session) = (self.app.fact.name.as_str(), &self.person.session);
        let at = kept::by_login(session.id, client);
        let found = kept::find::<KeptLogin>(visit.server.engine(), at).await?;
        let login = KeptLogin {
            client: client.to_owned(),
            session: session.id,
            subject: self.name.value.clone(),
            first: found.as_ref().map_or(visit.now, |found| found.value.first),
            last: visit.now,
            format: self.name.format.clone(),
        };
        let (owner, expires): (_, Timestamp) = (Some(self.person.user.id), told_until(session));
        let put = match &found {
            Some(found) => found.replaced(&login, owner, expires),
            None => Put::new(at, &login, owner, expires),
        };
        put.effect()
    }
}

/// Something of ours failed.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

fn wish<'a>(app: &'a SamlApp, scopes: &'a Scopes, resources: &'a Resources) -> Wish<'a> {
    Wish {
        client: &app.fact,
        about: None,
        scopes,
        resources,
    }
}

/// The person agreed, or not.
pub(crate) async fn decided(
    visit: &Visit,
    attempt: &str,
    mut pending: PendingSaml,
    person: &SignedIn,
    is_agreed: bool,
) -> Answer {
    let app = still(visit, &pending).ok_or_else(|| pages::over(visit))?;
    if !is_agreed {
        return match pending.request {
            Some(_) => answer::no(visit, attempt, &pending, &DENIED).await,
            None => Ok(pending::ending(attempt, gw_pages::onward("/"))),
        };
    }
    let (scopes, resources) = (names::scopes(&app.read.declared), Resources::default());
    wish(&app, &scopes, &resources)
        .remember(visit, person)
        .await?;
    pending.agreed = Some(person.user.id);
    let onward = gw_pages::onward(&format!("{RESUME}?attempt={attempt}"));
    pending::keeping(visit, &Pending::Saml(Box::new(pending)), attempt, onward)
}
