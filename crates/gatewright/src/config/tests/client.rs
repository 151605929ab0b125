//! Clients of the authorisation server: what each type has, how one shows who it is, and what
//! becomes of one in the facts.

use std::path::Path;

use gw_jose::Algorithm;
use gw_model::{Change, Client, ClientId, ClientOwner, Consent, Epoch, Snapshot, Timestamp};
use gw_oauth::{
    CertificateName, ClientAuthentication, ClientKeys, GrantType, ProofKey, SubjectType,
};
use gw_store::Secret;

use super::{SMALL, checked, facts, faults};
use crate::config::{Registration, Wanted, WantedClient};

const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"1"}]}"#;

/// An authority that vouches for nobody: its key is nowhere.
const CLUSTER: &str = "-----BEGIN CERTIFICATE-----\n\
    MIIBezCCASGgAwIBAgIUfmSrcJg9BAdvGB5rqOw4rn/x0h0wCgYIKoZIzj0EAwIw\n\
    EjEQMA4GA1UEAwwHY2x1c3RlcjAgFw0yNjExMjgwMDAyNDJaGA8yMTI2MTEwNDAw\n\
    MDI0MlowEjEQMA4GA1UEAwwHY2x1c3RlcjBZMBMGByqGSM49AgEGCCqGSM49AwEH\n\
    A0IABP9a8EGl2/yK3jHqAsyuTO4YW7CghqMw+F1HUQpvJfHAENrznYNsKuXOmoI/\n\
    aYaL67ObqPyRQ2MDPXCKgW93yn2jUzBRMB0GA1UdDgQWBBQswpheh/yfOKb2WnGu\n\
    Vs34NueBhTAfBgNVHSMEGDAWgBQswpheh/yfOKb2WnGuVs34NueBhTAPBgNVHRMB\n\
    Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIA+AAO0cfQyq4R0/vc+hoTKadlzY\n\
    UGBrpqYyUm0n/hR/AiEAvTbjAUSqPooAEjKIxk1pV8+6hXvF8bfn5cm15Xd1U1g=\n\
    -----END CERTIFICATE-----\n";

/// What the second key of a set has that holds more than it should.
const PRIVATE: &str = r#""kid":"2","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI""#;

