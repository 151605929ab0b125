//! Facts that follow a directory, and settings for it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use gw_directory::{
    Effects, Follower, GroupMatch, Groups, Handle, Keeper, MappedGroup, MemberAttribute, NotTaken,
    People, Present, Provision, Reading, Referrals, Safety, Scope, Secret, Server, Settings,
    Status, Taken, Timing, UniqueIdAttribute, plan_allowing,
};
use gw_model::{
    Change, Epoch, Group, Provider, ProviderName, ProviderProtocol, Snapshot, Timestamp, UserId,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

/// The longest that anything is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn settings(servers: &[&str], start_tls: bool) -> Settings {
    Settings {
        provider: "lab".parse().unwrap(),
        servers: servers
            .iter()
            .map(|url| Server::read(url, start_tls).unwrap())
            .collect(),
        ca: None,
        bind_dn: "uid=sync,dc=lab,dc=test".into(),
        secret: Secret::new("sync-pw"),
        certificate: None,
        people: People {
            base: "ou=people,dc=lab,dc=test".parse().unwrap(),
            scope: Scope::Subtree,
            filter: "(objectClass=inetOrgPerson)".parse().unwrap(),
            unique_id: UniqueIdAttribute::named("entryUUID"),
            name: "uid".into(),
            display_name: "cn".into(),
            email: Some("mail".into()),
            disabled: Vec::new(),
            member_of: None,
            provision: Provision::Everybody,
            found_by_name: false,
        },
        groups: Groups {
            base: "ou=groups,dc=lab,dc=test".parse().unwrap(),
            scope: Scope::Subtree,
            filter: "(|(objectClass=groupOfNames)(objectClass=posixGroup))"
                .parse()
                .unwrap(),
            name: "cn".into(),
            members: vec![
                MemberAttribute::Names("member".into()),
                MemberAttribute::SignInNames("memberUid".into()),
            ],
            nesting: 8,
            mapped: vec![mapped("staff", "staff"), mapped("admins", "owners")],
        },
        page_size: 200,
        referrals: Referrals::default(),
        timing: Timing {
            answer: Duration::from_secs(10),
            reading: Duration::from_secs(60),
            interval: Duration::from_secs(3600),
            poll: Duration::from_millis(20),
            pause: Duration::ZERO,
        },
        safety: Safety::default(),
    }
}

pub(crate) fn mapped(there: &str, here: &str) -> MappedGroup {
    MappedGroup {
        there: GroupMatch::Name(there.into()),
        here: here.parse().unwrap(),
    }
}

/// Facts that take what is read.
#[derive(Clone)]
pub(crate) struct House(Arc<Inner>);

struct Inner {
    facts: watch::Sender<Snapshot>,
    settings: Settings,
    allowed: Mutex<Effects>,
    readings: watch::Sender<usize>,
}

impl House {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self(Arc::new(Inner {
            facts: watch::Sender::new(facts(&settings.provider)),
            settings: settings.clone(),
            allowed: Mutex::default(),
            readings: watch::Sender::new(0),
        }))
    }

    pub(crate) fn facts(&self) -> Snapshot {
        self.0.facts.borrow().clone()
    }

    pub(crate) fn allow(&self, allowed: Effects) {
        *self.0.allowed.lock().unwrap() = allowed;
    }

    pub(crate) fn readings(&self) -> usize {
        *self.0.readings.borrow()
    }

    /// Waits until the facts are so.
    pub(crate) async fn until(&self, what: &str, are: impl Fn(&Snapshot) -> bool) {
        let mut facts = self.0.facts.subscribe();
        let waiting = facts.wait_for(are);
        assert!(timeout(PATIENCE, waiting).await.is_ok(), "{what}");
    }

    /// Waits until so many readings were taken.
    pub(crate) async fn until_read(&self, times: usize) {
        let mut readings = self.0.readings.subscribe();
        let waiting = readings.wait_for(|read| *read >= times);
        assert!(
            timeout(PATIENCE, waiting).await.is_ok(),
            "read {times} times"
        );
    }

    /// Follows until the set is dropped.
    pub(crate) fn follow(&self) -> (Handle, JoinSet<()>) {
        let now = Arc::new(|| Timestamp::from_secs(1_700_000_000));
        let follower = Follower::new(self.0.settings.clone(), self.clone(), now);
        let handle = follower.handle();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { match follower.run().await {} });
        (handle, tasks)
    }
}

impl Keeper for House {
    fn expected(&self) -> BTreeSet<Arc<str>> {
        let facts = self.facts();
        Present::of(&facts, &self.0.settings.provider).expected()
    }

    async fn take(&self, reading: Arc<Reading>) -> Result<Taken, NotTaken> {
        let before = self.facts();
        let present = Present::of(&before, &self.0.settings.provider);
        let allowed = self.0.allowed.lock().unwrap().clone();
        let plan = plan_allowing(&present, &reading, &self.0.settings, &allowed)?;
        let mut next = before.users().count() as u64;
        let changes = plan.changes(&present, || {
            next += 1;
            UserId::from_bits(next)
        });
        let after = before.apply(Epoch::default(), &changes).unwrap();
        self.0.readings.send_modify(|read| *read += 1);
        self.0.facts.send_replace(after);
        Ok(Taken {
            counts: plan.counts,
            conflicts: plan.conflicts,
        })
    }
}

fn facts(provider: &ProviderName) -> Snapshot {
    let group = |name: &str| {
        let group = Group {
            name: name.parse().unwrap(),
            title: name.into(),
            parents: Vec::new(),
            identities: Vec::new(),
            version: 0,
        };
        Change::GroupPut(group.into())
    };
    let provider = Provider {
        name: provider.clone(),
        title: "the lab".into(),
        issuer: "ldap".into(),
        protocol: ProviderProtocol::Oidc {
            client_id: "-".into(),
            scopes: Vec::new(),
        },
        people: Default::default(),
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: false,
        suspended: false,
        version: 0,
    };
    let changes = [
        group("staff"),
        group("owners"),
        Change::ProviderPut(provider.into()),
    ];
    Snapshot::default()
        .apply(Epoch::default(), &changes)
        .unwrap()
}

/// Waits until the status is so.
pub(crate) async fn until(handle: &Handle, what: &str, is: impl Fn(&Status) -> bool) {
    let waiting = async {
        while !is(&handle.status()) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "{what}: {:?}", handle.status());
}

pub(crate) fn groups(facts: &Snapshot, name: &str) -> Vec<String> {
    let user = facts.user_named(name);
    let groups = user.into_iter().flat_map(|user| user.groups.iter());
    groups.map(|one| one.group.to_string()).collect()
}

pub(crate) fn is_on(facts: &Snapshot, name: &str) -> bool {
    facts.user_named(name).is_some_and(|user| !user.disabled)
}
