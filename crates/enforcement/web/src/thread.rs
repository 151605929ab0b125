//! One traffic thread: its door, its router, its upstreams, and what is connected to it.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
};

use gw_door::Door;
use gw_engine::{Circumstances, View};
use gw_issue::Assertions;
use http::Method;

use crate::{
    bearer::{Proofs, Tokens},
    bounds::{Addresses, Answers, Connected, Counts, Exchanges, Paces, Seats},
    metrics::ThreadMetrics,
    options::{BuiltIn, ThreadDoor, WebOptions},
    route::Router,
    seal::Sealer,
    upstream::Upstreams,
};

/// What all threads share. What is written is so when a connection comes or goes or becomes
/// somebody's, with a stranger's request, and with one of many of who is signed in.
pub(crate) struct Shared {
    pub(crate) options: WebOptions,
    pub(crate) sealer: Sealer,
    /// Who has how many connections.
    pub(crate) connected: Connected,
    /// What strangers have under way at apps, by address.
    pub(crate) asking: Arc<Addresses>,
    /// What people and programs have, by who they are.
    pub(crate) under_way: Arc<Counts>,
    /// How fast people ask.
    pub(crate) paces: Arc<Paces>,
    /// The proofs that came with access tokens.
    pub(crate) proofs: Proofs,
}

/// One traffic thread.
pub(crate) struct Thread {
    pub(crate) shared: Arc<Shared>,
    pub(crate) door: Door,
    pub(crate) assertions: Assertions,
    /// The access tokens that it has verified.
    pub(crate) tokens: RefCell<Tokens>,
    pub(crate) upstreams: Rc<Upstreams>,
    pub(crate) metrics: Arc<ThreadMetrics>,
    router: RefCell<Rc<Router>>,
    services: HashMap<Arc<str>, BuiltIn>,
    methods: Vec<(Method, Arc<str>)>,
    pub(crate) seats: Rc<Seats>,
    /// What is under way at apps.
    pub(crate) exchanges: Exchanges,
    /// What they leave untaken.
    pub(crate) answers: Answers,
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
        let thread = Rc::new(Self {
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
            exchanges: Exchanges::new(
                &shared.options.limits,
                shared.asking.clone(),
                shared.under_way.clone(),
            ),
            answers: Answers::new(
                shared
                    .options
                    .limits
                    .stranger_answers_max
                    .div_ceil(shared.options.threads.max(1)),
            ),
            seats: Seats::new(
                shared.options.limits,
                shared.connected.clone(),
                metrics.clone(),
            ),
            tokens: RefCell::default(),
            draining: Cell::new(false),
            hurried: Cell::new(false),
            shared,
            door,
            assertions,
            metrics,
        });
        let knows = Rc::downgrade(&thread);
        let astray = move |view: &View, circumstances: &Circumstances| {
            knows.upgrade()?.strays(view, circumstances)
        };
        thread.door.core().look_for_astray(Rc::new(astray));
        thread
    }

    /// Why what is open would not be let through as it was, by the routes of these facts.
    fn strays(&self, view: &View, circumstances: &Circumstances) -> Option<&'static str> {
        let http = circumstances.http.as_ref()?;
        match self.router(view).app(&http.host) {
            Some(app) => app.strays(circumstances),
            None => Some("its app is not at this host any more"),
        }
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
    pub(crate) fn service(&self, name: &str) -> Option<BuiltIn> {
        self.services.get(name).cloned()
    }

    /// A method's name, without allocating for the usual ones.
    pub(crate) fn method_name(&self, method: &Method) -> Arc<str> {
        let usual = self.methods.iter().find(|(usual, _)| usual == method);
        usual.map_or_else(|| Arc::from(method.as_str()), |(_, name)| name.clone())
    }

    /// How many connections are open.
    pub(crate) fn connected(&self) -> usize {
        self.seats.taken()
    }

    /// Whether the thread is about to stop: no new requests on kept connections.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Has every connection end once its exchanges have.
    pub(crate) fn drain(&self) {
        self.draining.set(true);
        for abort in self.seats.aborts() {
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
        for abort in self.seats.aborts() {
            abort.nudge();
        }
    }

    /// Aborts every connection.
    pub(crate) fn abort_all(&self) {
        for abort in self.seats.aborts() {
            abort.abort();
        }
    }
}
