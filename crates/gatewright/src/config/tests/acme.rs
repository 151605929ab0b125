use super::*;

/// The small file without certificate files, with these keys of `[acme]`.
fn obtaining(keys: &str) -> String {
    let files = "[[certificate]]\nchain = \"tls/chain.pem\"\nkey = \"tls/key.pem\"\nhosts = [\"*.example.com\"]\n";
    assert!(SMALL.contains(files));
    SMALL.replace(files, &format!("[acme]\n{keys}\n"))
}

const AGREED: &str = "terms_of_service_agreed = true\n";

fn obtained(text: &str) -> Vec<String> {
    let config = checked(text).unwrap();
    let hosts = config.wanted.apps.iter().map(|app| &*app.host);
    config.obtained(hosts).into_iter().collect()
}

#[test]
fn certificates_are_obtained_for_every_host_that_no_file_is_for() {
    let all = ["auth.example.com", "home.example.com", "wiki.example.com"];
    assert_eq!(obtained(&obtaining(AGREED)), all);
    assert!(obtained(SMALL).is_empty(), "not without the table");
    let both = format!(
        "{}\n[[certificate]]\nchain = \"c\"\nkey = \"k\"\nhosts = [\"auth.example.com\"]\n",
        obtaining(AGREED)
    );
    assert_eq!(obtained(&both), ["home.example.com", "wiki.example.com"]);
}

#[test]
fn hosts_that_are_named_are_the_only_ones_and_the_others_need_files() {
    let named = |hosts: &str| obtaining(&format!("{AGREED}hosts = {hosts}"));
    let told = faults(&named(r#"["wiki.example.com"]"#));
    assert!(
        told.contains("no certificate is for `auth.example.com`, `home.example.com`")
            && told.contains("name them in `acme.hosts`"),
        "{told}"
    );
    let all = r#"["auth.example.com", "home.example.com", "wiki.example.com"]"#;
    assert_eq!(obtained(&named(all)).len(), 3);
}

#[test]
fn what_is_said_of_the_authority_is_taken_and_paths_start_at_the_folder() {
    let config = checked(&obtaining(
        r#"terms_of_service_agreed = true
directory = "https://ca.internal:9443/acme/acme/directory"
contact = ["ops@example.com"]
ca = "tls/authority.pem"
external_account = { id = "kid-1", key = "tls/eab.key" }"#,
    ));
    let settings = config.unwrap().acme.unwrap().settings;
    assert_eq!(
        settings.directory,
        "https://ca.internal:9443/acme/acme/directory"
    );
    assert_eq!(settings.contact, ["ops@example.com"]);
    assert_eq!(
        settings.ca.as_deref(),
        Some(Path::new("/etc/gatewright/tls/authority.pem"))
    );
    let account = settings.external_account.unwrap();
    assert_eq!(account.id, "kid-1");
    assert_eq!(account.key, Path::new("/etc/gatewright/tls/eab.key"));
    let usual = checked(&obtaining(AGREED)).unwrap().acme.unwrap().settings;
    assert_eq!(usual.directory, gw_acme::LETS_ENCRYPT);
}

#[test]
fn each_fault_is_told_with_its_line_and_what_to_do() {
    let line = 1 + obtaining("").lines().position(|l| l == "[acme]").unwrap();
    let told = |keys: &str| faults(&obtaining(keys));
    let missing = told("");
    assert!(
        missing.contains(&format!(
            "F:{line}: acme.terms_of_service_agreed: is missing: read the authority's terms"
        )),
        "{missing}"
    );
    assert!(
        told("terms_of_service_agreed = false").contains("acme.terms_of_service_agreed: is false")
    );
    let with = |keys: &str| told(&format!("{AGREED}{keys}"));
    let at = |key: &str| format!("F:{}: acme.{key}", line + 2);
    for (keys, key, words) in [
        (
            r#"directory = "http://ca.test/""#,
            "directory",
            "https:// address",
        ),
        (
            r#"directory = "https://me@ca.test/""#,
            "directory",
            "https:// address",
        ),
        (
            r#"contact = ["mailto:ops@example.com"]"#,
            "contact[0]",
            "one mail address",
        ),
        (
            r#"hosts = ["*.example.com"]"#,
            "hosts[0]",
            "a wildcard cannot be proven by http-01",
        ),
        (r#"hosts = ["192.0.2.7"]"#, "hosts[0]", "not for addresses"),
        (
            r#"external_account = { id = "a" }"#,
            "external_account.key",
            "is missing",
        ),
        (r#"challenge = "dns-01""#, "challenge", "is not a key here"),
    ] {
        let told = with(keys);
        assert!(
            told.contains(&at(key)) && told.contains(words),
            "{keys}: {told}"
        );
    }
}

#[test]
fn plain_http_must_be_listened_on() {
    let with = |listen: &str| {
        let text = obtaining(AGREED);
        faults(&text.replace(
            "[authentication]",
            &format!("[listen]\n{listen}\n\n[authentication]"),
        ))
    };
    assert!(with("http = []").contains("acme: needs `listen.http`"));
    assert!(with("https = []").contains("acme: has nothing to do"));
}

#[test]
fn files_that_it_names_must_be_there() {
    let text = format!(
        "{AGREED}ca = \"missing.pem\"\nexternal_account = {{ id = \"a\", key = \"missing.key\" }}"
    );
    let told = files::faults(&checked(&obtaining(&text)).unwrap()).join("\n");
    assert!(told.contains("acme.ca: cannot read"), "{told}");
    assert!(told.contains("acme.external_account.key: "), "{told}");
}
