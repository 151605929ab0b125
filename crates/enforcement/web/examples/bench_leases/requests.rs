//! Ordinary requests at a fixed rate, and what they felt.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::sockets;

const CONNECTIONS: usize = 16;
/// Between two requests on one connection: 800 a second in all.
const PACE: Duration = Duration::from_millis(20);

/// When requests were due, and how long after that they were answered.
#[derive(Clone, Default)]
pub(crate) struct Felt(Arc<Mutex<Vec<(Instant, Duration)>>>, Arc<AtomicBool>);

impl Felt {
    /// No more is asked.
    pub(crate) fn is_over(&self) {
        self.1.store(true, Ordering::Relaxed);
    }

    /// What those felt that were due between two instants.
    pub(crate) fn between(&self, from: Instant, to: Instant) -> Vec<Duration> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let within = all.iter().filter(|(due, _)| (from..to).contains(due));
        within.map(|(_, time)| *time).collect()
    }
}

/// A thread that asks for pages, each with the cookie of somebody whom no change touches.
pub(crate) fn start(gateway: SocketAddr, host: String, cookies: Vec<String>) -> Felt {
    let felt = Felt::default();
    let noting = felt.clone();
    let serve = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut asking = Vec::new();
            for (number, cookie) in cookies.into_iter().cycle().take(CONNECTIONS).enumerate() {
                let request =
                    format!("GET /page HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\n\r\n");
                asking.push(tokio::spawn(ask(gateway, number, request, noting.clone())));
            }
            for one in asking {
                one.await.expect("requests are answered");
            }
        });
    };
    std::thread::Builder::new()
        .name("requests".into())
        .spawn(serve)
        .expect("a thread");
    felt
}

async fn ask(gateway: SocketAddr, number: usize, request: String, felt: Felt) {
    let mut socket = sockets::connect(gateway, number).await;
    let offset = PACE * u32::try_from(number).expect("few") / CONNECTIONS as u32;
    let mut due = Instant::now() + offset;
    while !felt.1.load(Ordering::Relaxed) {
        tokio::time::sleep_until(due.into()).await;
        socket
            .write_all(request.as_bytes())
            .await
            .expect("it is read");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nok") {
            let mut some = [0; 1024];
            let read = socket.read(&mut some).await.expect("an answer");
            let so_far = String::from_utf8_lossy(&answer);
            assert!(read > 0, "an ordinary request failed: {so_far:?}");
            answer.extend_from_slice(&some[..read]);
        }
        let all = String::from_utf8_lossy(&answer);
        assert!(
            all.starts_with("HTTP/1.1 200"),
            "an ordinary request failed: {all:?}"
        );
        let mut all = felt.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((due, due.elapsed()));
        drop(all);
        due += PACE;
    }
}
