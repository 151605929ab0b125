//! Every endpoint that Gatewright itself answers, tried as nobody, as the wrong person, with a
//! session that is over, from another site, and with bytes that mean nothing. The rows are
//! compared with what the code answers: one that is missing fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use crate::process::Demo;

/// An endpoint, and the statuses of a request that is well-formed but not entitled.
struct Row {
    app: &'static str,
    method: &'static str,
    path: &'static str,
    /// As nobody.
    nobody: &'static [u16],
    /// As Bo, who names what is Ana's.
    other: &'static [u16],
    /// What Bo names.
    named: &'static str,
}

const fn row(
    app: &'static str,
    method: &'static str,
    path: &'static str,
    nobody: &'static [u16],
    other: &'static [u16],
) -> Row {
    Row {
        app,
        method,
        path,
        nobody,
        other,
        named: "",
    }
}

const fn naming(named: &'static str, row: Row) -> Row {
    Row { named, ..row }
}

/// JSON that a ceremony begins with, or ends with.
const START: &str = "{}";
const FINISH: &str = r#"{"ceremony":"AAAAAAAAAAAAAAAAAAAAAA","credential":{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AAAA","signature":"AAAA"}}}"#;

const ROWS: [Row; 85] = [
    row(
        "auth",
        "GET",
        "/.well-known/openid-configuration",
        &[200],
        &[200],
    ),
    row(
        "auth",
        "GET",
        "/.well-known/oauth-authorization-server",
        &[200],
        &[200],
    ),
    row("auth", "GET", "/oauth/jwks.json", &[200], &[200]),
    row("auth", "GET", "/oauth/authorize", &[400], &[400]),
    row("auth", "POST", "/oauth/authorize", &[303], &[303]),
    row("auth", "GET", "/resume", &[400], &[400]),
    row("auth", "POST", "/oauth/consent", &[400], &[400]),
    row("auth", "POST", "/oauth/account", &[400], &[400]),
    row("auth", "POST", "/oauth/token", &[401], &[401]),
    row("auth", "POST", "/oauth/par", &[401], &[401]),
    row("auth", "GET", "/oauth/userinfo", &[401], &[401]),
    row("auth", "POST", "/oauth/userinfo", &[401], &[401]),
    row("auth", "POST", "/oauth/introspect", &[401], &[401]),
    row("auth", "POST", "/oauth/revoke", &[401], &[401]),
    row("auth", "POST", "/oauth/register", &[401], &[401]),
    row("auth", "GET", "/oauth/register", &[401], &[401]),
    row("auth", "PUT", "/oauth/register", &[401], &[401]),
    row("auth", "DELETE", "/oauth/register", &[401], &[401]),
    row("auth", "POST", "/oauth/device", &[401], &[401]),
    row("auth", "GET", "/oauth/end-session", &[200], &[200]),
    row("auth", "POST", "/oauth/end-session", &[303], &[303]),
    row("auth", "POST", "/oauth/sign-out", &[400], &[400]),
    row("auth", "GET", "/device", &[303], &[200]),
    row("auth", "POST", "/device", &[303], &[403]),
    row("auth", "POST", "/device/decide", &[303], &[403]),
    row("auth", "GET", "/saml/metadata", &[404], &[404]),
    row("auth", "GET", "/saml/sign-on", &[400], &[400]),
    row("auth", "POST", "/saml/sign-on", &[400], &[400]),
    row("auth", "GET", "/saml/sign-out", &[400], &[400]),
    row("auth", "POST", "/saml/sign-out", &[400], &[400]),
    row("auth", "GET", "/saml/leave", &[400], &[400]),
    row("auth", "GET", "/saml/start", &[404], &[404]),
    row("auth", "GET", "/account/apps", &[303], &[200]),
    row("auth", "POST", "/account/apps", &[303], &[303]),
    row("auth", "GET", "/link/", &[404], &[404]),
    row("auth", "POST", "/link/", &[404], &[404]),
    row("auth", "GET", "/", &[303], &[200]),
    row("auth", "GET", "/sign-in", &[200], &[303]),
    row("auth", "GET", "/hand-over", &[303], &[303]),
    row("auth", "GET", "/recovery", &[200], &[303]),
    row("auth", "GET", "/break-glass", &[200], &[200]),
    naming(
        "code=aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa",
        row("auth", "POST", "/break-glass", &[403], &[403]),
    ),
    row("auth", "GET", "/confirm", &[303], &[303]),
    row("auth", "GET", "/enrol", &[303], &[403]),
    row("auth", "GET", "/sign-out", &[200], &[200]),
    row("auth", "GET", "/account/factors/remove", &[303], &[404]),
    row("auth", "GET", "/account/recovery-codes", &[303], &[403]),
    row("auth", "GET", "/.well-known/jwks.json", &[200], &[200]),
    naming(
        "name=ana&code=0000-0000",
        row("auth", "POST", "/recovery", &[403], &[303]),
    ),
    row("auth", "POST", "/sign-out", &[200], &[200]),
    naming(
        START,
        row("auth", "POST", "/passkey/sign-in/start", &[200], &[200]),
    ),
    naming(
        FINISH,
        row("auth", "POST", "/passkey/sign-in/finish", &[409], &[409]),
    ),
    naming(
        START,
        row(
            "auth",
            "POST",
            "/passkey/confirm/start",
            &[401],
            &[403, 409],
        ),
    ),
    naming(
        FINISH,
        row(
            "auth",
            "POST",
            "/passkey/confirm/finish",
            &[400, 401],
            &[400, 403, 409],
        ),
    ),
    naming(
        START,
        row("auth", "POST", "/passkey/enrol/start", &[401], &[403]),
    ),
    naming(
        FINISH,
        row(
            "auth",
            "POST",
            "/passkey/enrol/finish",
            &[400, 401],
            &[400, 403, 409],
        ),
    ),
    naming(
        "factor={factor}&name=mine",
        row("auth", "POST", "/account/passkeys/rename", &[303], &[404]),
    ),
    naming(
        "factor={factor}",
        row("auth", "POST", "/account/factors/remove", &[303], &[404]),
    ),
    row("auth", "POST", "/account/recovery-codes", &[303], &[403]),
    naming(
        "session={session}",
        row("auth", "POST", "/account/sessions/end", &[303], &[303, 404]),
    ),
    row("auth", "GET", "/provider/start", &[400], &[400]),
    row("auth", "GET", "/provider/callback/", &[400], &[400]),
    row("auth", "POST", "/provider/logout/", &[400], &[400]),
    row("auth", "POST", "/account/providers/link", &[303], &[400]),
    row("auth", "POST", "/account/providers/unlink", &[303], &[400]),
    row("auth", "POST", "/provider/saml/acs/", &[400], &[400]),
    row("auth", "GET", "/provider/saml/finish", &[400], &[400]),
    row("auth", "GET", "/provider/saml/metadata", &[404], &[404]),
    row("auth", "GET", "/provider/keys.json", &[404], &[404]),
    row("auth", "GET", "/provider/saml/logout", &[400], &[400]),
    row("auth", "POST", "/provider/saml/logout", &[400], &[400]),
    row("auth", "GET", "/password", &[404], &[404]),
    row("auth", "GET", "/account/password", &[404], &[404]),
    row("auth", "GET", "/account/authenticator", &[404], &[404]),
    naming(
        "name=ana&password=right&code=000000",
        row("auth", "POST", "/password", &[404], &[404]),
    ),
    naming(
        "password=right&code=000000",
        row("auth", "POST", "/password/confirm", &[404], &[404]),
    ),
    naming(
        "password=correct-horse-battery",
        row("auth", "POST", "/account/password", &[404], &[404]),
    ),
    row("auth", "POST", "/account/authenticator", &[404], &[404]),
    naming(
        "until=1",
        row("auth", "POST", "/account/news", &[303], &[303]),
    ),
    row("portal", "GET", "/", &[303], &[200]),
    row("portal", "GET", "/history", &[303], &[200]),
    row("verify", "GET", "/", &[303], &[200]),
    row("wiki", "GET", "/.gatewright/callback", &[400], &[400]),
    row("wiki", "GET", "/.gatewright/signed-out", &[200], &[200]),
    row("auth", "GET", "/nothing-here", &[404], &[404]),
];

