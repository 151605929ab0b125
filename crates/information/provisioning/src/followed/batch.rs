//! A reading taken over: in batches, each asked of policy and made by a plan that is as new as the
//! facts are.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, OnceLock},
};

use gw_directory::{Counts, NotTaken, Off, Step, Taken, What, Why};
use gw_engine::{Commit, CommitError, Engine, random};
use gw_model::{Action, Actor, Client, DecisionId, GroupName, Resource, Snapshot, UserId};
use gw_store::Refused;

use super::wish::{Planned, Who, Wish, changes};
use crate::asking::Asking;

/// Steps that are made at once: others wait for no more than these.
const BATCH: usize = 250;
/// How often the same person is changed in one reading: more is a wish that does not come to rest.
const TIMES_MAX: u8 = 3;

/// A reading being taken over.
pub(super) struct Taking {
    engine: Engine,
    wish: Wish,
    /// The ids of who comes.
    ids: BTreeMap<Arc<str>, UserId>,
    /// How often who was changed.
    times: BTreeMap<Who, u8>,
    counts: Counts,
    /// Steps that are tried at once.
    size: usize,
}

/// Steps that policy permits.
#[derive(Clone)]
struct Batch {
    steps: Vec<Step>,
    people: BTreeSet<Who>,
    groups: BTreeSet<GroupName>,
}

/// How a batch ended.
enum Ended {
    Made(Vec<Step>),
    /// Nothing of it is to be done any more.
    Overtaken,
    /// The facts do not take it.
    Unfit(Refused),
}

impl Taking {
    pub(super) fn of(engine: Engine, wish: Wish) -> Self {
        Self {
            engine,
            wish,
            ids: BTreeMap::new(),
            times: BTreeMap::new(),
            counts: Counts::default(),
            size: BATCH,
        }
    }

    /// Makes all of it, as far as it may be.
    pub(super) async fn made(mut self) -> Result<Taken, NotTaken> {
        loop {
            let planned = self.planned().await?;
            if planned.steps.is_empty() {
                return Ok(self.taken(planned));
            }
            let asking = self.asking()?;
            let batch = self.permitted(&asking, &planned);
            let Some(first) = batch.steps.first() else {
                continue;
            };
            let (action, resource) = self.question(first);
            let decision = match asking.ask(action, resource).await {
                Ok(decision) => decision,
                Err(not_let) => {
                    self.wish.withhold(Who::of(first), Why::NotTaken(not_let.0));
                    continue;
                }
            };
            match self
                .commit(&asking, decision, planned, batch.clone())
                .await?
            {
                Ended::Made(steps) => self.count(&steps),
                Ended::Overtaken => tokio::task::yield_now().await,
                Ended::Unfit(why) => self.unfit(&batch, &why),
            }
        }
    }

    /// Planning looks at everybody: nobody else waits for it.
    async fn planned(&self) -> Result<Planned, NotTaken> {
        let (wish, engine) = (self.wish.clone(), self.engine.clone());
        let planning = tokio::task::spawn_blocking(move || {
            let view = engine.view();
            wish.planned(&view.facts, engine.clock().now())
        });
        let planned = planning.await;
        let planned = planned.map_err(|fault| NotTaken::Failed(fault.to_string()))?;
        Ok(planned?)
    }

    /// In whose name it is done.
    fn asking(&self) -> Result<Asking, NotTaken> {
        let source = self.wish.settings().provider.clone();
        let view = self.engine.view();
        let client = client(&view.facts, source.as_str());
        let client = client.ok_or_else(|| gw_directory::Refused::Off(source.clone()))?;
        Ok(Asking {
            engine: self.engine.clone(),
            source,
            client,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        })
    }

    /// The next steps that policy permits. Whom it does not let be changed is left as they are from
    /// then on.
    fn permitted(&mut self, asking: &Asking, planned: &Planned) -> Batch {
        let mut batch = Batch {
            steps: Vec::new(),
            people: BTreeSet::new(),
            groups: BTreeSet::new(),
        };
        for step in &planned.steps {
            if batch.steps.len() >= self.size {
                break;
            }
            match self.refusal(asking, step, &mut batch.groups) {
                None => {
                    batch.people.insert(Who::of(step));
                    batch.steps.push(step.clone());
                }
                Some(Barred::Person(why)) => self.wish.withhold(Who::of(step), why),
                Some(Barred::Group(group, why)) => self.wish.bar(group, why),
            }
        }
        batch
    }

    fn refusal(
        &mut self,
        asking: &Asking,
        step: &Step,
        groups: &mut BTreeSet<GroupName>,
    ) -> Option<Barred> {
        let (action, resource) = self.question(step);
        let not_permitted = |action: Action| Why::NotPermitted(action.to_string());
        if !asking.would(action, resource) {
            return Some(Barred::Person(not_permitted(action)));
        }
        for group in joined(step) {
            if groups.contains(group) {
                continue;
            }
            let action = Action::AdminGroupChange;
            if !asking.would(action, Resource::Group(group.clone())) {
                return Some(Barred::Group(group.clone(), not_permitted(action)));
            }
            groups.insert(group.clone());
        }
        None
    }

