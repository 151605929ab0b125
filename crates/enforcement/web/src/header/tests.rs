use proptest::prelude::*;

use super::*;

fn map(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn app() -> AppHeaders {
    AppHeaders {
        identity: vec![
            FoldedName::new("Remote-Email"),
            FoldedName::new("My-Groups"),
        ],
        ..AppHeaders::default()
    }
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn identity_headers_are_stripped_in_every_spelling_and_number() {
    for name in [
        "Gatewright-Assertion",
        "GATEWRIGHT_ASSERTION",
        "gatewright_anything",
        "X-Forwarded-For",
        "X_Forwarded_For",
        "x-forwarded-whatever",
        "Forwarded",
        "X-Real-IP",
        "x_real_ip",
        "X-Remote-User",
        "REMOTE_USER",
        "Remote_Email",
        "remote.email",
        "My-Groups",
        "my_groups",
        "Proxy",
    ] {
        let mut headers = map(&[(name, "root"), (name, "admin"), ("accept", "*/*")]);
        strip_request(&mut headers, &app(), true);
        assert_eq!(names(&headers), ["accept"], "{name}");
    }
}

#[test]
fn an_app_that_believes_in_headers_gets_none_that_name_somebody() {
    let app = AppHeaders {
        identity: vec![FoldedName::new("X-Proxy-User")],
        ..AppHeaders::default()
    };
    for name in [
        "x-proxy-roles",
        "X_Proxy_Ext_Department",
        "x-acme-role",
        "webuser",
        "x-user-roles-bin",
        "isMemberOf",
        "x-admin",
        "x-acme-userid",
        "x-emailaddress",
    ] {
        let mut headers = map(&[(name, "admin"), ("accept", "*/*")]);
        strip_request(&mut headers, &app, true);
        assert_eq!(names(&headers), ["accept"], "{name}");
    }
    for name in [
        "user-agent",
        "x-user-agent",
        "sec-fetch-user",
        "x-auth-token",
        "x-api-key",
        "x-grafana-org-id",
        "kbn-xsrf",
        "jenkins-crumb",
        "grpc-timeout",
        "x-file-name",
        "x-requested-with",
        "x-csrf-token",
        "traceparent",
        "content-type",
    ] {
        let mut headers = map(&[(name, "a")]);
        strip_request(&mut headers, &app, true);
        assert_eq!(names(&headers), [name]);
        let mut headers = map(&[("x-acme-role", "a")]);
        strip_request(&mut headers, &AppHeaders::default(), true);
        assert_eq!(names(&headers), ["x-acme-role"], "it believes in none");
    }
}

#[test]
fn override_headers_pass_only_where_a_route_declares_them() {
    for name in ["X-HTTP-Method-Override", "X_Original_URL", "X-Rewrite-Url"] {
        let given = map(&[(name, "/admin")]);
        let mut stripped = given.clone();
        strip_request(&mut stripped, &app(), false);
        assert!(stripped.is_empty(), "{name}");
        let mut kept = given;
        strip_request(&mut kept, &app(), true);
        assert_eq!(kept.len(), 1, "{name}");
    }
}

#[test]
fn what_connection_names_is_removed_and_ours_is_written_after() {
    let mut headers = map(&[
        ("connection", "close, X-Mine, x-forwarded-for"),
        ("connection", "Keep-Alive,gatewright-assertion"),
        ("x-mine", "1"),
        ("keep-alive", "5"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("http2-settings", "x"),
        ("accept", "*/*"),
    ]);
    strip_request(&mut headers, &app(), false);
    assert_eq!(names(&headers), ["accept"]);
    let authority = Authority::parse(b"wiki:8443", Scheme::Https).unwrap();
    let origin = Origin {
        address: "2001:db8::1".parse().unwrap(),
        scheme: Scheme::Https,
        authority: &authority,
    };
    Told::new(origin).unwrap().write(&mut headers);
    assert_eq!(headers["x-forwarded-for"], "2001:db8::1");
    assert_eq!(
        headers["forwarded"],
        "for=\"[2001:db8::1]\";host=\"wiki:8443\";proto=https"
    );
}

#[test]
fn framing_and_host_never_pass() {
    let mut headers = map(&[
        ("host", "evil"),
        ("content-length", "5"),
        ("transfer-encoding", "chunked"),
        ("expect", "100-continue"),
    ]);
    strip_request(&mut headers, &app(), true);
    assert!(headers.is_empty());
}

#[test]
fn an_upstream_reaches_no_further_than_its_host() {
    let mut headers = map(&[
        ("alt-svc", "h3=\":443\""),
        ("clear-site-data", "\"cache\", \"Cookies\""),
        ("set-cookie", "a=1; Domain=example"),
        ("set-cookie", "b=2"),
        ("set-cookie", "__Host-gw-session=evil"),
        ("gatewright-decision", "d-1"),
        ("connection", "x-internal"),
        ("x-internal", "1"),
        ("content-type", "text/plain"),
    ]);
    strip_response(&mut headers, "wiki.example");
    assert_eq!(names(&headers), ["content-type", "set-cookie"]);
    assert_eq!(headers["set-cookie"], "b=2");
    for (value, kept) in [
        ("\"cache\", \"storage\"", true),
        ("\"*\"", false),
        ("\"cookies\"", false),
    ] {
        let mut headers = map(&[("clear-site-data", value)]);
        strip_response(&mut headers, "wiki.example");
        assert_eq!(headers.contains_key("clear-site-data"), kept, "{value}");
    }
}

#[test]
fn a_location_that_names_the_upstream_names_us() {
    let authority = Authority::parse(b"wiki.example:8443", Scheme::Https).unwrap();
    let origin = Origin {
        address: "127.0.0.1".parse().unwrap(),
        scheme: Scheme::Https,
        authority: &authority,
    };
    for (given, shown) in [
        (
            "http://10.0.0.5:80/x?y#z",
            "https://wiki.example:8443/x?y#z",
        ),
        ("HTTP://10.0.0.5/x", "https://wiki.example:8443/x"),
        ("//10.0.0.5:80", "https://wiki.example:8443/"),
        ("http://10.0.0.5:80?q", "https://wiki.example:8443/?q"),
        ("/x", "/x"),
        ("http://10.0.0.50/x", "http://10.0.0.50/x"),
        ("http://10.0.0.5:80@evil/x", "http://10.0.0.5:80@evil/x"),
        ("https://other.example/", "https://other.example/"),
    ] {
        let mut headers = map(&[("location", given)]);
        rewrite_location(&mut headers, "10.0.0.5:80", origin);
        assert_eq!(headers["location"], shown, "{given}");
    }
}

proptest! {
    #[test]
    fn no_spelling_of_an_identity_header_gets_through(
        base in prop_oneof![Just("gatewright-assertion"), Just("x-forwarded-for"), Just("x-real-ip"), Just("remote-email")],
        choices in proptest::collection::vec((any::<bool>(), 0usize..4), 24),
        in_connection in any::<bool>(),
    ) {
        let spelled: String = base.chars().zip(choices).map(|(c, (upper, sign))| match c {
            '-' => ['-', '_', '.', '~'][sign],
            c if upper => c.to_ascii_uppercase(),
            c => c,
        }).collect();
        let mut headers = map(&[(&spelled, "root"), ("accept", "*/*")]);
        if in_connection {
            headers.insert(CONNECTION, HeaderValue::from_str("accept").unwrap());
        }
        strip_request(&mut headers, &app(), false);
        prop_assert!(headers.keys().all(|n| n == "accept"), "{spelled}");
    }
}