/// What the code says that it answers, with the app that stands for all of its kind.
fn answered() -> BTreeSet<(String, String, String)> {
    let entry =
        |app: &str, method: &str, path: &str| (app.to_owned(), method.to_owned(), path.to_owned());
    let identity = gw_identity::endpoints().chain(gw_authorization::endpoints());
    let identity = identity.map(|(method, path)| entry("auth", method.as_str(), path));
    let web = gw_web::own_paths().map(|path| entry("wiki", "GET", path));
    let console = [
        entry("portal", "GET", gw_console::portal::PATH),
        entry("portal", "GET", gw_console::portal::HISTORY_PATH),
        entry("verify", "GET", gw_console::verify::PATH),
    ];
    identity.chain(web).chain(console).collect()
}

#[test]
fn every_endpoint_has_a_row() {
    let rows: BTreeSet<_> = ROWS
        .iter()
        .filter(|row| row.path != "/nothing-here")
        .map(|row| {
            (
                row.app.to_owned(),
                row.method.to_owned(),
                row.path.to_owned(),
            )
        })
        .collect();
    assert_eq!(rows, answered());
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|l| l.split_once(": "));
        lines
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
            .collect()
    }

    fn location(&self) -> &str {
        self.all("location").first().copied().unwrap_or_default()
    }
}

