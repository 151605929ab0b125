//! The attacks, and the thread that they rage on.

mod connections;
mod multiplexed;
mod requests;
mod slow;

use std::{
    net::Ipv4Addr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::task::LocalSet;

use crate::{gateway::Gateway, machine, wire};

type Raging = Pin<Box<dyn Future<Output = ()>>>;
type Begin = fn(Field, u32) -> Raging;

/// One attack: what it is, and how it is begun.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// How many of it go on side by side.
    at_once: u32,
    begin: Begin,
}

macro_rules! attacks {
    ($($name:literal, $at_once:literal, $begin:path, $what:literal;)*) => {
        pub(crate) const ATTACKS: &[Attack] = &[$(Attack {
            name: $name,
            what: $what,
            at_once: $at_once,
            begin: |field, number| Box::pin($begin(field, number)),
        }),*];
    };
}

attacks! {
    "connections-one", 8, connections::of_one, "connections from one address, left open";
    "connections-many", 8, connections::of_many, "connections from many addresses, left open";
    "connections-reset", 8, connections::reset, "connections that are reset as soon as they are open";
    "half-handshakes", 8, connections::half_handshakes, "TLS client hellos and nothing more, from many addresses";
    "handshakes", 16, connections::handshakes, "whole TLS handshakes, from many addresses";
    "unknown-names", 8, connections::unknown_names, "TLS handshakes for hosts that there are none of";
    "slow-heads", 512, slow::heads, "request heads that come byte by byte";
    "slow-bodies", 256, slow::bodies, "request bodies that come byte by byte";
    "slow-readers", 64, slow::readers, "large answers over HTTP/1.1 that are not read";
    "zero-windows", 64, slow::zero_windows, "large answers over HTTP/2 without a window for them";
    "rapid-resets", 16, multiplexed::rapid_resets, "requests that are reset at once (CVE-2023-44487)";
    "late-resets", 16, multiplexed::late_resets, "requests that are reset once they have begun";
    "continuations", 16, multiplexed::continuations, "a head that never ends";
    "settings", 16, multiplexed::settings, "SETTINGS without end";
    "pings", 16, multiplexed::pings, "PING without end";
    "window-updates", 16, multiplexed::window_updates, "WINDOW_UPDATE without end";
    "made-you-reset", 16, multiplexed::made_you_reset, "requests that make the server reset them (CVE-2025-8671)";
    "huge-heads", 16, requests::huge_heads, "heads of 30 KiB";
    "unknown-hosts", 16, requests::unknown_hosts, "requests for hosts that there are none of, each another";
    "bad-paths", 16, requests::bad_paths, "paths that are refused";
    "wrong-cookies", 16, requests::wrong_cookies, "cookies that stand for nobody";
    "hand-over-codes", 16, requests::hand_over_codes, "guesses of hand-over codes";
    "recovery-codes", 16, requests::recovery_codes, "guesses of recovery codes, from many addresses";
    "links", 16, requests::links, "guesses of links";
    "websockets", 16, requests::websockets, "WebSocket handshakes of nobody";
}

/// What an attack is told.
#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) gateway: Arc<Gateway>,
    count: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Field {
    pub(crate) fn did(&self, many: u64) {
        self.count.fetch_add(many, Ordering::Relaxed);
    }

    pub(crate) fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    /// An address that was not used for long.
    pub(crate) fn another_address(&self) -> Ipv4Addr {
        wire::source(
            u32::try_from(self.count.load(Ordering::Relaxed) % (1 << 23)).unwrap_or(0) * 2
                + (1 << 17),
        )
    }

    /// One of some addresses: the same for the same number.
    pub(crate) fn own_address(&self, number: u32) -> Ipv4Addr {
        Ipv4Addr::new(127, 200, 0, u8::try_from(number % 8).unwrap_or(0) * 2 + 1)
    }
}

/// Attacks that rage.
pub(crate) struct Storm {
    field: Field,
    began: Instant,
    thread: JoinHandle<()>,
    watcher: JoinHandle<(u64, usize)>,
}

/// How an attack was.
pub(crate) struct Raged {
    count: u64,
    time: Duration,
    pub(crate) resident: u64,
    pub(crate) descriptors: usize,
}

impl Raged {
    pub(crate) fn per_second(&self) -> u64 {
        let millis = u64::try_from(self.time.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        self.count.saturating_mul(1000) / millis
    }
}

impl Storm {
    pub(crate) fn begin(attacks: &[&'static Attack], gateway: &Arc<Gateway>) -> Self {
        let field = Field {
            gateway: gateway.clone(),
            count: Arc::default(),
            over: Arc::default(),
        };
        let begun: Vec<_> = attacks.iter().map(|a| (a.begin, a.at_once)).collect();
        let raging = field.clone();
        let thread = std::thread::spawn(move || rage(&raging, &begun));
        let watching = field.clone();
        let watcher = std::thread::spawn(move || watch(&watching));
        Self {
            field,
            began: Instant::now(),
            thread,
            watcher,
        }
    }

    pub(crate) fn end(self) -> Raged {
        let time = self.began.elapsed();
        self.field.over.store(true, Ordering::Relaxed);
        if self.thread.join().is_err() {
            eprintln!("storm: the attack itself failed");
        }
        let (resident, descriptors) = self.watcher.join().unwrap_or_default();
        Raged {
            count: self.field.count.load(Ordering::Relaxed),
            time,
            resident,
            descriptors,
        }
    }
}

fn rage(field: &Field, begun: &[(Begin, u32)]) {
    machine::stay_on_load_core(true);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else { return };
    let tasks = LocalSet::new();
    for (begin, at_once) in begun {
        for number in 0..*at_once {
            tasks.spawn_local(begin(field.clone(), number));
        }
    }
    tasks.block_on(&runtime, async {
        while field.goes_on() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
}

/// The most that the gateway held meanwhile.
fn watch(field: &Field) -> (u64, usize) {
    machine::stay_on_load_core(true);
    let (mut resident, mut descriptors) = (0, 0);
    while field.goes_on() {
        resident = resident.max(machine::resident(field.gateway.pid));
        descriptors = descriptors.max(machine::descriptors(field.gateway.pid));
        machine::wait(Duration::from_millis(100));
    }
    (resident, descriptors)
}
