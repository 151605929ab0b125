//! From a TOML document to a checked configuration. Every default is written here, once.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gw_model::{App, AppName, Group, GroupName, Network, Settings};
use toml::de::DeTable;

use super::{
    Accepted, AcmeConfig, CertificateFiles, Config, ConfigFaults, LedgerConfig, Lifetimes, Listen,
    LogConfig, NamedFiles, NoFiles, PolicyFolder, ProxyTells, RemedyLevel, TrustedProxies, VERSION,
    Wanted, acme, app,
    asked::{Absent, Asked},
    client, directory,
    fault::Fault,
    issuer, limits, passwords, provider,
    reader::{Faults, Readable as _, Section},
    scim,
    value::{CertificateHost, HeaderName, Host, Size, Span, Zone},
};

/// The group whose members administer, which base policy names.
pub(crate) const OWNERS: &str = "owners";

pub(super) fn config(
    file: &Path,
    text: &str,
    files: &dyn NamedFiles,
) -> Result<Config, ConfigFaults> {
    let faults = Faults::of(text);
    let refused = |faults: Vec<Fault>| ConfigFaults {
        file: file.into(),
        faults,
    };
    let (document, malformed) = DeTable::parse_recoverable(text);
    for fault in &malformed {
        let span = fault.span().unwrap_or_default();
        faults.add(&span, "", fault.message());
    }
    if !malformed.is_empty() {
        return Err(refused(faults.into_sorted()));
    }
    let mut root = Section::root(&document, &faults);
    if let Err(newer) = version(&mut root) {
        return Err(ConfigFaults::single(file.into(), "version", newer));
    }
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    let config = everything(&mut root, file, folder, files);
    root.refuse_unknown_keys();
    drop(root);
    let faults = faults.into_sorted();
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(refused(faults)),
    }
}

/// Every key that there is, in the order in which they are read.
pub(super) fn asked() -> Vec<Asked> {
    let faults = Faults::describing();
    let (document, _) = DeTable::parse_recoverable("");
    let mut root = Section::root(&document, &faults);
    root.describe("version", || (u64::kind(), Absent::Fault));
    everything(&mut root, Path::new(""), Path::new(""), &NoFiles);
    drop(root);
    faults.into_asked()
}

/// A newer format is refused by name, before its unknown keys are taken for mistakes.
fn version(root: &mut Section<'_>) -> Result<(), String> {
    let Some(found) = root.required::<u64>("version") else {
        return Ok(());
    };
    if found > VERSION {
        return Err(format!(
            "is {found}; gatewright {} reads version {VERSION}: use a newer gatewright",
            env!("CARGO_PKG_VERSION")
        ));
    }
    if found != VERSION {
        root.fault("version", format!("is {found}, expected {VERSION}"));
    }
    Ok(())
}

