//! The directories that are followed: each as long as it is wanted, anew where its settings change.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gw_directory::{Effects, Follower, Handle, Settings, Status};
use gw_engine::Engine;
use gw_model::ProviderName;
use tokio::{
    sync::watch,
    task::{Id, JoinSet},
    time::sleep,
};

use crate::followed::Followed;

/// A follower that panicked begins again after so long.
const AGAIN: Duration = Duration::from_secs(5);

/// The directories that are followed; clones are the same.
#[derive(Clone)]
pub struct Directories(Arc<Inner>);

struct Inner {
    engine: Engine,
    wanted: watch::Sender<Vec<Arc<Settings>>>,
    followed: Mutex<BTreeMap<ProviderName, One>>,
}

/// A directory that is followed.
#[derive(Clone)]
struct One {
    settings: Arc<Settings>,
    keeper: Followed,
    handle: Handle,
}

/// How a directory that is followed stands.
#[derive(Debug, Clone)]
pub struct DirectoryShown {
    /// Its name.
    pub name: ProviderName,
    /// How it is read.
    pub settings: Arc<Settings>,
    /// How following it stands.
    pub status: Arc<Status>,
}

impl Directories {
    /// Those that the settings name; nothing begins before they are followed.
    pub fn new(engine: Engine, settings: Vec<Settings>) -> Self {
        let wanted: Vec<_> = settings.into_iter().map(Arc::new).collect();
        let followed = wanted.iter().map(|one| One::of(&engine, one)).collect();
        Self(Arc::new(Inner {
            engine,
            wanted: watch::Sender::new(wanted),
            followed: Mutex::new(followed),
        }))
    }

    /// Follows what these settings name from now on. Those that are the same go on.
    pub fn replace(&self, settings: Vec<Settings>) {
        self.0.wanted.send_if_modified(|wanted| {
            let same = wanted.iter().map(|one| &**one).eq(&settings);
            *wanted = settings.into_iter().map(Arc::new).collect();
            !same
        });
    }

    /// Whether exactly these are followed.
    pub fn are(&self, settings: &[Settings]) -> bool {
        let wanted = self.0.wanted.borrow();
        wanted.iter().map(|one| &**one).eq(settings)
    }

    /// How each stands, by name.
    pub fn shown(&self) -> Vec<DirectoryShown> {
        let followed = self.followed();
        let shown = followed.iter().map(|(name, one)| one.shown(name));
        shown.collect()
    }

    /// How one stands, if it is followed.
    pub fn one(&self, name: &ProviderName) -> Option<DirectoryShown> {
        self.followed().get(name).map(|one| one.shown(name))
    }

    /// Reads one at once; whether it is followed.
    pub fn read_now(&self, name: &ProviderName) -> bool {
        let followed = self.followed();
        let one = followed.get(name);
        one.inspect(|one| one.handle.read_now()).is_some()
    }

    /// Lets the next reading of one do this, as far as it still would, and reads it at once; whether
    /// it is followed.
    pub fn allow(&self, name: &ProviderName, allowed: &Effects) -> bool {
        let followed = self.followed();
        let allow = |one: &&One| {
            one.keeper.allow(allowed.clone());
            one.handle.read_now();
        };
        followed.get(name).inspect(allow).is_some()
    }

    /// Follows them until it is dropped. Nothing of them stays then.
    pub async fn run(&self) -> Infallible {
        let mut wanted = self.0.wanted.subscribe();
        let mut running = Running::default();
        loop {
            let settings = wanted.borrow_and_update().clone();
            self.take_up(&settings, &mut running);
            tokio::select! {
                changed = wanted.changed() => {
                    // INVARIANT: the sender lives in what this borrows.
                    if changed.is_err() {
                        return std::future::pending().await;
                    }
                }
                () = running.ended() => sleep(AGAIN).await,
            }
        }
    }

    /// Ends what is not wanted any more, and begins what is wanted and not followed.
    fn take_up(&self, wanted: &[Arc<Settings>], running: &mut Running) {
        let mut followed = self.followed();
        let is_wanted = |one: &One| wanted.contains(&one.settings);
        followed.retain(|name, one| {
            let stays = is_wanted(one);
            if !stays {
                running.end(name);
            }
            stays
        });
        for settings in wanted {
            let name = &settings.provider;
            let one = followed.entry(name.clone());
            let one = one.or_insert_with(|| One::of(&self.0.engine, settings).1);
            if running.is_running(name) {
                continue;
            }
            let clock = self.0.engine.clock().clone();
            let now = Arc::new(move || clock.now());
            let follower = Follower::new(Settings::clone(settings), one.keeper.clone(), now);
            one.handle = follower.handle();
            running.begin(name.clone(), follower);
        }
    }

    fn followed(&self) -> MutexGuard<'_, BTreeMap<ProviderName, One>> {
        self.0
            .followed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl One {
    fn of(engine: &Engine, settings: &Arc<Settings>) -> (ProviderName, Self) {
        let one = Self {
            settings: settings.clone(),
            keeper: Followed::new(engine.clone(), settings.clone()),
            handle: Handle::default(),
        };
        (settings.provider.clone(), one)
    }

    fn shown(&self, name: &ProviderName) -> DirectoryShown {
        DirectoryShown {
            name: name.clone(),
            settings: self.settings.clone(),
            status: self.handle.status(),
        }
    }
}

/// The tasks, which go when this goes.
#[derive(Default)]
struct Running {
    tasks: JoinSet<()>,
    names: BTreeMap<ProviderName, tokio::task::AbortHandle>,
}

impl Running {
    fn begin(&mut self, name: ProviderName, follower: Follower<Followed>) {
        let task = async move { match follower.run().await {} };
        let task = self.tasks.spawn(task);
        self.names.insert(name, task);
    }

    fn end(&mut self, name: &ProviderName) {
        if let Some(task) = self.names.remove(name) {
            task.abort();
        }
    }

    fn is_running(&self, name: &ProviderName) -> bool {
        self.names.contains_key(name)
    }

    /// Waits until one ends that was not told to: it panicked, and nothing of it stays.
    async fn ended(&mut self) {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            let id = match &ended {
                Ok((id, ())) => *id,
                Err(fault) => fault.id(),
            };
            if let Some(name) = self.forget(id) {
                tracing::error!(directory = %name, "following a directory failed; it begins again");
                return;
            }
        }
        std::future::pending().await
    }

    fn forget(&mut self, id: Id) -> Option<ProviderName> {
        let mut names = self.names.iter();
        let name = names.find_map(|(name, task)| (task.id() == id).then(|| name.clone()))?;
        self.names.remove(&name);
        Some(name)
    }
}

impl fmt::Debug for Directories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.followed().keys()).finish()
    }
}
