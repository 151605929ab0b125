//! Sockets, threads, and how they stop.

use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
    rc::Rc,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use gw_leases::Core;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    runtime::LocalOptions,
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    accept::Entrance,
    bearer::Proofs,
    bounds::{self, Addresses, Connected, Counts, Paces},
    metrics::{ThreadMetrics, count_turns, spawn, woke},
    options::{DoorFault, MakeDoor, WebOptions},
    seal::{NoRandomness, Sealer},
    thread::{Shared, Thread},
};

/// Connections that the kernel holds until a thread takes them.
const BACKLOG: u16 = 1024;

/// Threads beside a traffic thread that read the store and hash for it.
const BLOCKING_THREADS: usize = 8;

/// How often upstream connections that lie idle are looked at.
const SWEEP: Duration = Duration::from_secs(5);

/// Servers are asked whether they are well no oftener than this, and looked for this often.
const CHECK_PAUSE: Duration = Duration::from_millis(50);
const CHECK: Duration = Duration::from_secs(1);

/// What cut connections have to say why, when the process stops.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How often a stopping thread looks whether it is empty.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// Why the web enforcement point does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: is another program there?")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start the traffic thread {thread}")]
    Thread {
        /// Its number.
        thread: usize,
        /// Why.
        #[source]
        source: DoorFault,
    },
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Sockets that are bound, before anything is served.
pub struct Server {
    shared: Arc<Shared>,
    /// For each thread, its sockets in the order of the listeners.
    sockets: Vec<Vec<StdListener>>,
    addresses: Vec<SocketAddr>,
}

impl Server {
    /// Binds every address, each once for each thread, unless its socket was handed to us.
    ///
    /// # Errors
    /// Where an address is taken or cannot be had.
    pub fn bind(options: WebOptions) -> Result<Self, StartError> {
        let threads = options.threads.max(1);
        let mut sockets: Vec<Vec<StdListener>> = (0..threads).map(|_| Vec::new()).collect();
        let mut addresses = Vec::new();
        for listener in &options.listeners {
            let asked = listener.address;
            let fault = |source| StartError::Bind {
                address: asked,
                source,
            };
            let (address, own) = match &listener.inherited {
                None => (probe(asked).map_err(fault)?, None),
                Some(handed) => (handed.local_addr().map_err(fault)?, Some(handed)),
            };
            for of_thread in &mut sockets {
                let socket = match own {
                    None => bind(address, true),
                    Some(handed) => share(handed),
                };
                of_thread.push(socket.map_err(fault)?);
            }
            addresses.push(address);
        }
        let sealer = Sealer::generate()?;
        let proofs = Proofs::new().map_err(|_| NoRandomness)?;
        let shared = Arc::new(Shared {
            connected: Connected::new(),
            asking: Addresses::new(),
            under_way: Counts::new(),
            paces: Paces::new(options.limits.requests_per_person),
            proofs,
            options,
            sealer,
        });
        Ok(Self {
            shared,
            sockets,
            addresses,
        })
    }

    /// The addresses as bound, in the order of the listeners.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Starts serving. Returns once every thread follows the facts and accepts.
    ///
    /// # Errors
    /// Where a thread cannot be started or its door cannot be made; then none serves.
    pub fn start(self, make_door: &MakeDoor) -> Result<Running, StartError> {
        let (stop, _) = watch::channel(None);
        let mut running = Running {
            addresses: self.addresses,
            stop,
            threads: Vec::new(),
            metrics: Vec::new(),
        };
        for (number, sockets) in self.sockets.into_iter().enumerate() {
            let started = running.start_thread(number, sockets, self.shared.clone(), make_door);
            if let Err(source) = started {
                running.stop_now();
                return Err(StartError::Thread {
                    thread: number,
                    source,
                });
            }
        }
        Ok(running)
    }
}

/// A port that another program has is an error that names it, even where sharing ports
/// would let us bind beside it.
fn probe(address: SocketAddr) -> io::Result<SocketAddr> {
    bind(address, false)?.local_addr()
}

fn bind(address: SocketAddr, shared: bool) -> io::Result<StdListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG.into())?;
    Ok(socket.into())
}

/// One thread's own handle of a socket that was handed to us.
fn share(handed: &StdListener) -> io::Result<StdListener> {
    handed.set_nonblocking(true)?;
    handed.try_clone()
}

/// The web enforcement point at work.
pub struct Running {
    addresses: Vec<SocketAddr>,
    /// Set once: how long what is open may still take.
    stop: watch::Sender<Option<Duration>>,
    threads: Vec<JoinHandle<()>>,
    metrics: Vec<Arc<ThreadMetrics>>,
}

impl Running {
    /// The addresses as bound, in the order of the listeners.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The counters of each thread.
    pub fn metrics(&self) -> &[Arc<ThreadMetrics>] {
        &self.metrics
    }

    /// Whether every thread still serves. One that ended by itself has failed.
    pub fn is_whole(&self) -> bool {
        !self.threads.iter().any(JoinHandle::is_finished)
    }

    /// Stops: nothing new is accepted, what is open may end within `grace`, what is left then
    /// is cut. Changes of facts are followed to the end. Blocks until all threads have ended.
    pub fn stop(mut self, grace: Duration) {
        self.stop.send_replace(Some(grace));
        self.join();
    }

    fn stop_now(&mut self) {
        self.stop.send_replace(Some(Duration::ZERO));
        self.join();
    }