fn everything(
    root: &mut Section<'_>,
    file: &Path,
    folder: &Path,
    files: &dyn NamedFiles,
) -> Option<Config> {
    let data = folder.join(root.or("data", PathBuf::from("data")));
    let listen = root.table("listen", |s| listen(s, folder));
    let certificates = root.tables("certificate", |s| certificate(s, folder));
    let certificates: Vec<_> = certificates.into_iter().flatten().collect();
    let acme = root.table("acme", |s| acme::acme(s, folder));
    let (authentication, addresses_verified) = root.table("authentication", |s| {
        let host = s.required::<Host>("host");
        (host, s.or("addresses_verified", false))
    });
    let portal = root.table("portal", |s| s.required::<Host>("host"));
    let lifetimes = root.table("lifetimes", lifetimes);
    let attestation = root.table("passkeys", |s| {
        s.choice("attestation", &[("none", false), ("direct", true)], false)
    });
    let passwords = root.table("passwords", |s| passwords::passwords(s, folder));
    let trusted_proxies = root.table("trusted_proxies", trusted_proxies);
    let geo_database = root.table("geo", |s| s.optional::<PathBuf>("database"));
    let ledger = root.table("ledger", ledger);
    let policies = root.table("policies", |s| policies(s, folder));
    let remedies = root.choice(
        "remedies",
        &[
            ("none", RemedyLevel::None),
            ("own", RemedyLevel::Own),
            ("full", RemedyLevel::Full),
        ],
        RemedyLevel::Own,
    );
    let limits = root.table("limits", limits::limits);
    let administration = root.table("administration", |s| s.optional::<Host>("host"));
    let operations = root.table("operations", |s| s.or("listen", Vec::new()));
    let log = root.table("log", log);
    let Span(drain) = root.or("drain", Span::secs(10));
    let threads = threads(root);
    let huge_pages = root.or("huge_pages", false);
    let accept_gap = root.or("accept_ledger_gap", false);
    let issuers = issuer::issuers(root, folder, files, authentication.as_ref());
    let settings = Settings {
        passwords: passwords.enabled,
        addresses_verified,
        issuers: issuers.iter().map(|i| Arc::clone(&i.issuer)).collect(),
        ..settings(root)
    };
    let groups = groups(root);
    let providers = provider::providers(root, folder, files);
    let sources = scim::sources(root, folder, &providers);
    let others = providers.iter().map(|p| &p.provider);
    let others = others.chain(sources.iter().map(|s| &s.provider));
    let directories = directory::directories(root, folder, others);
    let declared = app::apps(root, folder);
    let upstream_tls = declared.iter().filter_map(|d| d.tls.clone()).collect();
    let apps: Vec<App> = declared.into_iter().map(|d| d.app).collect();
    let among = client::Among {
        folder,
        files,
        apps: &apps,
        groups: &groups,
        issuers: &settings.issuers,
        https_port: listen.public_https_port,
    };
    let clients = client::clients(root, among);
    check_operations(root, &operations, &listen);
    let (authentication, portal) = (authentication?, portal?);
    let own = app::OwnHosts {
        authentication: &authentication,
        portal: &portal,
        administration: administration.as_ref(),
    };
    app::check_hosts(root, own, &apps);
    acme::check_listen(root, acme.as_ref(), &listen);
    check_certificates(root, &listen, &certificates, acme.as_ref(), own, &apps);
    check_client_certificates(root, &listen, own, &apps);
    Some(Config {
        file: file.into(),
        data,
        listen,
        certificates,
        acme,
        upstream_tls,
        followed: providers
            .iter()
            .filter_map(|p| p.metadata.clone())
            .chain(clients.iter().flat_map(|c| c.files.clone()))
            .chain(issuers.iter().flat_map(|i| i.files.clone()))
            .collect(),
        providers: providers.iter().filter_map(|p| p.files.clone()).collect(),
        scim: sources.iter().map(|s| s.files.clone()).collect(),
        directories: directories.iter().map(|d| d.files.clone()).collect(),
        wanted: Wanted {
            groups,
            sources: sources
                .iter()
                .map(|s| &s.client)
                .chain(directories.iter().map(|d| &d.client))
                .map(|client| Arc::new(client.clone()))
                .collect(),
            providers: providers
                .into_iter()
                .map(|p| Arc::new(p.provider))
                .chain(sources.into_iter().map(|s| Arc::new(s.provider)))
                .chain(directories.into_iter().map(|d| Arc::new(d.provider)))
                .collect(),
            apps: with_own_apps(apps, own),
            clients: clients.into_iter().map(|c| Arc::new(c.client)).collect(),
            settings: Arc::new(settings),
        },
        authentication_host: authentication.0.clone(),
        administration_host: administration.as_ref().map(|host| host.0.clone()),
        lifetimes,
        passwords,
        attestation,
        trusted_proxies,
        geo_database: geo_database.map(|path| folder.join(path)),
        ledger: LedgerConfig {
            accept_gap,
            ..ledger
        },
        policies,
        remedies,
        limits,
        threads,
        huge_pages,
        operations,
        drain,
        log,
    })
}

fn listen(section: &mut Section<'_>, folder: &Path) -> Listen {
    let any = |port: u16| {
        vec![
            SocketAddr::from(([0, 0, 0, 0], port)),
            SocketAddr::from(([0u16; 8], port)),
        ]
    };
    Listen {
        http: section.or("http", any(80)),
        https: section.or("https", any(443)),
        public_http_port: section.or("public_http_port", 80),
        public_https_port: section.or("public_https_port", 443),
        client_certificates: section
            .or::<Vec<Host>>("client_certificates", Vec::new())
            .into_iter()
            .map(|host| host.0)
            .collect(),
        client_authorities: section
            .optional::<PathBuf>("client_authorities")
            .map(|file| folder.join(file)),
    }
}

/// Clients are asked at hosts that there are.
fn check_client_certificates(
    root: &Section<'_>,
    listen: &Listen,
    own: app::OwnHosts<'_>,
    apps: &[App],
) {
    let asks = listen.client_certificates.iter();
    let mut at_sign_in = asks.filter(|host| ***host == *own.authentication.0);
    if listen.client_authorities.is_some() && at_sign_in.next().is_none() {
        let what = "`client_authorities` is about certificates that are shown at the authentication host, and `client_certificates` does not name it";
        root.fault("listen", what);
    }
    let is_ours = |host: &str| {
        let app = apps.iter().any(|app| *app.host == *host);
        app || *own.authentication.0 == *host
    };
    for host in listen
        .client_certificates
        .iter()
        .filter(|host| !is_ours(host))
    {
        root.fault(
            "listen",
            format!(
                "`client_certificates` names `{host}`, which is neither the host of an app nor the authentication host"
            ),
        );
    }
}

