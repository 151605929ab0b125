//! A request as it has been read, once, before anybody is asked about it.

use std::{net::IpAddr, rc::Rc, sync::Arc, time::Instant};

use gw_engine::{Circumstances, OwnedHttp, View};
use gw_model::{Action, Credential, Timestamp, Upstream};
use http::{
    HeaderMap, Method, StatusCode, Version,
    header::{COOKIE, USER_AGENT},
    request::Parts,
};
use hyper::upgrade::OnUpgrade;

use crate::{
    answer::Rejection,
    bearer::{self, Refused},
    canonical::{Ambiguous, Authority, Canonical, Scheme, Target},
    connection::Conn,
    cookie::Ours,
    credential::Who,
    extended::Extended,
    fetch_site::{self, Own, Preflight, Sender},
    header::{Origin, Present, Told},
    options::{KnownOrigin, Serves},
    route::{AppRoutes, Route},
    switch::Switch,
};

/// What of a host's paths is ours.
const OWN_PATHS: &[u8] = b"/.gatewright";

/// A request's head in its one form, with the app that it is for.
pub(crate) struct Inbound {
    pub(crate) conn: Rc<Conn>,
    pub(crate) received: Instant,
    pub(crate) now: Timestamp,
    pub(crate) view: Arc<View>,
    pub(crate) method: Method,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    /// Which headers came.
    pub(crate) present: Present,
    pub(crate) authority: Rc<Authority<'static>>,
    pub(crate) told: Rc<Told>,
    pub(crate) target: Target,
    pub(crate) address: IpAddr,
    pub(crate) navigation: bool,
    pub(crate) app: Rc<AppRoutes>,
    pub(crate) is_sign_in: bool,
    /// A WebSocket on a stream of HTTP/2.
    extended: Option<Extended>,
}

/// What is asked for, once it is neither ours nor a preflight.
pub(crate) struct Asked {
    pub(crate) inbound: Inbound,
    pub(crate) route: Rc<Route>,
    pub(crate) sender: Sender,
    /// What the connection, or the stream, is to become.
    pub(crate) handshake: Option<Switch>,
    /// The stream of HTTP/2 that is to become it.
    pub(crate) stream: Option<OnUpgrade>,
    pub(crate) who: Who,
}

/// The next thing to do with a request.
pub(crate) enum Next {
    /// Ask the door.
    Ask(Box<Asked>),
    /// One of our own paths on the app's host.
    OwnPath(Box<Inbound>),
    /// Answer a preflight.
    Preflight(Box<Inbound>, Rc<Route>, Preflight),
    /// Say what is wrong with the access token, or that there is none.
    Unauthorized(Box<Inbound>, Rc<Route>, Refused),
}

/// A request's head as it came.
pub(crate) struct Head {
    pub(crate) received: Instant,
    pub(crate) parts: Parts,
    /// Which headers it has.
    pub(crate) present: Present,
}

/// What is known of a client before anything else is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    pub(crate) navigation: bool,
}

impl Client {
    /// Where a request comes from, and whether its answer will be shown as a page.
    pub(crate) fn read(conn: &Conn, parts: &Parts, present: Present) -> Self {
        let trusted = &conn.thread.shared.options.trusted_proxies;
        Self {
            address: trusted.client(conn.peer, &parts.headers),
            navigation: present.has(Present::NAVIGATION)
                && fetch_site::is_navigation(&parts.method, &parts.headers),
        }
    }
}

/// Reads what every request must have, and finds its app.
pub(crate) fn read(
    conn: &Rc<Conn>,
    head: Head,
    client: Client,
    extended: Result<Option<Extended>, Rejection>,
) -> Result<Inbound, Rejection> {
    let Head {
        received,
        parts,
        present,
    } = head;
    // The second reader's verdict is taken first, whatever else is wrong: there is one for each head.
    conn.read_twice()?;
    let extended = extended?;
    let options = &conn.thread.shared.options;
    if parts.headers.len() > options.limits.headers_max {
        few_headers(&parts.headers, options.limits.headers_max)?;
    }
    let Canonical { authority, target } = Canonical::read(
        &parts.method,
        &parts.uri,
        parts.version,
        &parts.headers,
        conn.scheme,
    )?;
    covered(conn, &authority)?;
    let told = conn
        .told(client.address, &authority)
        .map_err(|_| Ambiguous::HostMalformed)?;
    let authority = told.authority().clone();
    let view = conn.thread.view();
    let app = conn.thread.router(&view).app(&authority.host).cloned();
    let app = app.ok_or_else(|| unknown_host(&authority))?;
    Ok(Inbound {
        received,
        now: conn.thread.door.engine().clock().now(),
        address: client.address,
        navigation: client.navigation,
        is_sign_in: app.app.name == options.sign_in_app,
        method: parts.method,
        version: parts.version,
        headers: parts.headers,
        present,
        conn: conn.clone(),
        view,
        authority,
        told,
        target,
        app,
        extended,
    })
}