/// Somebody with cookies, by host.
struct Visitor<'d> {
    demo: &'d Demo,
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

const PAGE: &[(&str, &str)] = &[
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Accept", "text/html"),
];
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("Content-Type", "application/json");

impl<'d> Visitor<'d> {
    fn nobody(demo: &'d Demo) -> Self {
        Self {
            demo,
            cookies: BTreeMap::new(),
        }
    }

    /// Somebody who has used a fresh link.
    fn signed_in(demo: &'d Demo, name: &str, kind: &str) -> Self {
        let link = demo.json(&["user", "link", name, "--kind", kind]);
        let path = link["url"].as_str().unwrap();
        let path = &path[path.find("/link/").unwrap()..];
        let mut visitor = Self::nobody(demo);
        let reply = visitor.ask("auth", "POST", path, &[PAGE, &[FORM]].concat(), b"");
        assert_eq!(reply.status, 303, "{}", reply.body);
        visitor
    }

    /// Goes to an app until it is reached.
    fn enter(&mut self, app: &str) {
        let (mut app, mut path) = (app.to_owned(), "/".to_owned());
        for _ in 0..8 {
            let reply = self.ask(&app, "GET", &path, PAGE, b"");
            if reply.status != 303 {
                assert_eq!(reply.status, 200, "{}", reply.body);
                return;
            }
            let location = reply.location();
            path = match location.strip_prefix("http://") {
                Some(rest) => {
                    let (host, path) = rest.split_once('/').unwrap();
                    app = host.split('.').next().unwrap().to_owned();
                    format!("/{path}")
                }
                None => location.to_owned(),
            };
        }
        panic!("{app} is not reached");
    }

