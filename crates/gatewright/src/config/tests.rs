use gw_model::{Epoch, Snapshot, Upstream};

use super::*;

mod acme;
mod client;
mod directory;
mod provider;
mod saml_client;
mod scim;

const SMALL: &str = r#"
version = 1

[authentication]
host = "auth.example.com"

[portal]
host = "home.example.com"

[[certificate]]
chain = "tls/chain.pem"
key = "tls/key.pem"
hosts = ["*.example.com"]

[[group]]
name = "staff"
parents = ["everyone"]

[[group]]
name = "everyone"

[[app]]
name = "wiki"
host = "wiki.example.com"
upstream = "http://127.0.0.1:3000"

[[app.route]]
name = "editor"
paths = ["/edit/*"]
methods = ["POST"]
"#;

/// The files beside the configuration.
struct Beside;

impl NamedFiles for Beside {
    fn whole(&self, file: &Path, most: usize) -> Result<Vec<u8>, String> {
        let found = client::file(file).or_else(|| saml_client::file(file));
        let found = found.map_or_else(|| provider::file(file), Ok)?;
        assert!(found.len() <= most, "within what is read");
        Ok(found)
    }

    fn secret(
        &self,
        file: &Path,
    ) -> Result<(gw_store::Secret<String>, gw_model::Timestamp), String> {
        client::secret(file)
    }
}

fn checked(text: &str) -> Result<Config, String> {
    let file = Path::new("/etc/gatewright/gatewright.toml");
    check(file, text, &Beside).map_err(|faults| faults.to_string())
}

fn faults(text: &str) -> String {
    checked(text)
        .expect_err("faults")
        .replace("/etc/gatewright/gatewright.toml", "F")
}

#[test]
fn a_small_file_is_enough_and_paths_start_at_its_folder() {
    let config = checked(SMALL).unwrap();
    assert_eq!(config.data, Path::new("/etc/gatewright/data"));
    assert_eq!(
        config.certificates.first().map(|c| c.chain.clone()),
        Some(PathBuf::from("/etc/gatewright/tls/chain.pem"))
    );
    let names: Vec<_> = config.wanted.apps.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["sign-in", "portal", "wiki"]);
    assert!(!config.ledger.allow_unrecorded && !config.policies.watch);
    assert!(config.trusted_proxies.networks.is_empty());
}

#[test]
fn groups_come_parents_first_and_the_owners_group_is_always_there() {
    let config = checked(SMALL).unwrap();
    let names: Vec<_> = config
        .wanted
        .groups
        .iter()
        .map(|g| g.name.as_str())
        .collect();
    assert_eq!(names, ["everyone", "owners", "staff"]);
}