/// A host on a connection that was opened for another gets 421, before any credential is read.
fn covered(conn: &Conn, authority: &Authority<'_>) -> Result<(), Rejection> {
    let covered = match conn.scheme {
        Scheme::Http => true,
        Scheme::Https => conn.opened_for.as_deref() == Some(&*authority.host),
    };
    if covered {
        return Ok(());
    }
    Err(Rejection::new(
        StatusCode::MISDIRECTED_REQUEST,
        "misdirected",
        "This connection is for another host",
        format!(
            "Open a connection of its own for {}, naming it in the TLS handshake.",
            authority.host
        ),
    ))
}

fn unknown_host(authority: &Authority<'_>) -> Rejection {
    Rejection::new(
        StatusCode::NOT_FOUND,
        "unknown-host",
        "There is nothing at this address",
        format!(
            "Gatewright knows no app at {}. Check the address, or ask whoever gave it to you.",
            authority.host
        ),
    )
}

/// Over HTTP/2 a browser sends each cookie in a line of its own: those count as the one that they
/// are. Else an app's page that sets a hundred for the parent domain would keep people from all hosts.
fn few_headers(headers: &HeaderMap, most: usize) -> Result<(), Rejection> {
    let cookies = headers.get_all(COOKIE).iter().count();
    match headers.len() - cookies.saturating_sub(1) <= most {
        true => Ok(()),
        false => Err(too_many_headers(most)),
    }
}

fn too_many_headers(most: usize) -> Rejection {
    Rejection::new(
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "headers",
        "This request has too many headers",
        format!("At most {most} are read."),
    )
}

impl Inbound {
    /// What this request is: ours, a preflight, or something to ask about.
    pub(crate) fn next(mut self) -> Result<Next, Rejection> {
        let extended = self.extended.take();
        if self.is_own_path() || self.is_metadata() {
            return match extended {
                None => Ok(Next::OwnPath(Box::new(self))),
                Some(_) => Err(Ambiguous::Upgrade.into()),
            };
        }
        let (handshake, stream) = match extended {
            Some(Extended { handshake, stream }) => {
                (Some(Switch::WebSocket(handshake)), Some(stream))
            }
            None if self.present.has(Present::SWITCH) => {
                let asked = Switch::read(&self.method, self.version, &self.headers)?;
                (asked, None)
            }
            None => (None, None),
        };
        let preflight = Preflight::read(&self.method, &self.headers);
        let method = preflight.as_ref().map_or(&self.method, |p| &p.method);
        let route = self.app.route(&self.target, method)?.clone();
        if let Some(preflight) = preflight {
            return Ok(Next::Preflight(Box::new(self), route, preflight));
        }
        if handshake
            .as_ref()
            .is_some_and(|asked| !asked.is_listed(&route.upgrades))
        {
            return Err(Ambiguous::Upgrade.into());
        }
        let sender = match self.present.has(Present::SENDER) {
            true => Sender::read(&self.headers, self.own(), &route.origins)?,
            false => Sender::Untold,
        };
        let who = match route.credential {
            Credential::Cookie => self.who()?,
            Credential::Bearer => match bearer::read(&self, &route)? {
                bearer::Read::Who(who) => who,
                bearer::Read::Refused(refused) => {
                    return Ok(Next::Unauthorized(Box::new(self), route, refused));
                }
            },
        };
        let asked = Box::new(Asked {
            inbound: self,
            route,
            sender,
            handshake,
            stream,
            who,
        });
        asked.check_sender()?;
        Ok(Next::Ask(asked))
    }

    /// Who asks. Whoever is signed in where another site's page posts something is not asked for:
    /// it is not them who send it.
    fn who(&self) -> Result<Who, Rejection> {
        let ours = match self.present.has(Present::COOKIE) {
            true => Ours::read(&self.headers)?,
            false => Ours::default(),
        };
        if self.is_from_elsewhere() {
            return Ok(Who::default());
        }
        let (facts, app) = (&self.view.facts, &self.app.app.name);
        Ok(Who::read(&ours, facts, app, self.is_sign_in, self.now)?)
    }

    /// Whether it goes to a path of ours that pages of other sites post a form to.
    fn is_from_elsewhere(&self) -> bool {
        let Upstream::BuiltIn(name) = &self.app.app.upstream else {
            return false;
        };
        if self.method != Method::POST {
            return false;
        }
        let service = self.conn.thread.service(name);
        service.is_some_and(|service| (service.from_elsewhere)(self.target.path()))
    }

    /// Which origins' pages may ask this path of ours, where any may.
    pub(crate) fn known_origins(&self) -> Option<KnownOrigin> {
        let Upstream::BuiltIn(name) = &self.app.app.upstream else {
            return None;
        };
        let open = self.conn.thread.service(name)?.open_to_pages?;
        (open.paths)(self.target.path()).then_some(open.origins)
    }