    #[expect(clippy::disallowed_methods, reason = "the test is the client")]
    fn ask(
        &mut self,
        app: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let port = self.demo.ports[0];
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {app}.gatewright.localhost:{port}\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let jar = self.cookies.entry(app.to_owned()).or_default();
        if !jar.is_empty() {
            let pairs: Vec<_> = jar.iter().map(|(n, v)| format!("{n}={v}")).collect();
            head.push_str(&format!("Cookie: {}\r\n", pairs.join("; ")));
        }
        head.push_str("\r\n");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let reply = Reply {
            status: head[9..12].parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        };
        for cookie in reply.all("set-cookie") {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match attributes.contains("Max-Age=0") {
                true => jar.remove(name),
                false => jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        reply
    }

    /// A row's request as its own page would send it, with what it names.
    fn ask_row(&mut self, row: &Row, from: &[(&str, &str)], ana: &Ana) -> Reply {
        let named = row
            .named
            .replace("{factor}", &ana.factor)
            .replace("{session}", &ana.session);
        let kind = if named.starts_with('{') { JSON } else { FORM };
        let headers = [from, &[kind]].concat();
        let (path, body) = match row.method {
            "GET" if row.path == "/account/factors/remove" => {
                (format!("{}?factor={}", row.path, ana.factor), String::new())
            }
            _ => (row.path.to_owned(), named),
        };
        self.ask(row.app, row.method, &path, &headers, body.as_bytes())
    }
}

/// What is Ana's.
struct Ana {
    factor: String,
    session: String,
}

impl Ana {
    /// Of the one session that there is.
    fn of(demo: &Demo) -> Self {
        let sessions = sessions(demo);
        assert_eq!(sessions.len(), 1);
        Self {
            factor: "f-AAAAAAAAAAA".into(),
            session: sessions[0].clone(),
        }
    }
}

/// The sessions that stand.
fn sessions(demo: &Demo) -> Vec<String> {
    let all = demo.json(&["session", "list"]);
    let items = all["items"].as_array().unwrap();
    items
        .iter()
        .map(|s| s["id"].as_str().unwrap().to_owned())
        .collect()
}

/// What the authorisation server tells everybody.
const PUBLIC_DOCUMENTS: [&str; 3] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oauth/jwks.json",
];

/// What holds of every answer of ours, whoever asks: rule 29.
fn guarded(row: &Row, reply: &Reply, who: &str) {
    let at = format!(
        "{} {}{} as {who}: {}",
        row.method, row.app, row.path, reply.head
    );
    assert!(reply.status < 500, "{at}");
    let policy = reply.all("content-security-policy").join(" ");
    let is_page = reply.all("content-type").join(" ").starts_with("text/html");
    assert!(
        !is_page || policy.contains("frame-ancestors 'none'"),
        "{at}"
    );
    assert!(
        !is_page
            || reply
                .all("cross-origin-opener-policy")
                .join(" ")
                .starts_with("same-origin"),
        "{at}"
    );
    let kept = reply.all("cache-control").join(" ");
    let shared = reply.all("access-control-allow-origin").join(" ");
    if PUBLIC_DOCUMENTS.contains(&row.path) {
        // What every client reads, in whatever page it runs.
        assert_eq!((&*kept, &*shared), ("public, max-age=60", "*"), "{at}");
    } else {
        assert!(
            kept.contains("no-store") || row.path == "/.well-known/jwks.json",
            "{at}"
        );
        assert!(shared.is_empty(), "{at}");
    }
    for cookie in reply.all("set-cookie") {
        assert!(
            cookie.starts_with("__Host-gw-")
                && cookie.contains("; Secure")
                && cookie.contains("; HttpOnly"),
            "{at}"
        );
        assert!(!cookie.contains("Domain"), "{at}");
    }
    let elsewhere = reply.location().starts_with("http")
        && !reply.location().contains(".gatewright.localhost:");
    assert!(!elsewhere && !reply.location().starts_with("//"), "{at}");
}

fn gains_nothing(row: &Row, reply: &Reply, who: &str) {
    let sessions = |cookie: &&str| {
        cookie.starts_with("__Host-gw-session=") || cookie.starts_with("__Host-gw-sso=")
    };
    let gained: Vec<_> = reply
        .all("set-cookie")
        .into_iter()
        .filter(sessions)
        .filter(|cookie| !cookie.contains("Max-Age=0"))
        .collect();
    assert!(
        gained.is_empty(),
        "{} {}{} as {who}: {gained:?}",
        row.method,
        row.app,
        row.path
    );
}

/// What is answered otherwise than told; all of it is shown at once.
#[derive(Default)]
struct Otherwise(Vec<String>);

impl Otherwise {
    fn note(&mut self, fine: bool, row: &Row, reply: &Reply, who: &str) {
        if !fine {
            let Row {
                app, method, path, ..
            } = row;
            let words = reply.body.len().min(200);
            let body = String::from_utf8_lossy(&reply.body.as_bytes()[..words]).into_owned();
            let status = reply.status;
            self.0
                .push(format!("{method} {app}{path} as {who}: {status} {body}"));
        }
    }