/// What is for those who run it is not where everybody is.
fn check_operations(root: &Section<'_>, operations: &[SocketAddr], listen: &Listen) {
    let people = listen.http.iter().chain(&listen.https);
    for address in people.filter(|address| operations.contains(address)) {
        root.fault(
            "operations",
            format!("`listen` has {address}, where people are served"),
        );
    }
}

fn certificate(section: &mut Section<'_>, folder: &Path) -> Option<CertificateFiles> {
    let chain = section.required::<PathBuf>("chain");
    let key = section.required::<PathBuf>("key");
    let hosts = section.required::<Vec<CertificateHost>>("hosts");
    Some(CertificateFiles {
        chain: folder.join(chain?),
        key: folder.join(key?),
        hosts: hosts?,
    })
}

/// How long a key for SAML may be in the metadata before it signs.
const SAML_KEY_LEAD: std::ops::RangeInclusive<Duration> = Span::hours(1).0..=Span::hours(90 * 24).0;

fn lifetimes(section: &mut Section<'_>) -> Lifetimes {
    let lifetimes = Lifetimes {
        session: section.or("session", Span::hours(12)).0,
        session_idle: section.or("session_idle", Span::hours(1)).0,
        enrolment_session: section.or("enrolment_session", Span::minutes(30)).0,
        sign_in_link: section.or("sign_in_link", Span::minutes(15)).0,
        enrolment_link: section.or("enrolment_link", Span::hours(72)).0,
        recovery_link: section.or("recovery_link", Span::hours(1)).0,
        saml_key_lead: section.or("saml_key_lead", Span::hours(7 * 24)).0,
    };
    if lifetimes.session_idle > lifetimes.session {
        section.fault("session_idle", "is longer than `session`");
    }
    if !SAML_KEY_LEAD.contains(&lifetimes.saml_key_lead) {
        section.fault(
            "saml_key_lead",
            "must be from 1h to 90d: a key that is known to others is replaced at once by `gatewright key rotate PURPOSE --at-once`",
        );
    }
    lifetimes
}

fn trusted_proxies(section: &mut Section<'_>) -> TrustedProxies {
    let networks = section.or("networks", Vec::new());
    let header = section.optional::<HeaderName>("header");
    let proxy_v2 = section.or("proxy_protocol", false);
    let tells = match (header, proxy_v2) {
        (Some(header), false) => ProxyTells::Header(header.0),
        (None, _) => ProxyTells::ProxyV2,
        (Some(_), true) => {
            section.fault(
                "header",
                "cannot be set together with `proxy_protocol = true`",
            );
            ProxyTells::ProxyV2
        }
    };
    let says_how = proxy_v2 || matches!(tells, ProxyTells::Header(_));
    if !networks.is_empty() && !says_how {
        section.fault(
            "networks",
            "needs `header = \"x-forwarded-for\"` or `proxy_protocol = true` beside it, to say how the proxy tells the client's address",
        );
    }
    TrustedProxies { networks, tells }
}

fn ledger(section: &mut Section<'_>) -> LedgerConfig {
    let Size(segment_bytes) = section.or("segment_size", Size(64 << 20));
    if !(1 << 20..=1 << 30).contains(&segment_bytes) {
        section.fault("segment_size", "must be from 1MiB to 1GiB");
    }
    LedgerConfig {
        segment_bytes,
        accepted: section.choice(
            "accepted",
            &[("written", Accepted::Written), ("synced", Accepted::Synced)],
            Accepted::Written,
        ),
        allow_unrecorded: section.choice(
            "when_unwritable",
            &[("deny", false), ("allow", true)],
            false,
        ),
        accept_gap: false,
    }
}

fn log(section: &mut Section<'_>) -> LogConfig {
    LogConfig {
        level: section.or("level", Arc::from("info")),
        json: section.choice("format", &[("text", false), ("json", true)], false),
    }
}

/// One traffic thread for each core, unless the file says otherwise.
fn threads(root: &mut Section<'_>) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match root.optional::<u16>("threads").map(usize::from) {
        None => cores,
        Some(threads @ 1..=256) => threads,
        Some(threads) => {
            root.fault("threads", format!("is {threads}, expected 1 to 256"));
            cores
        }
    }
}

fn policies(section: &mut Section<'_>, folder: &Path) -> PolicyFolder {
    PolicyFolder {
        folder: folder.join(section.or("folder", PathBuf::from("policies"))),
        watch: section.or("watch", false),
    }
}