    /// What policy is asked about a step.
    fn question(&mut self, step: &Step) -> (Action, Resource) {
        match step {
            Step::Add(new) => {
                let id = self.ids.entry(new.unique_id.clone());
                let id = id.or_insert_with(|| UserId::from_bits(random::bits()));
                (Action::AdminUserAdd, Resource::User(*id))
            }
            Step::Change(changed) => {
                let user = Resource::User(changed.before.id);
                (Action::AdminUserChange, user)
            }
        }
    }

    /// Makes the steps: as they were planned where the facts are still the same, else of a plan that
    /// is made anew, as far as policy was asked about it.
    async fn commit(
        &self,
        asking: &Asking,
        decision: DecisionId,
        planned: Planned,
        batch: Batch,
    ) -> Result<Ended, NotTaken> {
        let outcome = Arc::new(OnceLock::new());
        let told = outcome.clone();
        let (wish, ids, now) = (
            self.wish.clone(),
            self.ids.clone(),
            self.engine.clock().now(),
        );
        let what = format!("people as the directory {} says", asking.source);
        let mut commit = Commit::new(Actor::Client(asking.client.id), what).allowed_by(decision);
        let propose = move |facts: &Snapshot| {
            let decline = |outcome: Result<Vec<Step>, gw_directory::Refused>| {
                let why = outcome.as_ref().err().map(ToString::to_string);
                // INVARIANT: a plan is made once.
                let _ = told.set(outcome);
                Refused::Declined(why.unwrap_or_default())
            };
            let steps = match facts.epoch == planned.epoch {
                true => batch.steps,
                false => {
                    let anew = wish.planned(facts, now);
                    batch.asked_about(anew.map_err(|why| decline(Err(why)))?.steps)
                }
            };
            if steps.is_empty() || client(facts, wish.settings().provider.as_str()).is_none() {
                return Err(decline(Ok(Vec::new())));
            }
            commit.changes = changes(facts, (&wish, now), steps.clone(), &ids);
            // INVARIANT: a plan is made once.
            let _ = told.set(Ok(steps));
            Ok(commit)
        };
        let done = self.engine.propose(propose).await;
        match (done, outcome.get()) {
            (_, Some(Err(refused))) => Err(NotTaken::Refused(refused.clone())),
            (Ok(_), Some(Ok(steps))) => Ok(Ended::Made(steps.clone())),
            (Err(CommitError::Refused(_)), Some(Ok(steps))) if steps.is_empty() => {
                Ok(Ended::Overtaken)
            }
            (Err(CommitError::Refused(why)), _) => Ok(Ended::Unfit(why)),
            (Ok(_), None) => Ok(Ended::Overtaken),
            (Err(fault), _) => Err(NotTaken::Failed(fault.to_string())),
        }
    }

    fn count(&mut self, steps: &[Step]) {
        self.size = (self.size * 2).min(BATCH);
        for step in steps {
            let who = Who::of(step);
            let times = self.times.entry(who.clone()).or_default();
            *times += 1;
            if *times >= TIMES_MAX {
                let why = "the directory and what is here do not come to rest";
                self.wish.withhold(who, Why::NotTaken(why.to_owned()));
            }
            self.counts.added += usize::from(matches!(step, Step::Add(_)));
            let Step::Change(changed) = step else {
                continue;
            };
            self.counts.changed += 1;
            for what in &changed.what {
                match what {
                    What::Disabled(Off::Gone | Off::There) => self.counts.disabled += 1,
                    What::Enabled => self.counts.enabled += 1,
                    _ => {}
                }
            }
        }
    }

    /// Finds out whose step it is that does not fit; the others are made.
    fn unfit(&mut self, batch: &Batch, why: &Refused) {
        match batch.steps.as_slice() {
            [one] => self
                .wish
                .withhold(Who::of(one), Why::NotTaken(why.to_string())),
            more => self.size = more.len() / 2,
        }
    }

    fn taken(self, planned: Planned) -> Taken {
        Taken {
            counts: Counts {
                added: self.counts.added,
                changed: self.counts.changed,
                disabled: self.counts.disabled,
                enabled: self.counts.enabled,
                ..planned.counts
            },
            conflicts: planned.conflicts,
        }
    }
}

/// What policy does not let the directory do.
enum Barred {
    Person(Why),
    Group(GroupName, Why),
}

impl Batch {
    /// Of the steps of another plan, those that policy was asked about.
    fn asked_about(&self, steps: Vec<Step>) -> Vec<Step> {
        let is_asked = |step: &Step| {
            let mut joined = joined(step).into_iter();
            self.people.contains(&Who::of(step)) && joined.all(|group| self.groups.contains(group))
        };
        steps.into_iter().filter(is_asked).collect()
    }
}

/// The groups that somebody comes into.
fn joined(step: &Step) -> Vec<&GroupName> {
    match step {
        Step::Add(new) => new.groups.iter().collect(),
        Step::Change(changed) => {
            let what = changed.what.iter();
            let joined = what.filter_map(|what| match what {
                What::Joined(group) => Some(group),
                _ => None,
            });
            joined.collect()
        }
    }
}

/// Who a directory is to policy, if it is on.
fn client(facts: &Snapshot, name: &str) -> Option<Arc<Client>> {
    let client = facts.client_named(&name.parse().ok()?)?;
    (!client.disabled && !client.suspended).then(|| client.clone())
}