    fn none(self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

#[test]
fn no_endpoint_gives_anything_to_whom_it_is_not_for() {
    let demo = Demo::fresh();
    let mut hers = Visitor::signed_in(&demo, "ana", "sign-in");
    let ana = Ana::of(&demo);
    let mut over = Visitor::signed_in(&demo, "ana", "sign-in");
    for app in ["portal", "verify", "wiki"] {
        over.enter(app);
    }
    let ended = over.ask("auth", "POST", "/sign-out", &[PAGE, &[FORM]].concat(), b"");
    assert_eq!(ended.status, 200, "{}", ended.body);
    let mut bo = Visitor::signed_in(&demo, "bo", "sign-in");
    for app in ["portal", "verify"] {
        bo.enter(app);
    }
    let over = over.cookies;
    let his = bo.cookies;
    let mut otherwise = Otherwise::default();
    for row in &ROWS {
        let reply = Visitor::nobody(&demo).ask_row(row, PAGE, &ana);
        guarded(row, &reply, "nobody");
        gains_nothing(row, &reply, "nobody");
        otherwise.note(row.nobody.contains(&reply.status), row, &reply, "nobody");

        let mut gone = Visitor {
            demo: &demo,
            cookies: over.clone(),
        };
        let reply = gone.ask_row(row, PAGE, &ana);
        guarded(row, &reply, "one whose session is over");
        gains_nothing(row, &reply, "one whose session is over");
        otherwise.note(
            row.nobody.contains(&reply.status),
            row,
            &reply,
            "one whose session is over",
        );

        if row.path == "/sign-out" && row.method == "POST" {
            continue;
        }
        let mut other = Visitor {
            demo: &demo,
            cookies: his.clone(),
        };
        let reply = other.ask_row(row, PAGE, &ana);
        guarded(row, &reply, "bo");
        gains_nothing(row, &reply, "bo");
        otherwise.note(row.other.contains(&reply.status), row, &reply, "bo");
    }
    otherwise.none();
    // What is Ana's is as it was.
    assert_eq!(hers.ask("auth", "GET", "/", PAGE, b"").status, 200);
    assert!(sessions(&demo).contains(&ana.session));
}

#[test]
fn no_endpoint_is_moved_by_a_page_of_another_site() {
    let demo = Demo::fresh();
    let mut hers = Visitor::signed_in(&demo, "ana", "sign-in");
    for app in ["portal", "verify"] {
        hers.enter(app);
    }
    let ana = Ana::of(&demo);
    let port = demo.ports[0];
    let sibling = format!("http://wiki.gatewright.localhost:{port}");
    let other_port = format!("http://auth.gatewright.localhost:{}", port.wrapping_add(1));
    let secure = format!("https://auth.gatewright.localhost:{port}");
    let froms: [&[(&str, &str)]; 9] = [
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Origin", "https://evil.test"),
        ],
        &[("Sec-Fetch-Site", "same-site"), ("Origin", &sibling)],
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Accept", "text/html"),
        ],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", "null")],
        &[("Origin", &sibling)],
        &[("Origin", &other_port)],
        &[("Origin", &secure)],
        &[],
    ];
    let mut otherwise = Otherwise::default();
    for row in ROWS.iter().filter(|row| row.method == "POST") {
        // What comes from there by design is looked at as nobody's, and is nothing here.
        let refused = match row.path {
            path if gw_identity::is_from_elsewhere(path) => 400,
            path if path.starts_with("/saml/") => 400,
            // It comes again as an address of the same endpoint, by the browser's own step.
            path if gw_authorization::is_from_elsewhere(path) => 303,
            _ => 403,
        };
        for from in froms {
            let reply = hers.ask_row(row, from, &ana);
            guarded(row, &reply, "a page of another site");
            gains_nothing(row, &reply, "a page of another site");
            let comes_again = reply.status != 303 || reply.location().starts_with(row.path);
            otherwise.note(
                reply.status == refused && comes_again,
                row,
                &reply,
                &format!("a page that says {from:?}"),
            );
        }
        let twice = [
            ("Sec-Fetch-Site", "same-origin"),
            ("Sec-Fetch-Site", "cross-site"),
        ];
        let reply = hers.ask_row(row, &twice, &ana);
        otherwise.note(
            reply.status == 400,
            row,
            &reply,
            "a page that says two things",
        );
        let asks = [
            ("Origin", sibling.as_str()),
            ("Access-Control-Request-Method", "POST"),
        ];
        let preflight = hers.ask(row.app, "OPTIONS", row.path, &asks, b"");
        otherwise.note(preflight.status == 403, row, &preflight, "a preflight");
        assert!(preflight.all("access-control-allow-origin").is_empty());
    }
    otherwise.none();
    assert_eq!(
        hers.ask("auth", "GET", "/", PAGE, b"").status,
        200,
        "she is still signed in"
    );
}

#[test]
fn no_endpoint_is_confused_by_bytes_that_mean_nothing() {
    let demo = Demo::fresh();
    let mut hers = Visitor::signed_in(&demo, "ana", "sign-in");
    for app in ["portal", "verify"] {
        hers.enter(app);
    }
    let long = "a=".to_owned() + &"b".repeat(60_000);
    let deep = "[".repeat(50_000);
    let bodies: [&[u8]; 12] = [
        b"",
        b"\0\xff\xfe\r\n\r\n",
        b"{",
        b"null",
        b"[]",
        b"{\"ceremony\":null,\"credential\":{}}",
        b"=&=&&;%zz=%",
        b"app=wiki&app=payroll",
        b"attempt=%0d%0aSet-Cookie:a=1",
        b"app=../../&attempt=<script>alert(1)</script>",
        long.as_bytes(),
        deep.as_bytes(),
    ];
    let cookies = hers.cookies.clone();
    let mut otherwise = Otherwise::default();
    for row in &ROWS {
        for body in bodies {
            for kind in [
                "application/x-www-form-urlencoded",
                "application/json",
                "text/plain",
                "multipart/form-data; boundary=x",
                "",
            ] {
                if row.method != "POST" || row.path == "/sign-out" {
                    break;
                }
                let mut visitor = Visitor {
                    demo: &demo,
                    cookies: cookies.clone(),
                };
                let headers = [PAGE, &[("Content-Type", kind)]].concat();
                let reply = visitor.ask(row.app, row.method, row.path, &headers, body);
                guarded(row, &reply, "somebody who sends nonsense");
                gains_nothing(row, &reply, "somebody who sends nonsense");
                let fine = reply.status >= 300 || row.path.ends_with("/start");
                otherwise.note(
                    fine,
                    row,
                    &reply,
                    &format!(
                        "somebody who sends {kind} {:?}",
                        &body[..body.len().min(40)]
                    ),
                );
            }
        }
        for query in [
            "?",
            "?%",
            "?%zz",
            "?app=wiki",
            "?app=wiki&app=wiki",
            "?attempt=x",
            "?app=nope&attempt=x",
            "?app=wiki&attempt=%3Cscript%3E",
            "?next=https://evil.test",
            "?code=x&attempt=y&code=z",
            "?app=https://evil.test&attempt=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            let mut visitor = Visitor {
                demo: &demo,
                cookies: cookies.clone(),
            };
            let path = format!("{}{query}", row.path);
            let reply = visitor.ask(row.app, "GET", &path, PAGE, b"");
            guarded(row, &reply, "somebody who asks nonsense");
            gains_nothing(row, &reply, "somebody who asks nonsense");
            assert!(
                !reply.body.contains("<script>alert") && !reply.head.contains("evil.test"),
                "{path}"
            );
        }
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
            let mut visitor = Visitor {
                demo: &demo,
                cookies: cookies.clone(),
            };
            let reply = visitor.ask(row.app, method, row.path, PAGE, b"{}");
            otherwise.note((400..500).contains(&reply.status), row, &reply, method);
        }
    }
    otherwise.none();
    assert_eq!(
        hers.ask("auth", "GET", "/", PAGE, b"").status,
        200,
        "she is still signed in"
    );
}