    /// Whether the path is ours, as written or as far as it can be read.
    fn is_own_path(&self) -> bool {
        let ours = |path: &str| {
            path.as_bytes()
                .split_at_checked(OWN_PATHS.len())
                .is_some_and(|(start, rest)| {
                    start.eq_ignore_ascii_case(OWN_PATHS)
                        && (rest.is_empty() || rest.starts_with(b"/"))
                })
        };
        ours(self.target.path()) || self.target.readings().any(ours)
    }

    /// Whether it asks where tokens for the app come from.
    pub(crate) fn is_metadata(&self) -> bool {
        self.app.tokens.is_some() && self.target.path() == bearer::METADATA_PATH
    }

    /// The origin that it is for.
    pub(crate) fn own(&self) -> Own<'_> {
        Own {
            scheme: self.conn.scheme,
            authority: &self.authority,
        }
    }

    /// The same as a text.
    pub(crate) fn own_origin(&self) -> String {
        self.authority.origin(self.conn.scheme)
    }

    /// The origin of another host behind the same listener.
    pub(crate) fn origin_of(&self, host: &str) -> String {
        let authority = Authority {
            host: host.into(),
            port: self.authority.port,
        };
        authority.origin(self.conn.scheme)
    }

    /// The authentication origin, where its app is known.
    pub(crate) fn sign_in_origin(&self) -> Option<String> {
        let name = &self.conn.thread.shared.options.sign_in_app;
        self.view
            .facts
            .app(name)
            .map(|app| self.origin_of(&app.host))
    }

    /// Where it came from, as upstreams are told.
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin {
            address: self.address,
            scheme: self.conn.scheme,
            authority: &self.authority,
        }
    }

    /// What the client says it is.
    pub(crate) fn user_agent(&self) -> &str {
        if !self.present.has(Present::USER_AGENT) {
            return "";
        }
        self.headers
            .get(USER_AGENT)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
    }

    /// Safari keeps no `Secure` cookie over plain HTTP, not even on loopback.
    pub(crate) fn is_safari_over_plain_http(&self) -> bool {
        let explains = matches!(
            self.conn.serves,
            Serves::Plain {
                explain_safari: true
            }
        );
        if !explains || !self.navigation {
            return false;
        }
        let agent = self.user_agent();
        agent.contains("Safari/")
            && agent.contains("Version/")
            && !["Chrome", "Chromium", "Edg"]
                .iter()
                .any(|other| agent.contains(other))
    }
}

impl Asked {
    /// Whether a WebSocket is asked for, over whichever HTTP.
    pub(crate) fn is_websocket(&self) -> bool {
        self.handshake.as_ref().is_some_and(Switch::is_websocket)
    }

    /// Whether it is sent by a program to a path of ours that is for programs: without a session, as
    /// what it brings along is all that counts there.
    fn is_for_programs(&self, name: &str) -> bool {
        let service = self.inbound.conn.thread.service(name);
        let path = self.inbound.target.path();
        self.who.known.is_none() && service.is_some_and(|service| (service.for_programs)(path))
    }

    /// Refuses what another origin's page sends with a person's cookie.
    fn check_sender(&self) -> Result<(), Rejection> {
        let Self {
            inbound, sender, ..
        } = self;
        let fine = if self.who.token.is_some() {
            // No browser adds a token by itself.
            true
        } else if self.handshake.is_some() {
            fetch_site::may_switch(&inbound.headers, inbound.own(), *sender)
        } else if fetch_site::is_safe(&inbound.method) {
            true
        } else if let Upstream::BuiltIn(name) = &inbound.app.app.upstream {
            *sender == Sender::OwnPage || self.is_for_programs(name) || inbound.is_from_elsewhere()
        } else {
            self.who.known.is_none() || sender.may_change()
        };
        if fine {
            return Ok(());
        }
        Err(Rejection::new(
            StatusCode::FORBIDDEN,
            "cross-origin",
            "Another site sent this",
            format!(
                "It was not let through, because it does not come from a page of {}. Programs send `Origin: {}`.",
                inbound.authority.host,
                inbound.own_origin()
            ),
        ))
    }

    /// Everything about it that is not a fact.
    pub(crate) fn circumstances(&self) -> Rc<Circumstances> {
        let inbound = &self.inbound;
        let known = self.who.known.as_ref();
        Rc::new(Circumstances {
            principal: self.who.principal(),
            session: known.map(|k| k.session.id),
            rank: known.map_or(0, |k| k.rank),
            action: Action::HttpRequest,
            resource: self.route.resource.clone(),
            address: inbound.address,
            country: (inbound.conn.thread.shared.options.country)(inbound.address),
            http: Some(OwnedHttp {
                method: inbound.conn.thread.method_name(&inbound.method),
                path: Arc::from(inbound.target.path()),
                host: inbound.app.app.host.clone(),
                websocket: self.is_websocket(),
                upgrade: (self.handshake.as_ref()).map(Switch::name),
                same_origin: self.sender.is_same_origin(),
            }),
            device: None,
            risk: None,
            proposal: None,
            token: self
                .who
                .token
                .as_ref()
                .map(|shown| shown.verified.token.clone()),
            factor: None,
        })
    }
}