/// The files with clients' keys.
pub(super) fn file(path: &Path) -> Option<Vec<u8>> {
    let text = match path.to_str().unwrap_or_default() {
        "/etc/gatewright/keys.json" => KEYS.to_owned(),
        "/etc/gatewright/private.json" => {
            let key = &KEYS[r#"{"keys":["#.len()..KEYS.len() - 2];
            let private = key.replace("\"kid\":\"1\"", PRIVATE);
            format!(r#"{{"keys":[{key},{private}]}}"#)
        }
        "/etc/gatewright/no-keys.json" => "{}".to_owned(),
        "/etc/gatewright/cluster-ca.pem" => CLUSTER.to_owned(),
        _ => return None,
    };
    Some(text.into_bytes())
}

/// The files with their secrets: as long as it takes to have 32 bytes, but for one.
pub(super) fn secret(file: &Path) -> Result<(Secret<String>, Timestamp), String> {
    let name = file
        .file_stem()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let since = Timestamp::from_secs(1000);
    match name {
        "short" => Ok((Secret::new("hunter2".to_owned()), since)),
        "open" => Err(format!("`{}` is open to others", file.display())),
        name => Ok((Secret::new(format!("{name:-<40}")), since)),
    }
}

fn with(keys: &str) -> String {
    format!("{SMALL}\n[[client]]\nname = \"grafana\"\n{keys}\n")
}

fn declared(keys: &str) -> WantedClient {
    let config = checked(&with(keys)).unwrap();
    let client = config.wanted.clients.first().unwrap();
    assert_eq!(client.oauth().unwrap().check(), []);
    WantedClient::clone(client)
}

const WEB: &str = "app = \"wiki\"\nredirect_uris = [\"https://g.test/cb\"]";
const SERVICE: &str = "type = \"service\"\nsecrets = [\"a.secret\"]";

fn web(keys: &str) -> String {
    format!("{WEB}\nsecrets = [\"a.secret\"]\n{keys}")
}

#[test]
fn each_type_is_what_such_a_client_usually_is() {
    let usual = declared(&web(""));
    assert_eq!(usual.consent, Consent::Never);
    assert!(!usual.disabled && &*usual.title == "grafana");
    let client = usual.oauth().unwrap();
    assert_eq!(client.id.as_str(), "grafana");
    assert_eq!(
        client.grant_types,
        [GrantType::AuthorizationCode, GrantType::RefreshToken]
    );
    assert_eq!(client.scopes.to_string(), "openid profile email groups");
    assert_eq!(client.authentication.name(), "client_secret_basic");
    assert_eq!(client.id_token_algorithm, Algorithm::Rs256);
    assert_eq!(
        (client.proof_key, client.userinfo_algorithm),
        (ProofKey::Required, None)
    );
    let browser = declared(&format!("type = \"browser\"\n{WEB}"));
    let browser = browser.oauth().unwrap();
    assert!(browser.is_public());
    assert_eq!(browser.grant_types, client.grant_types);
    let native = declared(
        "type = \"native\"\napp = \"wiki\"\nredirect_uris = [\"http://127.0.0.1/cb\", \"com.example.app:/cb\"]",
    );
    let native = native.oauth().unwrap();
    assert!(native.is_public() && native.may(GrantType::DeviceCode));
    let service = declared(SERVICE);
    let service = service.oauth().unwrap();
    assert_eq!(service.grant_types, [GrantType::ClientCredentials]);
    assert!(service.scopes.is_empty());
}

#[test]
fn what_is_said_is_what_it_is() {
    let said = declared(&web(r#"title = "Graphs"
enabled = false
grants = ["code", "token-exchange"]
post_logout_redirect_uris = ["https://g.test/"]
backchannel_logout_uri = "https://g.test/out"
backchannel_logout_session_required = false
secret_in = "body"
scopes = ["openid", "offline_access"]
resources = ["wiki", "https://api.test/v1"]
serves = ["urn:example:graphs"]
subjects = "pairwise"
id_token_algorithm = "ES256"
userinfo_algorithm = "RS256"
require_pushed = true
dpop_bound = true
certificate_bound = true
proof_key = "optional"
default_max_age = "1h"
require_auth_time = true
default_acr_values = ["phr"]
consent = "ask"
groups = ["staff"]
attributes = { team = "ops" }"#));
    assert_eq!(
        (&*said.title, said.disabled, said.consent),
        ("Graphs", true, Consent::Ask)
    );
    assert_eq!(said.groups.len(), 1);
    assert_eq!(said.attributes.get("team").map(|team| &**team), Some("ops"));
    let client = said.oauth().unwrap();
    assert_eq!(
        client.grant_types,
        [GrantType::AuthorizationCode, GrantType::TokenExchange]
    );
    let resources: Vec<_> = client.resources.iter().collect();
    assert_eq!(
        resources,
        ["https://wiki.example.com", "https://api.test/v1"]
    );
    assert!(client.serves.contains("urn:example:graphs"));
    assert!(client.may_end_at("https://g.test/"));
    assert_eq!(client.about.name.as_deref(), Some("Graphs"));
    let out = client.backchannel_logout.clone().unwrap();
    assert!(out.uri == "https://g.test/out" && !out.session_required);
    let sector = "g.test".to_owned();
    assert_eq!(client.subject_type, SubjectType::Pairwise { sector });
    assert_eq!(client.authentication.name(), "client_secret_post");
    assert_eq!(client.id_token_algorithm, Algorithm::Es256);
    assert_eq!(client.userinfo_algorithm, Some(Algorithm::Rs256));
    assert_eq!(client.proof_key, ProofKey::Optional);
    assert_eq!(
        client.default_max_age,
        Some(std::time::Duration::from_secs(3600))
    );
    assert_eq!(client.default_acr_values, ["phr"]);
    assert!(
        client.require_pushed
            && client.dpop_bound
            && client.certificate_bound
            && client.require_auth_time
    );
    let port = with(&web("resources = [\"wiki\"]")).replacen(
        "version = 1",
        "version = 1\nlisten.public_https_port = 8443",
        1,
    );
    let client = checked(&port).unwrap().wanted.clients.remove(0);
    assert!(
        client
            .oauth()
            .unwrap()
            .resources
            .contains("https://wiki.example.com:8443")
    );
}

#[test]
fn a_client_shows_who_it_is_in_one_way() {
    let by = |keys: &str| declared(&format!("{WEB}\n{keys}")).oauth().unwrap().clone();
    let secrets = by("secrets = [\"a.secret\", \"sub/b.secret\"]").authentication;
    assert_eq!(
        secrets.secrets().map(|secrets| secrets.iter().count()),
        Some(2)
    );
    let keys = by("keys = \"keys.json\"");
    assert_eq!(keys.authentication, ClientAuthentication::PrivateKeyJwt);
    assert_eq!(keys.keys, Some(ClientKeys::Jwks(KEYS.to_owned())));
    let elsewhere = by("keys_uri = \"https://g.test/keys\"");
    assert_eq!(
        elsewhere.keys,
        Some(ClientKeys::JwksUri("https://g.test/keys".to_owned()))
    );
    let named = by("certificate = { san_dns = \"g.test\" }").authentication;
    let name = CertificateName::TlsClientAuthSanDns("g.test".to_owned());
    assert_eq!(named, ClientAuthentication::TlsClientAuth { name });
    let own = by("certificate = \"self-signed\"\nkeys = \"keys.json\"");
    assert_eq!(
        own.authentication,
        ClientAuthentication::SelfSignedTlsClientAuth
    );
    assert!(own.keys.is_some());
}

#[test]
fn an_app_that_is_elsewhere_needs_no_certificate_here() {
    let text = format!(
        "{SMALL}\n[[app]]\nname = \"graphs\"\nstart = \"https://graphs.test/\"\n[[client]]\nname = \"graphs\"\n{}",
        web("").replacen("\"wiki\"", "\"graphs\"", 1)
    );
    let config = checked(&text).unwrap();
    assert_eq!(
        config.wanted.clients[0]
            .app
            .as_ref()
            .map(|app| app.as_str()),
        Some("graphs")
    );
}

#[test]
fn the_files_that_say_who_a_client_is_are_followed() {
    let config = checked(&with(&format!("{WEB}\nsecrets = [\"sub/a.secret\"]"))).unwrap();
    assert_eq!(config.followed, [Path::new("/etc/gatewright/sub/a.secret")]);
    let config = checked(&with(&format!("{WEB}\nkeys = \"keys.json\""))).unwrap();
    assert_eq!(config.followed, [Path::new("/etc/gatewright/keys.json")]);
}

#[test]
fn what_does_not_go_together_is_told_by_its_key_and_with_what_to_do() {
    let public = |keys: &str| format!("type = \"browser\"\n{WEB}\n{keys}");
    let plain = |keys: &str| format!("{WEB}\n{keys}");
    for (keys, why) in [
        (plain(""), "secrets: is missing: a `web` client shows who it is by"),
        (public("secrets = [\"a.secret\"]"), "secrets: cannot be: whoever uses a `browser` client"),
        (public("proof_key = \"optional\""), "proof_key: is \"optional\", and a `browser` client"),
        (public("grants = [\"client-credentials\"]\n"), "grants: has \"client-credentials\", and a `browser`"),
        (plain("secrets = [\"a.secret\"]\nkeys = \"keys.json\""), "secrets: stands beside `keys`"),
        (plain("keys = \"keys.json\"\nkeys_uri = \"https://g.test/k\""), "keys: stands beside `keys_uri`"),
        (plain("keys = \"missing.json\""), "keys: `/etc/gatewright/missing.json` cannot be read"),
        (plain("keys = \"no-keys.json\""), "keys: is refused"),
        (plain("keys = \"private.json\""), "it holds a private key"),
        (plain("keys_uri = \"https://10.0.0.1/k\""), "keys_uri: is not an `https://` address on a host of the public network"),
        (plain("certificate = \"self-signed\""), "certificate: is \"self-signed\", and needs `keys`"),
        (plain("certificate = { san_dns = \"a\" }\nkeys = \"keys.json\""), "certificate: has a name that an authority vouches for"),
        (plain("certificate = { san_dns = \"a\", san_ip = \"10.0.0.1\" }"), "certificate: has exactly one of"),
        (plain("certificate = { san_dsn = \"a\" }"), "san_dsn: is not a key here; is `san_dns` meant?"),
        (plain("certificate = \"any\""), "certificate: is `any`, expected \"self-signed\""),
        (plain("secrets = []"), "secrets: names 0 files, expected 1 to 4"),
        (plain("secrets = [\"short.secret\"]"), "the secret is shorter than 32 bytes"),
        (plain("secrets = [\"open.secret\"]"), "secrets: `/etc/gatewright/open.secret` is open to others"),
        (plain("secrets = [\"a.secret\", \"sub/a.secret\"]"), "holds the same as another one"),
        (plain("secret_in = \"body\"\nkeys = \"keys.json\""), "secret_in: is about `secrets`"),
        (web("redirect_uris = []").replacen("redirect_uris = [\"https://g.test/cb\"]\n", "", 1), "redirect_uris: is missing: name where answers go"),
        (web("grants = [\"refresh\", \"client-credentials\"]").replacen("app = \"wiki\"\n", "", 1), "grants: has \"refresh\" without"),
        (web("grants = []"), "grants: names none"),
        (web("grants = [\"code\", \"code\"]"), "grants: names one twice"),
        (web("grants = [\"password\"]"), "grants[0]: is `password`, expected `code` or"),
        (web("post_logout_redirect_uris = [\"http://127.0.0.1/\"]"), "post_logout_redirect_uris: has one that is for"),
        (web("backchannel_logout_uri = \"http://g.test/\""), "backchannel_logout_uri: is not an `https://` address"),
        (web("backchannel_logout_session_required = false"), "needs `backchannel_logout_uri` beside it"),
        (web("resources = [\"nothing\"]"), "resources: names `nothing`, which is no `[[app]]`"),
        (web("serves = [\"https://a.test/#x\"]"), "serves: a resource is not an absolute URI"),
        (web("sector = \"g.test\""), "sector: is about `subjects = \"pairwise\"`"),
        (web("default_acr_values = [\"a b\"]"), "default_acr_values: has one that is empty"),
        (web("groups = [\"nobody\"]"), "groups: names `nobody`, which is no group here"),
        (web("scopes = [\"a\\\"b\"]"), "scopes[0]"),
        (format!("{SERVICE}\napp = \"wiki\""), "app: is about clients that people sign in through"),
        (web("").replacen("app = \"wiki\"\n", "", 1), "app: is missing: people sign in through this client"),
        (web("").replacen("\"wiki\"", "\"other\"", 1), "app: is `other`, which is no `[[app]]`"),
        (web("").replacen("https://g.test/cb", "http://127.0.0.1/cb", 1), "redirect_uris: has `http://127.0.0.1/cb`, and it is only for native"),
        (web("").replacen("https://g.test/cb", "http://g.test/cb", 1), "redirect_uris[0]: is `http://g.test/cb`: it is `http` and not on the device itself"),
        (web("fancy = 1"), "fancy: is not a key here"),
        (
            "subjects = \"pairwise\"\napp = \"wiki\"\nsecrets = [\"a.secret\"]\nredirect_uris = [\"https://a.test/\", \"https://b.test/\"]".to_owned(),
            "sector: is missing: its redirect URIs are not all at one host",
        ),
    ] {
        let told = faults(&with(&keys));
        assert!(told.contains(&format!("client[0].{why}")) || told.contains(why), "{keys}\n{told}");
        assert!(told.contains("client[0]."), "{told}");
        assert!(told.starts_with("F:3"), "with its line: {told}");
    }
    let twice = format!(
        "{}\n[[client]]\nname = \"grafana\"\n{SERVICE}",
        with(SERVICE)
    );
    assert!(faults(&twice).contains("client[1].name: is `grafana`, which is there already"));
}

fn differs(wanted: &Wanted, present: &Snapshot) -> String {
    facts::summary(&facts::difference(wanted, present))
}

/// Facts after what a file wants.
fn after(present: &Snapshot, wanted: &Wanted) -> Snapshot {
    let changes = facts::difference(wanted, present);
    let next = Epoch {
        incarnation: 1,
        number: present.epoch.number + 1,
    };
    let facts = present.apply(next, &changes).unwrap();
    assert_eq!(differs(wanted, &facts), "nothing changed", "after it");
    facts
}

fn wanted(keys: &str) -> Wanted {
    checked(&with(keys)).unwrap().wanted
}

fn grafana(facts: &Snapshot) -> &Client {
    facts.client_named(&"grafana".parse().unwrap()).unwrap()
}

fn registration(client: &Client) -> gw_oauth::Client {
    serde_json::from_str(&client.registration).unwrap()
}

#[test]
fn a_client_that_the_file_no_longer_names_is_off_and_keeps_its_id() {
    let both = wanted(SERVICE);
    let first = after(&Snapshot::empty(Epoch::default()), &both);
    let id = grafana(&first).id;
    assert_eq!(grafana(&first).owner, ClientOwner::Configuration);
    let mut less = both.clone();
    less.clients.clear();
    let off = after(&first, &less);
    assert!(grafana(&off).disabled && grafana(&off).id == id);
    let again = after(&off, &both);
    assert!(!grafana(&again).is_off() && grafana(&again).id == id);
}

#[test]
fn what_the_administration_said_of_a_client_stays() {
    let first = after(&Snapshot::empty(Epoch::default()), &wanted(SERVICE));
    let said = Client {
        suspended: true,
        tokens_from: Timestamp::from_secs(7),
        ..grafana(&first).clone()
    };
    let at = Epoch {
        incarnation: 1,
        number: 2,
    };
    let said = first.apply(at, &[Change::ClientPut(said.into())]).unwrap();
    let next = after(&said, &wanted(&format!("{SERVICE}\ntitle = \"Graphs\"")));
    let client = grafana(&next);
    assert_eq!(
        (client.suspended, client.tokens_from),
        (true, Timestamp::from_secs(7))
    );
    assert_eq!(&*client.title, "Graphs");
}

#[test]
fn a_secret_that_was_there_before_is_known_since_then() {
    let first = after(&Snapshot::empty(Epoch::default()), &wanted(SERVICE));
    let mut later = wanted(SERVICE);
    let mut client = WantedClient::clone(&later.clients[0]);
    let secrets = client.oauth().unwrap().authentication.secrets().unwrap();
    let touched = secrets.iter().map(|kept| gw_oauth::KeptSecret {
        made_at: Timestamp::from_secs(2000),
        ..*kept
    });
    let secrets = gw_oauth::ClientSecrets::of_all(touched.collect()).unwrap();
    let mut touched = client.oauth().unwrap().clone();
    touched.authentication = ClientAuthentication::ClientSecretBasic { secrets };
    client.registration = Registration::OAuth(Box::new(touched));
    later.clients = vec![client.into()];
    assert_eq!(
        differs(&later, &first),
        "nothing changed",
        "of a file that is touched"
    );
    let both = "type = \"service\"\nsecrets = [\"b.secret\", \"a.secret\"]";
    let next = after(&first, &wanted(both));
    let kept = registration(grafana(&next));
    let secrets = kept.authentication.secrets().unwrap();
    let now = Timestamp::from_secs(1);
    for name in ["a", "b"] {
        assert!(secrets.accept(&format!("{name:-<40}"), now), "{name}");
    }
    let last = registration(grafana(&after(
        &next,
        &wanted(&both.replace(", \"a.secret\"", "")),
    )));
    let secrets = last.authentication.secrets().unwrap();
    assert!(!secrets.accept(&format!("{:-<40}", "a"), now));
}

#[test]
fn one_that_registered_itself_is_left_alone_and_gives_way_to_one_that_is_declared() {
    let registered = |name: &str, bits| {
        let first = after(&Snapshot::empty(Epoch::default()), &wanted(SERVICE));
        Change::ClientPut(
            Client {
                id: ClientId::from_bits(bits),
                name: name.parse().unwrap(),
                owner: ClientOwner::Itself,
                ..grafana(&first).clone()
            }
            .into(),
        )
    };
    let at = Epoch {
        incarnation: 1,
        number: 1,
    };
    let mine = [registered("grafana", 1), registered("other", 2)];
    let present = Snapshot::empty(Epoch::default());
    let groups = facts::difference(&wanted(SERVICE), &present)
        .into_iter()
        .filter(|change| matches!(change, Change::GroupPut(_)));
    let present = present
        .apply(at, &groups.chain(mine).collect::<Vec<_>>())
        .unwrap();
    let next = after(&present, &wanted(SERVICE));
    let other = next.client_named(&"other".parse().unwrap()).unwrap();
    assert!(!other.disabled && other.id == ClientId::from_bits(2));
    assert_ne!(
        grafana(&next).id,
        ClientId::from_bits(1),
        "it inherits nothing"
    );
}

#[test]
fn nothing_that_is_kept_of_a_client_holds_its_secret() {
    let first = after(&Snapshot::empty(Epoch::default()), &wanted(SERVICE));
    let (secret, _) = secret(Path::new("a.secret")).unwrap();
    let kept = format!("{:?}{:?}", grafana(&first), wanted(SERVICE));
    assert!(!kept.contains(secret.expose().as_str()));
}

const BUILDS: &str = "[[issuer]]\nname = \"builds\"\nissuer = \"https://builds.test\"\naudiences = [\"https://auth.example.com\"]\n";

fn of_workloads(issuer: &str, keys: &str) -> String {
    format!("{SMALL}\n{issuer}\n[[client]]\nname = \"shop\"\ntype = \"service\"\n{keys}\n")
}

#[test]
fn a_workload_is_known_by_what_its_issuer_says() {
    let rule = "[[client.workload]]\nissuer = \"builds\"\nclaims = { repository = \"acme/shop\", sub = \"repo:acme/shop:*\" }";
    let config = checked(&of_workloads(BUILDS, rule)).unwrap();
    let shop = config.wanted.clients[0].oauth().unwrap();
    assert_eq!(shop.check(), []);
    assert_eq!(shop.authentication.name(), "workload_token");
    assert_eq!(
        shop.grant_types,
        [GrantType::ClientCredentials, GrantType::TokenExchange]
    );
    let told = shop.authentication.workload_rules()[0].to_string();
    assert_eq!(
        told,
        "builds: repository = acme/shop, sub = repo:acme/shop:*"
    );
    let issuer = &config.wanted.settings.issuers[0];
    assert_eq!(issuer.keys, gw_model::IssuerKeys::Discovery);
    assert!(issuer.single_use && issuer.age_max.as_secs() == 3600);
    let kept = serde_json::to_string(&*config.wanted.settings).unwrap();
    let kept: gw_model::Settings = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept, *config.wanted.settings);
}

#[test]
fn an_issuer_with_authorities_of_its_own_is_believed_by_them_alone() {
    let rule = "[[client.workload]]\nissuer = \"builds\"\nclaims = { repository = \"acme/shop\" }";
    let with = |keys: &str| of_workloads(&format!("{BUILDS}{keys}"), rule);
    let config = checked(&with("ca = \"cluster-ca.pem\"")).unwrap();
    let ca = config.wanted.settings.issuers[0].ca.clone().unwrap();
    assert_eq!(&*ca.file, "cluster-ca.pem");
    assert!(ca.pem.starts_with("-----BEGIN CERTIFICATE-----"));
    let file = Path::new("/etc/gatewright/cluster-ca.pem");
    assert!(config.followed.iter().any(|followed| followed == file));
    for (keys, why) in [
        (
            "ca = \"missing.pem\"",
            "issuer[0].ca: `/etc/gatewright/missing.pem` is refused: no such file",
        ),
        (
            "ca = \"keys.json\"",
            "issuer[0].ca: `/etc/gatewright/keys.json` is refused: `/etc/gatewright/keys.json` holds no authority's certificate",
        ),
        (
            "ca = \"cluster-ca.pem\"\nkeys = \"keys.json\"",
            "issuer[0].ca: stands beside `keys`",
        ),
    ] {
        let told = faults(&with(keys));
        assert!(told.contains(why), "{why}: {told}");
    }
}

#[test]
fn an_issuer_and_a_workload_that_would_let_in_more_than_is_meant_are_refused() {
    let rule =
        |claims: &str| format!("[[client.workload]]\nissuer = \"builds\"\nclaims = {claims}");
    let good = rule("{ repository = \"acme/shop\" }");
    for (issuer, keys, why) in [
        (BUILDS.to_owned(), rule("{}"), "claims: names none"),
        (
            BUILDS.to_owned(),
            rule("{ sub = \"*\" }"),
            "claims: has `sub`, which is 1 to",
        ),
        (
            BUILDS.to_owned(),
            rule("{ sub = \"a*b\" }"),
            "claims: has `sub`, which",
        ),
        (
            BUILDS.to_owned(),
            rule("{ sub = [\"a\"] }"),
            "expected a string in quotes",
        ),
        (String::new(), good.clone(), "which is no `[[issuer]]`"),
        (
            BUILDS.to_owned(),
            format!("secrets = [\"a.secret\"]\n{good}"),
            "secrets: stands beside `workload`",
        ),
        (
            BUILDS.replace("https://builds.test", "http://builds.test"),
            good.clone(),
            "issuer: is `http://builds.test`",
        ),
        (
            BUILDS.replace("https://builds.test", "https://auth.example.com"),
            good.clone(),
            "is this gateway's own",
        ),
        (
            format!("{BUILDS}algorithms = [\"HS256\"]"),
            good.clone(),
            "algorithms: names `HS256`",
        ),
        (
            format!("{BUILDS}algorithms = [\"none\"]"),
            good.clone(),
            "algorithms: names `none`",
        ),
        (
            format!("{BUILDS}algorithms = []"),
            good.clone(),
            "algorithms: names none",
        ),
        (
            format!("{BUILDS}age_max = \"48h\""),
            good.clone(),
            "age_max: is longer than a day",
        ),
        (
            format!("{BUILDS}keys = \"private.json\""),
            good.clone(),
            "it holds a private key",
        ),
        (
            format!("{BUILDS}keys = \"no-keys.json\""),
            good.clone(),
            "keys: `/etc/gatewright/no-keys.json` is refused",
        ),
        (
            format!("{BUILDS}keys = \"keys.json\"\nkeys_uri = \"https://builds.test/k\""),
            good.clone(),
            "keys: stands beside `keys_uri`",
        ),
        (
            format!("{BUILDS}{BUILDS}"),
            good.clone(),
            "name: is `builds`, which is there already",
        ),
        (
            BUILDS.replace("[\"https://auth.example.com\"]", "[]"),
            good,
            "audiences: is 1 to 8 texts",
        ),
    ] {
        let found = faults(&of_workloads(&issuer, &keys));
        assert!(found.contains(why), "{issuer}{keys}: {found}");
    }
}