    fn join(&mut self) {
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a traffic thread had failed before it was stopped");
            }
        }
    }

    fn start_thread(
        &mut self,
        number: usize,
        sockets: Vec<StdListener>,
        shared: Arc<Shared>,
        make_door: &MakeDoor,
    ) -> Result<(), DoorFault> {
        let metrics = Arc::new(ThreadMetrics::default());
        let start = ThreadStart {
            number,
            sockets,
            shared,
            make_door: make_door.clone(),
            metrics: metrics.clone(),
            stop: self.stop.subscribe(),
        };
        let (ready, started) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name(format!("gw-web-{number}"))
            .spawn(move || start.run(&ready))?;
        self.threads.push(thread);
        self.metrics.push(metrics);
        started.recv()?
    }
}

/// What a traffic thread begins with.
struct ThreadStart {
    number: usize,
    sockets: Vec<StdListener>,
    shared: Arc<Shared>,
    make_door: MakeDoor,
    metrics: Arc<ThreadMetrics>,
    stop: watch::Receiver<Option<Duration>>,
}

type Ready = mpsc::Sender<Result<(), DoorFault>>;

impl ThreadStart {
    fn run(self, ready: &Ready) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .on_thread_unpark(|| {
                woke();
                bounds::begin_turn();
            })
            .max_blocking_threads(BLOCKING_THREADS)
            .build_local(LocalOptions::default());
        match runtime {
            Ok(runtime) => runtime.block_on(self.serve(ready)),
            Err(fault) => tell(ready, Err(fault.into())),
        }
    }

    async fn serve(self, ready: &Ready) {
        count_turns(&self.metrics);
        let made = (self.make_door)(self.number).and_then(|door| {
            let thread = Thread::new(self.shared.clone(), door, self.metrics.clone());
            let listeners = self.shared.options.listeners.iter().cloned().map(Rc::new);
            let entrances = self.sockets.into_iter().zip(listeners);
            let entrances: io::Result<Vec<_>> = entrances
                .map(|(socket, listener)| Entrance::new(thread.clone(), listener, socket))
                .collect();
            Ok((thread, entrances?))
        });
        let (thread, entrances) = match made {
            Ok(made) => made,
            Err(fault) => return tell(ready, Err(fault)),
        };
        let engine = thread.door.engine().clone();
        let core: Core = thread.door.core().clone();
        spawn(core.clone().answer());
        let following = spawn(core.follow(engine.attach()));
        let accepting = entrances
            .into_iter()
            .map(|entrance| spawn(accept(entrance, self.stop.clone())));
        let accepting: Vec<_> = accepting.collect();
        spawn(sweep(thread.clone()));
        spawn(bounds::watch(thread.clone()));
        spawn(bounds::keep_turning());
        spawn(check(thread.clone()));
        tell(ready, Ok(()));
        let grace = tokio::select! {
            grace = told_to_stop(self.stop) => grace,
            _ = following => {
                // What does not follow the facts any more must not let anything through.
                tracing::error!(thread = self.number, "a traffic thread no longer follows the facts, and stops");
                Duration::ZERO
            }
        };
        for accepting in accepting {
            if accepting.await.is_err() {
                tracing::error!(
                    thread = self.number,
                    "a listener had failed before it was stopped"
                );
            }
        }
        end(&thread, grace).await;
    }
}

/// How long what is open may still take; none when nobody is left who could say.
async fn told_to_stop(mut stop: watch::Receiver<Option<Duration>>) -> Duration {
    let told = stop.wait_for(Option::is_some).await;
    told.ok().and_then(|grace| *grace).unwrap_or_default()
}

/// Nobody listens any more only where starting was given up.
fn tell(ready: &Ready, how: Result<(), DoorFault>) {
    if ready.send(how).is_err() {
        tracing::debug!("a traffic thread started for nobody");
    }
}

async fn accept(entrance: Entrance, mut stop: watch::Receiver<Option<Duration>>) {
    tokio::select! {
        biased;
        _ = stop.wait_for(Option::is_some) => {}
        () = entrance.take_in() => {}
    }
    entrance.close(BACKLOG);
}

/// Asks apps' servers whether they are well, where an app says so.
async fn check(thread: Rc<Thread>) {
    loop {
        let now = Instant::now();
        let router = thread.router(&thread.view());
        let due = router.apps().filter_map(|app| {
            let upstream = app.upstream(&thread.upstreams)?;
            upstream.check_due(now.into_std())
        });
        let next = due.min().map_or(now + CHECK, Instant::from_std);
        drop(router);
        sleep_until(next.clamp(now + CHECK_PAUSE, now + CHECK)).await;
    }
}

async fn sweep(thread: Rc<Thread>) {
    loop {
        sleep(SWEEP).await;
        thread.upstreams.sweep();
    }
}

/// Lets what is open end; then cuts it, saying why; then aborts it.
async fn end(thread: &Thread, grace: Duration) {
    thread.drain();
    empty_until(thread, Instant::now() + grace).await;
    thread.hurry();
    thread
        .door
        .close("Gatewright is stopping. Try again in a moment.");
    empty_until(thread, Instant::now() + LAST_WORDS).await;
    thread.abort_all();
    empty_until(thread, Instant::now() + LAST_WORDS).await;
}

async fn empty_until(thread: &Thread, deadline: Instant) {
    while thread.connected() > 0 && Instant::now() < deadline {
        sleep_until(deadline.min(Instant::now() + DRAIN_LOOK)).await;
    }
}
