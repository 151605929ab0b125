//! A directory followed for as long as it is wanted: read, taken over, and read again when
//! something says that it changed, and from time to time in any case.

mod pause;

use std::{
    collections::BTreeSet, convert::Infallible, fmt, future::Future, sync::Arc, time::Duration,
};

use gw_model::Timestamp;
use tokio::{
    sync::Notify,
    task::{JoinError, JoinSet},
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};

use crate::{
    fault::DirectoryFault,
    reader::{Read, read},
    reading::{Elsewhere, Reading},
    session::Servers,
    settings::Settings,
    status::{CONFLICTS_SHOWN_MAX, NotTaken, Shown, Status, Taken, Trouble},
    watch::{Following, News, watch},
};

/// What time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Who keeps people and groups here.
pub trait Keeper: Send + Sync + 'static {
    /// The unique ids of everybody who is linked and on ([`crate::Present::expected`]): none of
    /// them is taken for gone unless the directory says so when asked.
    fn expected(&self) -> BTreeSet<Arc<str>>;

    /// Makes of a reading what is to be made of it: plans on the facts as they are when its turn
    /// comes, and changes them.
    fn take(&self, reading: Arc<Reading>) -> impl Future<Output = Result<Taken, NotTaken>> + Send;
}

/// Follows one directory.
pub struct Follower<K> {
    servers: Arc<Servers>,
    keeper: K,
    handle: Handle,
    now: Clock,
}

/// How following stands, and a way to hurry it; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Handle {
    shown: Shown,
    hurry: Arc<Notify>,
}

impl Handle {
    /// How it stands.
    pub fn status(&self) -> Arc<Status> {
        self.shown.now()
    }

    /// Reads at once: somebody corrected something, or allows what was refused.
    pub fn read_now(&self) {
        self.hurry.notify_one();
    }
}

/// The one task beside following: it goes when this goes.
struct Watching {
    task: JoinSet<DirectoryFault>,
    news: Arc<News>,
    failures: u32,
}

impl Watching {
    fn begun(servers: Arc<Servers>, shown: Shown) -> Self {
        let following = move |following| {
            shown.change(|status| {
                status.following = following;
                status.unwatched = None;
            });
        };
        let mut watching = Self {
            task: JoinSet::new(),
            news: Arc::new(News {
                changed: Notify::new(),
                following: Box::new(following),
            }),
            failures: 0,
        };
        watching.go_on(&servers);
        watching
    }

    /// Watches again where it ended, after a while.
    fn go_on(&mut self, servers: &Arc<Servers>) {
        if !self.task.is_empty() {
            return;
        }
        let pause = match self.failures {
            0 => Duration::ZERO,
            failures => pause::after(failures, pause::chance()),
        };
        let (servers, news) = (servers.clone(), self.news.clone());
        self.task.spawn(async move {
            sleep(pause).await;
            watch(servers, news).await
        });
    }

    /// Waits until it ends. That it panicked is a fault like others; nothing of it stays.
    async fn ended(&mut self) -> DirectoryFault {
        match self.task.join_next().await {
            Some(ended) => ended_by(ended),
            None => std::future::pending().await,
        }
    }
}

fn ended_by(ended: Result<DirectoryFault, JoinError>) -> DirectoryFault {
    ended.unwrap_or_else(|why| DirectoryFault::Misbehaves(why.to_string()))
}

impl<K: Keeper> Follower<K> {
    /// Follows what the settings say; nothing begins before it runs.
    pub fn new(settings: Settings, keeper: K, now: Clock) -> Self {
        Self {
            servers: Arc::new(Servers::new(Arc::new(settings))),
            keeper,
            handle: Handle::default(),
            now,
        }
    }

    /// What shows how it stands.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Follows until it is dropped. Nothing of it stays then.
    pub async fn run(self) -> Infallible {
        let mut watching = Watching::begun(self.servers.clone(), self.handle.shown.clone());
        self.first(&mut watching).await;
        loop {
            let began = Instant::now();
            let is_settled = self.once().await;
            let rest = pause::at_least(self.servers.settings().timing.pause, began.elapsed());
            let next = self.next(is_settled, rest);
            let why = self.begin(&mut watching, next, rest).await;
            tracing::debug!(provider = %self.provider(), why, "a directory is read");
        }
    }

    /// Waits until it is watched, or until that fails: who watches first misses nothing between
    /// reading and watching.
    async fn first(&self, watching: &mut Watching) {
        let patience = self.servers.settings().timing.answer;
        let watched = async {
            tokio::select! {
                () = watching.news.changed.notified() => None,
                fault = watching.task.join_next() => fault,
            }
        };
        if let Ok(Some(ended)) = timeout(patience, watched).await {
            watching.failures = 1;
            self.unwatched(&ended_by(ended));
        }
    }