#[test]
fn all_faults_are_told_at_once_with_line_and_key() {
    let text = r#"
version = 1
reemdies = "own"
remedies = "some"
time_zone = "Europe/Atlantis"

[listen]
http = ["nowhere"]
public_https_port = 70000

[authentication]
host = "auth.example.com"

[portal]
host = "Home.example.com"

[lifetimes]
session = "12"

[ledger]
when_unwritable = true

[[app]]
name = "wiki"
upstream = "https://wiki.internal"

[[app.route]]
name = "default"
paths = ["/a/../b"]
origins = ["wiki.example.com"]
"#;
    insta::assert_snapshot!(faults(text), @r#"
    F:3: reemdies: is not a key here; is `remedies` meant?
    F:4: remedies: is `some`, expected `none` or `own` or `full`
    F:5: time_zone: is `Europe/Atlantis`, expected a time zone by its IANA name: "Europe/Berlin"
    F:8: listen.http[0]: is `nowhere`, expected an address with a port, such as "0.0.0.0:443" or "[::]:443"
    F:9: listen.public_https_port: 70000 is too large here
    F:15: portal.host: is `Home.example.com`, expected a host name in lower case, without scheme, port or trailing dot: "wiki.example.com"
    F:18: lifetimes.session: is `12`, expected a span of time such as "90s", "15m", "12h" or "30d"
    F:21: ledger.when_unwritable: is boolean, expected a string in quotes
    F:23: app[0].host: is missing
    F:28: app[0].route[0].name: `default` is the route of what matches no other
    F:29: app[0].route[0].paths[0]: `/a/../b` is not a path pattern: write `/exact/path` or `/prefix/*`
    F:30: app[0].route[0].origins[0]: is `wiki.example.com`, expected an origin such as "https://wiki.example.com"
    "#);
}

#[test]
fn a_text_that_is_not_toml_is_refused_with_each_line() {
    let told = faults("version = 1\nhost = \n[[app]\n");
    assert!(told.contains("F:2: ") && told.contains("F:3: "), "{told}");
}

#[test]
fn a_newer_format_is_refused_by_name_and_not_by_its_unknown_keys() {
    let told = faults("version = 2\nshiny = true\n");
    assert!(
        told.contains("reads version 1") && !told.contains("shiny"),
        "{told}"
    );
    assert!(faults("[portal]\nhost = \"a.example\"\n").contains("version: is missing"));
}

#[test]
fn no_app_shares_the_authentication_host_or_sits_beneath_it() {
    for host in ["auth.example.com", "wiki.auth.example.com"] {
        let told = faults(&SMALL.replace("wiki.example.com", host));
        assert!(
            told.contains("at or below the authentication host"),
            "{told}"
        );
    }
}

#[test]
fn each_host_has_a_certificate_where_tls_is_spoken() {
    let told = faults(&SMALL.replace("*.example.com", "*.example.org"));
    assert!(
        told.contains(
            "no certificate is for `auth.example.com`, `home.example.com`, `wiki.example.com`"
        ),
        "{told}"
    );
    let plain = SMALL.replace("*.example.com", "*.example.org").replace(
        "[authentication]",
        "[listen]\nhttps = []\n\n[authentication]",
    );
    assert!(checked(&plain).is_ok());
}

#[test]
fn a_list_of_proxies_says_how_they_tell_the_address() {
    let with = |more: &str| {
        SMALL.replace(
            "[authentication]",
            &format!("[trusted_proxies]\nnetworks = [\"10.0.0.0/8\"]\n{more}\n[authentication]"),
        )
    };
    assert!(faults(&with("")).contains("trusted_proxies.networks: needs"));
    assert!(checked(&with("proxy_protocol = true")).is_ok());
    let config = checked(&with("header = \"X-Forwarded-For\"")).unwrap();
    assert_eq!(
        config.trusted_proxies.tells,
        ProxyTells::Header("x-forwarded-for".into())
    );
}

#[test]
fn what_the_file_says_becomes_facts_and_then_differs_no_more() {
    let config = checked(SMALL).unwrap();
    let present = Snapshot::empty(Epoch::default());
    let changes = facts::difference(&config.wanted, &present);
    let present = present
        .apply(
            Epoch {
                incarnation: 1,
                number: 1,
            },
            &changes,
        )
        .unwrap();
    assert_eq!(present.apps().count(), 3);
    assert!(facts::difference(&config.wanted, &present).is_empty());
}

#[test]
fn a_key_for_saml_is_known_for_an_hour_at_least_before_it_signs() {
    let lead = |span: &str| {
        checked(&format!(
            "{SMALL}\n[lifetimes]\nsaml_key_lead = \"{span}\"\n"
        ))
    };
    for span in ["59m", "91d"] {
        let told = lead(span).unwrap_err();
        assert!(
            told.contains("lifetimes.saml_key_lead: must be from 1h to 90d"),
            "{told}"
        );
    }
    let day = std::time::Duration::from_secs(86_400);
    assert_eq!(lead("2d").unwrap().lifetimes.saml_key_lead, 2 * day);
    assert_eq!(checked(SMALL).unwrap().lifetimes.saml_key_lead, 7 * day);
}

#[test]
fn an_app_that_the_file_no_longer_names_is_gone_and_a_group_is_not() {
    let config = checked(SMALL).unwrap();
    let empty = Snapshot::empty(Epoch::default());
    let first = facts::difference(&config.wanted, &empty);
    let present = empty
        .apply(
            Epoch {
                incarnation: 1,
                number: 1,
            },
            &first,
        )
        .unwrap();
    let mut less = config.wanted.clone();
    less.apps.retain(|app| app.name.as_str() != "wiki");
    less.groups.clear();
    let changes = facts::difference(&less, &present);
    assert_eq!(facts::summary(&changes), "app-removed wiki");
}

#[test]
fn two_apps_can_exchange_their_hosts() {
    let two = format!(
        "{SMALL}\n[[app]]\nname = \"docs\"\nhost = \"docs.example.com\"\nupstream = \"http://127.0.0.1:4000\"\n"
    );
    let exchanged = two
        .replace("wiki.example.com", "x")
        .replace("docs.example.com", "wiki.example.com")
        .replace("\"x\"", "\"docs.example.com\"");
    let empty = Snapshot::empty(Epoch::default());
    let first = facts::difference(&checked(&two).unwrap().wanted, &empty);
    let present = empty
        .apply(
            Epoch {
                incarnation: 1,
                number: 1,
            },
            &first,
        )
        .unwrap();
    let second = facts::difference(&checked(&exchanged).unwrap().wanted, &present);
    let after = present
        .apply(
            Epoch {
                incarnation: 1,
                number: 2,
            },
            &second,
        )
        .unwrap();
    let hosts: Vec<_> = after
        .apps()
        .map(|app| (app.name.as_str(), &*app.host))
        .collect();
    assert!(
        hosts.contains(&("docs", "wiki.example.com"))
            && hosts.contains(&("wiki", "docs.example.com"))
    );
}

#[test]
fn a_built_in_app_is_named_and_an_upstream_is_not_beside_it() {
    let verify = SMALL.replace(
        "upstream = \"http://127.0.0.1:3000\"",
        "built_in = \"verify\"",
    );
    let config = checked(&verify).unwrap();
    let wiki = config
        .wanted
        .apps
        .iter()
        .find(|a| a.name.as_str() == "wiki")
        .unwrap();
    assert_eq!(wiki.upstream, Upstream::BuiltIn("verify".into()));
    let both = SMALL.replace("upstream =", "built_in = \"verify\"\nupstream =");
    assert!(faults(&both).contains("cannot be set together"));
}

fn wiki(text: &str) -> Result<(Upstream, Config), String> {
    let config = checked(&SMALL.replace("upstream = \"http://127.0.0.1:3000\"\n", text))?;
    let wiki = config
        .wanted
        .apps
        .iter()
        .find(|a| a.name.as_str() == "wiki");
    Ok((wiki.unwrap().upstream.clone(), config))
}

#[test]
fn one_plain_server_is_what_it_always_was() {
    let (upstream, config) = wiki("upstream = \"http://127.0.0.1:3000\"\n").unwrap();
    assert_eq!(upstream, Upstream::Http("127.0.0.1:3000".into()));
    assert!(config.upstream_tls.is_empty());
    let (several, _) = wiki("upstreams = [\"http://127.0.0.1:3000/\"]\n").unwrap();
    assert_eq!(several, upstream);
}

#[test]
fn servers_and_how_they_are_spoken_to_are_read_with_their_files() {
    let text = r#"
upstreams = ["https://a.internal", { url = "https://b.internal:8443", weight = 3 }]
protocol = "h2"
upstream_tls = { ca = "tls/inside.pem", certificate = "c.pem", key = "/c.key", server_name = "wiki.internal" }
health = { path = "/healthz", interval = "5s" }
limits = { connect = "2s", first_byte = "30s", response_idle = "5m", request_body = "8MiB", answer_head = "16KiB" }
"#;
    let (upstream, config) = wiki(text).unwrap();
    let servers = upstream.servers().unwrap();
    let shown: Vec<_> = servers
        .servers
        .iter()
        .map(|s| format!("{} {}", s.address, s.weight))
        .collect();
    assert_eq!(
        shown,
        ["https://a.internal:443 1", "https://b.internal:8443 3"]
    );
    assert_eq!(servers.protocol, gw_model::Protocol::H2);
    assert_eq!(servers.server_name.as_deref(), Some("wiki.internal"));
    let health = servers.health.unwrap();
    assert_eq!((&*health.path, health.interval.as_secs()), ("/healthz", 5));
    assert_eq!(servers.limits.request_body, Some(8 << 20));
    assert_eq!(servers.limits.answer_head, Some(16 << 10));
    let [tls] = &config.upstream_tls[..] else {
        panic!("one app speaks TLS")
    };
    let folder = Path::new("/etc/gatewright");
    assert_eq!(
        tls.files.ca.as_deref(),
        Some(&*folder.join("tls/inside.pem"))
    );
    let client = Some((folder.join("c.pem"), PathBuf::from("/c.key")));
    assert_eq!(tls.files.client, client);
    assert!(!tls.files.dangerous_accept_any_certificate);
}

#[test]
fn what_servers_cannot_be_is_told() {
    for (text, fault) in [
        (
            "upstream = \"ftp://a\"\n",
            "app[0].upstream: is `ftp://a`, expected a server",
        ),
        ("upstreams = []\n", "is empty: name at least one server"),
        (
            "upstreams = [\"http://a\", \"http://a:80\"]\n",
            "has `http://a:80` twice",
        ),
        (
            "upstreams = [{ url = \"http://a\", weight = 0 }]\n",
            "weight: is 0, expected 1 to 100",
        ),
        (
            "upstreams = [{ url = \"http://a\", wieght = 1 }]\n",
            "is `weight` meant?",
        ),
        (
            "upstream = \"http://a\"\nupstreams = [\"http://b\"]\n",
            "cannot be set together",
        ),
        (
            "upstream = \"http://a\"\nprotocol = \"h2\"\n",
            "write `h2c://a:80`",
        ),
        (
            "upstream = \"h2c://a\"\nprotocol = \"h1\"\n",
            "which says HTTP/2",
        ),
        (
            "upstream = \"http://a\"\nupstream_tls = { ca = \"x\" }\n",
            "is for servers at `https://` alone",
        ),
        (
            "upstream = \"https://a\"\nupstream_tls = { key = \"x\" }\n",
            "needs its `certificate` beside it",
        ),
        (
            "upstream = \"https://a\"\nupstream_tls = { verify = false }\n",
            "is not a key here",
        ),
        (
            "upstream = \"https://a\"\nupstream_tls = { ca = \"x\", dangerous_accept_any_certificate = true }\n",
            "counts for nothing",
        ),
        (
            "upstream = \"http://a\"\nhealth = { path = \"x\" }\n",
            "expected a path such as",
        ),
        (
            "upstream = \"http://a\"\nhealth = {}\n",
            "health.path: is missing",
        ),
        (
            "upstream = \"http://a\"\nlimits = { answer_head = \"1KiB\" }\n",
            "must be from 8KiB to 1MiB",
        ),
    ] {
        let told = wiki(text).expect_err(text);
        assert!(told.contains(fault), "{text}: {told}");
    }
}

#[test]
fn a_faulty_file_of_an_app_is_told_with_its_line_and_key() {
    let text = "upstream = \"https://a\"\nupstream_tls = { ca = \"missing.pem\" }\n";
    let (_, config) = wiki(text).unwrap();
    let told = files::faults(&config).join("\n");
    let line = 1
        + SMALL
            .lines()
            .position(|l| l.starts_with("upstream"))
            .unwrap()
        + 1;
    let place =
        format!("/etc/gatewright/gatewright.toml:{line}: app[0].upstream_tls.ca: cannot read");
    assert!(told.contains(&place), "{place} in {told}");
}

#[test]
fn what_the_example_file_shows_as_defaults_are_the_defaults() {
    let example = include_str!("../../gatewright.example.toml");
    let required = r#"
version = 1
[authentication]
host = "auth.example.com"
[portal]
host = "home.example.com"
[acme]
terms_of_service_agreed = true
[[certificate]]
chain = "tls/chain.pem"
key = "tls/key.pem"
hosts = ["*.example.com"]
[[network]]
name = "office"
prefixes = ["192.0.2.0/24"]
[[group]]
name = "staff"
[[provider]]
name = "corp"
issuer = "https://id.example.com"
client_id = "gatewright"
[[provider.member]]
groups = ["staff"]
[[issuer]]
name = "github"
issuer = "https://token.actions.githubusercontent.com"
audiences = ["https://auth.example.com"]
[[client]]
name = "wiki"
app = "wiki"
redirect_uris = ["https://wiki.example.com/callback"]
secrets = ["wiki.secret"]
[[scim]]
name = "okta-people"
secrets = ["okta-people.secret"]
[[app]]
name = "wiki"
host = "wiki.example.com"
upstream = "http://127.0.0.1:3000"
[[app.route]]
name = "editor"
paths = ["/edit/*"]
"#;
    assert_eq!(checked(example), checked(required));
    assert!(checked(example).is_ok());
}

#[test]
fn a_route_lists_protocols_to_upgrade_to_and_http_is_none_of_them() {
    let with = |upgrades: &str| {
        format!("{SMALL}\n[[app.route]]\nname = \"raw\"\npaths = [\"/raw/*\"]\n{upgrades}\n")
    };
    let listed = |text: &str| {
        let config = checked(&with(text)).unwrap();
        let app = config.wanted.apps.last().unwrap().clone();
        let route = app.routes.last().unwrap().clone();
        route
            .upgrades
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(""), ["websocket"]);
    assert_eq!(listed("upgrades = []"), Vec::<String>::new());
    assert_eq!(
        listed(r#"upgrades = ["websocket", "SPDY/3.1"]"#),
        ["websocket", "spdy/3.1"]
    );
    for bad in ["h2c", "H2C", "HTTP/2.0", "TLS/1.0"] {
        let told = faults(&with(&format!(r#"upgrades = ["{bad}"]"#)));
        assert!(
            told.contains("upgrades[0]") && told.contains("unasked and unrecorded"),
            "{told}"
        );
    }
    assert!(faults(&with(r#"upgrades = ["a, b"]"#)).contains("expected a protocol"));
}
