//! For those who keep it running: whether it is well, whether it serves, and numbers, over plain
//! HTTP on addresses of their own.
//!
//! Nothing else can be reached through it, and nothing that it tells is about a person. It
//! answers on the control runtime: what traffic threads know, they say through atomic counters.

mod answer;
mod disk;
mod figures;
mod health;
mod listener;
mod machine;
mod vitals;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use gw_engine::Engine;
use gw_provisioning::Directories;
use gw_record::Ledger;
use gw_tls::CertificateStore;
use gw_web::ThreadMetrics;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::supervise::{Early, Supervisor};

pub(crate) use vitals::Vitals;

/// How often the disk and the process are looked at.
const LOOKS: Duration = Duration::from_secs(10);

/// Connections that wait in the kernel's queue.
const BACKLOG: i32 = 64;

/// Addresses that are bound, before anything is told on them.
pub(crate) struct Bound(Vec<Arc<TcpListener>>);

/// What there is to tell about.
pub(crate) struct Watched {
    pub(crate) engine: Engine,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) traffic: Vec<Arc<ThreadMetrics>>,
    pub(crate) certificates: Option<CertificateStore>,
    /// How certificates that are obtained stand.
    pub(crate) obtained: Option<gw_acme::Shown>,
    /// The directories that are followed.
    pub(crate) directories: Directories,
    pub(crate) vitals: Vitals,
    pub(crate) data: PathBuf,
}

impl Bound {
    /// Binds an address.
    ///
    /// # Errors
    /// When it is taken or cannot be had.
    pub(crate) fn bind(&mut self, address: SocketAddr) -> io::Result<()> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            // IPv4 has a socket of its own, as in `listen`.
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from_std(socket.into())?;
        self.0.push(Arc::new(listener));
        Ok(())
    }

    /// Nothing is bound yet.
    pub(crate) const fn nowhere() -> Self {
        Self(Vec::new())
    }

    /// The addresses as bound.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let each = self.0.iter();
        each.filter_map(|listener| listener.local_addr().ok())
            .collect()
    }

    /// Tells on all of them from now on.
    pub(crate) fn tell(self, watched: Watched, supervisor: &Supervisor) {
        if self.0.is_empty() {
            return;
        }
        let disk = disk::Disk::new(&watched.data);
        let desk = Arc::new(answer::Desk::new(watched, disk.clone()));
        supervisor.spawn("disk figures", Early::Restart, move |stopping| {
            disk.clone().follow(LOOKS, stopping)
        });
        for listener in self.0 {
            let desk = Arc::clone(&desk);
            supervisor.spawn("operations", Early::Restart, move |mut stopping| {
                let (listener, desk) = (Arc::clone(&listener), Arc::clone(&desk));
                async move {
                    tokio::select! {
                        () = stopping.told() => Ok(()),
                        () = listener::serve(&listener, &desk) => Ok(()),
                    }
                }
            });
        }
    }
}