    /// Reads and takes over, once; whether what was read may be out of date already.
    async fn once(&self) -> bool {
        let read = self.read().await;
        let now = (self.now)();
        let (read, server) = match read {
            Ok(read) => read,
            Err(fault) => {
                self.failed(Trouble::of_directory(now, &fault));
                return true;
            }
        };
        let elsewhere = read.reading.elsewhere;
        let reading = Arc::new(read.reading);
        match self.keeper.take(reading).await {
            Ok(taken) => self.took(taken, now, &server, elsewhere),
            Err(fault) => self.failed(Trouble::of_taking(now, &fault)),
        }
        read.is_settled
    }

    async fn read(&self) -> Result<(Read, String), DirectoryFault> {
        let settings = self.servers.settings();
        let mut session = self.servers.open().await?;
        let server = session.server.clone();
        let read = read(&mut session, settings, &self.keeper.expected()).await;
        let read = read.inspect_err(|fault| {
            if fault.is_of_server() {
                self.servers.turn_from(&server);
            }
        })?;
        session.connection.close().await;
        Ok((read, server.to_string()))
    }

    /// How long until the next reading, at the latest.
    fn next(&self, is_settled: bool, rest: Duration) -> Duration {
        let timing = &self.servers.settings().timing;
        let failures = self.handle.status().failures;
        let next = match (failures, is_settled) {
            (0, true) => timing.interval,
            (0, false) => rest.min(timing.interval),
            (failures, _) => pause::after(failures, pause::chance()).min(timing.interval),
        };
        let at = (self.now)().after(next);
        self.handle.shown.change(|status| status.next = Some(at));
        next
    }

    /// Waits until there is a reason to read, and says which.
    async fn begin(
        &self,
        watching: &mut Watching,
        within: Duration,
        rest: Duration,
    ) -> &'static str {
        let due = Instant::now() + within;
        let earliest = due.min(Instant::now() + rest);
        loop {
            watching.go_on(&self.servers);
            let news = watching.news.clone();
            tokio::select! {
                () = self.handle.hurry.notified() => return "hurried",
                () = sleep_until(due) => return "due",
                () = news.changed.notified() => {
                    watching.failures = 0;
                    // Whoever hurries does not wait for that.
                    let hurried = self.handle.hurry.notified();
                    let _ = timeout_at(earliest, hurried).await;
                    return "changed";
                }
                fault = watching.ended() => {
                    // That alone is no reason to read: once it has begun again, it says so.
                    watching.failures = watching.failures.saturating_add(1);
                    self.unwatched(&fault);
                }
            }
        }
    }

    fn took(&self, taken: Taken, at: Timestamp, server: &str, elsewhere: Elsewhere) {
        let heeded = self.servers.settings().referrals.heeded(elsewhere);
        let counts = taken.counts;
        if counts.added + counts.changed > 0 {
            tracing::info!(
                provider = %self.provider(), server, added = counts.added, changed = counts.changed,
                disabled = counts.disabled, conflicts = taken.conflicts.len(),
                "people and groups are as the directory says"
            );
        }
        let total = taken.conflicts.len();
        let mut conflicts = taken.conflicts;
        conflicts.truncate(CONFLICTS_SHOWN_MAX);
        self.handle.shown.change(|status| {
            status.last_success = Some(at);
            status.counts = counts;
            status.conflicts.clone_from(&conflicts);
            status.conflicts_total = total;
            status.trouble = None;
            status.failures = 0;
            status.server = Some(server.to_owned());
            status.references = elsewhere.places();
            status.is_partial = heeded.places() > 0;
        });
    }

    fn failed(&self, trouble: Trouble) {
        tracing::warn!(
            provider = %self.provider(), fault = trouble.what, help = trouble.help,
            "people and groups do not follow the directory"
        );
        self.handle.shown.change(|status| {
            status.trouble = Some(trouble.clone());
            status.failures = status.failures.saturating_add(1);
        });
    }

    fn unwatched(&self, fault: &DirectoryFault) {
        tracing::debug!(provider = %self.provider(), %fault, "a directory is not watched");
        let trouble = Trouble::of_directory((self.now)(), fault);
        self.handle.shown.change(|status| {
            status.following = Following::Interval;
            status.unwatched = Some(trouble.clone());
        });
    }

    fn provider(&self) -> &gw_model::ProviderName {
        &self.servers.settings().provider
    }
}

impl<K> fmt::Debug for Follower<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower")
            .field("provider", &self.servers.settings().provider)
            .finish_non_exhaustive()
    }
}

/// Reads a directory once, to show what following it would do; of `expected`, nobody is left out
/// without having been asked for.
///
/// # Errors
/// Where it cannot be read to its end.
pub async fn read_once(
    settings: &Settings,
    expected: &BTreeSet<Arc<str>>,
) -> Result<Reading, DirectoryFault> {
    let servers = Servers::new(Arc::new(settings.clone()));
    let mut session = servers.open().await?;
    let read = read(&mut session, settings, expected).await?;
    session.connection.close().await;
    Ok(read.reading)
}