fn settings(root: &mut Section<'_>) -> Settings {
    let Zone(time_zone) = root.or("time_zone", Zone(Arc::from("UTC")));
    let networks = root.tables("network", |section| {
        let name = section.required::<Arc<str>>("name");
        let prefixes = section.required("prefixes");
        Some(Network {
            name: name?,
            prefixes: prefixes?,
        })
    });
    let networks: Vec<_> = networks.into_iter().flatten().collect();
    let mut names: Vec<_> = networks.iter().map(|network| &network.name).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.array_windows().find(|[a, b]| a == b) {
        root.fault("network", format!("has the name `{twice}` twice"));
    }
    Settings {
        networks,
        time_zone,
        passwords: false,
        addresses_verified: false,
        issuers: Vec::new(),
    }
}

/// The groups, parents first; the owners' group is always there.
fn groups(root: &mut Section<'_>) -> Vec<Arc<Group>> {
    let mut declared: BTreeMap<GroupName, Group> = BTreeMap::new();
    root.tables("group", |section| {
        let name = section.required::<GroupName>("name");
        let title = section.or("title", Arc::from(""));
        let parents = section.or("parents", Vec::new());
        let Some(name) = name else { return };
        let group = Group {
            name: name.clone(),
            title,
            parents,
            identities: Vec::new(),
            version: 0,
        };
        if declared.insert(name.clone(), group).is_some() {
            section.fault("name", format!("is `{name}`, which is there already"));
        }
    });
    if let Ok(owners) = OWNERS.parse::<GroupName>() {
        declared.entry(owners.clone()).or_insert_with(|| Group {
            name: owners,
            title: Arc::from("Owners"),
            parents: Vec::new(),
            identities: Vec::new(),
            version: 0,
        });
    }
    let known: Vec<GroupName> = declared.keys().cloned().collect();
    for group in declared.values() {
        for parent in group.parents.iter().filter(|p| !known.contains(p)) {
            root.fault(
                "group",
                format!("`{}` is in `{parent}`, which is no group here", group.name),
            );
        }
    }
    parents_first(root, declared)
}

fn parents_first(root: &Section<'_>, mut left: BTreeMap<GroupName, Group>) -> Vec<Arc<Group>> {
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let ready = |group: &Group| !group.parents.iter().any(|p| left.contains_key(p));
        let names: Vec<_> = left
            .values()
            .filter(|group| ready(group))
            .map(|group| group.name.clone())
            .collect();
        if names.is_empty() {
            let stuck: Vec<_> = left.keys().map(|name| format!("`{name}`")).collect();
            root.fault("group", format!("{} contain each other", stuck.join(", ")));
            break;
        }
        ordered.extend(
            names
                .iter()
                .filter_map(|name| left.remove(name))
                .map(Arc::new),
        );
    }
    ordered
}

/// Gatewright's own pages beside the declared apps.
fn with_own_apps(apps: Vec<App>, own: app::OwnHosts<'_>) -> Vec<Arc<App>> {
    let administration = own
        .administration
        .and_then(|host| app::built_in("administration", "Administration", host, true));
    let own = [
        app::built_in("sign-in", "Sign in", own.authentication, false),
        app::built_in("portal", "Your apps", own.portal, false),
        administration,
    ];
    own.into_iter()
        .flatten()
        .chain(apps)
        .map(Arc::new)
        .collect()
}

/// Where TLS is spoken, every host has a certificate.
fn check_certificates(
    root: &Section<'_>,
    listen: &Listen,
    certificates: &[CertificateFiles],
    acme: Option<&AcmeConfig>,
    own: app::OwnHosts<'_>,
    apps: &[App],
) {
    if listen.https.is_empty() {
        return;
    }
    let covered = |host: &str| {
        certificates
            .iter()
            .flat_map(|c| &c.hosts)
            .any(|pattern| pattern.covers(host))
            || acme.is_some_and(|acme| acme.is_for(host))
    };
    let hosts = [&*own.authentication.0, &*own.portal.0]
        .into_iter()
        .chain(own.administration.map(|host| &*host.0))
        .chain(apps.iter().filter_map(App::served_host));
    let bare: Vec<_> = hosts
        .filter(|host| !covered(host))
        .map(|host| format!("`{host}`"))
        .collect();
    if !bare.is_empty() {
        root.fault(
            "certificate",
            format!(
                "no certificate is for {}; add a [[certificate]] with chain, key and hosts, or {}",
                bare.join(", "),
                match acme {
                    None => "[acme] to have them obtained",
                    Some(_) => "name them in `acme.hosts`",
                }
            ),
        );
    }
}

/// Names that the file cannot give to an app.
pub(super) fn is_own_app(name: &AppName) -> bool {
    matches!(name.as_str(), "sign-in" | "portal" | "administration")
}
