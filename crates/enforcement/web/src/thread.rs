//! One traffic thread: its door, its router, its upstreams, and what is connected to it.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
};

use gw_door::Door;
use gw_engine::View;
use gw_issue::Assertions;
use gw_pages::PageService;
use http::Method;

use crate::{
    cut_io::Abort,
    metrics::ThreadMetrics,
    options::{ThreadDoor, WebOptions},
    route::Router,
    seal::Sealer,
    upstream::Upstreams,
};

/// What all threads share and none writes.
pub(crate) struct Shared {
    pub(crate) options: WebOptions,
    pub(crate) sealer: Sealer,
}

/// One traffic thread.
pub(crate) struct Thread {
    pub(crate) shared: Arc<Shared>,
    pub(crate) door: Door,
    pub(crate) assertions: Assertions,
    pub(crate) upstreams: Rc<Upstreams>,
    pub(crate) metrics: Arc<ThreadMetrics>,
    router: RefCell<Rc<Router>>,
    services: HashMap<Arc<str>, PageService>,
    methods: HashMap<Method, Arc<str>>,
    connections: RefCell<HashMap<u64, Abort>>,
    next_connection: Cell<u64>,
    draining: Cell<bool>,
    hurried: Cell<bool>,
}

impl Thread {
    pub(crate) fn new(
        shared: Arc<Shared>,
        door: ThreadDoor,
        metrics: Arc<ThreadMetrics>,
    ) -> Rc<Self> {
        let ThreadDoor { door, assertions } = door;
        let usual = [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::OPTIONS,
        ];
        Rc::new(Self {
            upstreams: Upstreams::new(
                shared.options.limits,
                shared.options.upstream_trust.clone(),
                metrics.clone(),
            ),
            router: RefCell::new(Rc::new(Router::compile(&door.engine().view().facts))),
            services: shared.options.services.clone(),
            methods: usual
                .into_iter()
                .map(|m| (m.clone(), Arc::from(m.as_str())))
                .collect(),
            connections: RefCell::default(),
            next_connection: Cell::new(0),
            draining: Cell::new(false),
            hurried: Cell::new(false),
            shared,
            door,
            assertions,
            metrics,
        })
    }

    /// The newest facts and policies.
    pub(crate) fn view(&self) -> Arc<View> {
        self.door.engine().view()
    }

    /// The routes of these facts, compiled anew only when an app has changed.
    pub(crate) fn router(&self, view: &View) -> Rc<Router> {
        let mut router = self.router.borrow_mut();
        if !router.is_of(&view.facts) {
            *router = Rc::new(Router::compile(&view.facts));
        }
        router.clone()
    }

    /// One of our own apps.
    pub(crate) fn service(&self, name: &str) -> Option<PageService> {
        self.services.get(name).cloned()
    }

    /// A method's name, without allocating for the usual ones.
    pub(crate) fn method_name(&self, method: &Method) -> Arc<str> {
        self.methods
            .get(method)
            .cloned()
            .unwrap_or_else(|| Arc::from(method.as_str()))
    }

    /// Takes note of a connection. `None` when there are too many.
    pub(crate) fn admit(self: &Rc<Self>, abort: &Abort) -> Option<Admitted> {
        let mut connections = self.connections.borrow_mut();
        if connections.len() >= self.shared.options.limits.connections_max {
            self.metrics.connections_refused.add(1);
            return None;
        }
        let id = self.next_connection.get();
        self.next_connection.set(id + 1);
        connections.insert(id, abort.clone());
        self.metrics.connections.add(1);
        self.metrics.connections_open.add(1);
        Some(Admitted {
            thread: self.clone(),
            id,
        })
    }

    /// How many connections are open.
    pub(crate) fn connected(&self) -> usize {
        self.connections.borrow().len()
    }

    /// Whether the thread is about to stop: no new requests on kept connections.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Has every connection end once its exchanges have.
    pub(crate) fn drain(&self) {
        self.draining.set(true);
        for abort in self.aborts() {
            abort.nudge();
        }
    }

    /// Whether connections that are idle close at once.
    pub(crate) fn is_hurried(&self) -> bool {
        self.hurried.get()
    }

    /// Has connections close that only wait whether another request comes.
    pub(crate) fn hurry(&self) {
        self.hurried.set(true);
        for abort in self.aborts() {
            abort.nudge();
        }
    }

    /// Aborts every connection.
    pub(crate) fn abort_all(&self) {
        for abort in self.aborts() {
            abort.abort();
        }
    }

    fn aborts(&self) -> Vec<Abort> {
        self.connections.borrow().values().cloned().collect()
    }
}

/// A connection that is counted; no longer once dropped.
pub(crate) struct Admitted {
    thread: Rc<Thread>,
    id: u64,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.thread.connections.borrow_mut().remove(&self.id);
        self.thread.metrics.connections_open.subtract(1);
    }
}
