use http::{HeaderValue, Request};
use proptest::prelude::*;

use super::*;

fn target(text: &str) -> Result<String, Ambiguous> {
    let uri: Uri = text.parse().map_err(|_| Ambiguous::NotAPath)?;
    Target::read(&uri).map(|t| t.path_and_query().as_str().to_owned())
}

fn soft(path: &str) -> Option<Ambiguous> {
    canonical_path(path).unwrap().ambiguity
}

fn head(uri: &str, hosts: &[&str], version: Version) -> Result<String, Ambiguous> {
    let mut request = Request::builder().uri(uri).version(version);
    for host in hosts {
        request = request.header(HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap());
    }
    let request = request.body(()).unwrap();
    Canonical::read(
        request.method(),
        request.uri(),
        request.version(),
        request.headers(),
        Scheme::Https,
    )
    .map(|c| format!("{}{}", c.authority, c.target.path_and_query()))
}

#[test]
fn unreserved_characters_are_decoded_and_hex_is_upper_cased_once() {
    for (given, canonical) in [
        ("/", "/"),
        ("/%61dmin/%7euser", "/admin/~user"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/a%20b", "/a%20b"),
        ("/a|b^c", "/a%7Cb%5Ec"),
        ("/@user:x,y+z!", "/@user:x,y+z!"),
        ("/%40user", "/%40user"),
        ("/.well-known/x", "/.well-known/x"),
        ("/..x/x../...", "/..x/x../..."),
        ("/x?a=%61;b=//..&c=%", "/x?a=%61;b=//..&c=%"),
    ] {
        assert_eq!(target(given).as_deref(), Ok(canonical), "{given}");
    }
}

#[test]
fn an_absent_path_equals_the_root() {
    let absent: Uri = "https://wiki.example".parse().unwrap();
    let root: Uri = "https://wiki.example/".parse().unwrap();
    let (absent, root) = (Target::read(&absent).unwrap(), Target::read(&root).unwrap());
    assert_eq!(absent.path_and_query(), root.path_and_query());
    let cut: Uri = "https://wiki.example#x".parse().unwrap();
    assert_eq!(Target::read(&cut).unwrap().path_and_query(), "/");
}

#[test]
fn what_no_route_may_accept_is_refused() {
    use Ambiguous as A;
    for (given, why) in [
        ("/a/../b", A::DotSegment),
        ("/a/./b", A::DotSegment),
        ("/..", A::DotSegment),
        ("/%2e%2e/b", A::DotSegment),
        ("/a/.%2E", A::DotSegment),
        ("/a/..;x/b", A::DotSegment),
        ("/a/..%3bx/b", A::DotSegment),
        ("/a%2f..%2fb", A::DotSegment),
        ("/a/%252e%252e/b", A::DotSegment),
        ("/a/%25252e%25252e/b", A::DotSegment),
        ("/a/%20../b", A::DotSegment),
        ("/a/..%20./b", A::DotSegment),
        ("/a%3f/../b", A::DotSegment),
        ("/a%23/%2e%2e/b", A::DotSegment),
        ("/a%2525252525252e", A::EncodedTwice),
        ("/a%00", A::Control),
        ("/a%0d%0ax", A::Control),
        ("/a%7f", A::Control),
        ("/a%c2%85", A::Control),
        ("/a\\b", A::Backslash),
        ("/a%5cb", A::Backslash),
        ("/a%", A::PercentEncoding),
        ("/a%4", A::PercentEncoding),
        ("/a%zz", A::PercentEncoding),
        ("/a%+1", A::PercentEncoding),
        ("/%ff", A::Text),
        ("/%c0%af", A::Text),
        ("/%ed%a0%80", A::Text),
        ("/é", A::Text),
        ("/x?é", A::Text),
        ("*", A::NotAPath),
        ("?x", A::NotAPath),
        ("wiki:80", A::NotAPath),
    ] {
        assert_eq!(target(given), Err(why), "{given}");
    }
}

#[test]
fn what_only_a_route_may_accept_is_marked() {
    assert_eq!(soft("/a%2fb"), Some(Ambiguous::EncodedSlash));
    assert_eq!(soft("/a//b"), Some(Ambiguous::EmptySegment));
    assert_eq!(soft("//a"), Some(Ambiguous::EmptySegment));
    assert_eq!(soft("/a;v=1"), Some(Ambiguous::Parameter));
    assert_eq!(soft("/a%3bv"), Some(Ambiguous::Parameter));
    assert_eq!(soft("/a%2541"), Some(Ambiguous::EncodedTwice));
    assert_eq!(soft("/100%25"), None);
    assert_eq!(soft("/a/"), None);
}

#[test]
fn the_loosest_reading_is_how_far_an_upstream_may_go() {
    let loosest = |path| canonical_path(path).unwrap().loosest;
    assert_eq!(loosest("/plain").as_deref(), None);
    assert_eq!(loosest("/%40x").as_deref(), Some("/@x"));
    assert_eq!(loosest("//admin;x//y/").as_deref(), Some("/admin/y/"));
    assert_eq!(loosest("/a%2fb").as_deref(), Some("/a/b"));
    assert_eq!(loosest("/%2561dmin").as_deref(), Some("/admin"));
    assert_eq!(loosest("/a./b%20/c.").as_deref(), Some("/a/b/c"));
    let shortest = |path| canonical_path(path).unwrap().shortest;
    assert_eq!(shortest("/plain").as_deref(), None);
    assert_eq!(shortest("/admin%20%3Fx").as_deref(), Some("/admin"));
    assert_eq!(shortest("/admin/%2523x").as_deref(), Some("/admin/"));
}

#[test]
fn a_host_has_one_spelling() {
    for (given, canonical) in [
        ("wiki.example", "wiki.example"),
        ("WIKI.Example", "wiki.example"),
        ("wiki.example.", "wiki.example"),
        ("wiki.example:443", "wiki.example"),
        ("wiki.example.:8443", "wiki.example:8443"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("127.0.0.1:8443", "127.0.0.1:8443"),
        ("[::0:1]", "[::1]"),
        ("[::1]:8443", "[::1]:8443"),
    ] {
        let read = Authority::parse(given.as_bytes(), Scheme::Https).map(|a| a.to_string());
        assert_eq!(read.as_deref(), Ok(canonical), "{given}");
    }
}

#[test]
fn a_host_that_is_no_plain_name_is_refused() {
    use Ambiguous as A;
    for (given, why) in [
        ("", A::HostMalformed),
        (".", A::HostMalformed),
        ("wiki..example", A::HostMalformed),
        ("wiki.example..", A::HostMalformed),
        ("bücher.example", A::HostMalformed),
        ("wiki%2eexample", A::HostMalformed),
        ("wiki example", A::HostMalformed),
        ("wiki/example", A::HostMalformed),
        ("-wiki.example", A::HostMalformed),
        ("[::1", A::HostMalformed),
        ("[::1]x", A::HostMalformed),
        ("[fe80::1%25eth0]", A::HostMalformed),
        ("wiki.example,payroll.example", A::HostMalformed),
        ("a:b:c", A::Port),
        ("wiki.example:", A::Port),
        ("wiki.example:0", A::Port),
        ("wiki.example:65536", A::Port),
        ("wiki.example:+80", A::Port),
        ("wiki.example:00443", A::Port),
        ("u@wiki.example", A::UserInfo),
        ("u:p@wiki.example", A::UserInfo),
    ] {
        let read = Authority::parse(given.as_bytes(), Scheme::Https).map(|a| a.to_string());
        assert_eq!(read, Err(why), "{given:?}");
    }
}

#[test]
fn a_request_names_its_host_once() {
    let h1 = Version::HTTP_11;
    let h2 = Version::HTTP_2;
    assert_eq!(head("/x", &["Wiki."], h1).as_deref(), Ok("wiki/x"));
    assert_eq!(head("/x", &[], h1), Err(Ambiguous::HostMissing));
    assert_eq!(
        head("/x", &["wiki", "wiki"], h1),
        Err(Ambiguous::HostRepeated)
    );
    assert_eq!(
        head("/x", &["wiki", "pay"], h1),
        Err(Ambiguous::HostRepeated)
    );
    assert_eq!(
        head("https://wiki/x", &["wiki"], h1).as_deref(),
        Ok("wiki/x")
    );
    assert_eq!(
        head("https://wiki/x", &["pay"], h1),
        Err(Ambiguous::HostMismatch)
    );
    assert_eq!(head("https://wiki/x", &[], h1), Err(Ambiguous::HostMissing));
    assert_eq!(
        head("https://wiki:81/x", &["wiki"], h1),
        Err(Ambiguous::HostMismatch)
    );
    assert_eq!(head("http://wiki/x", &["wiki"], h1), Err(Ambiguous::Scheme));
    assert_eq!(head("https://wiki/x", &[], h2).as_deref(), Ok("wiki/x"));
    assert_eq!(
        head("https://wiki/x", &["pay"], h2),
        Err(Ambiguous::HostMismatch)
    );
    assert_eq!(
        head("https://WIKI:443/x", &["wiki."], h2).as_deref(),
        Ok("wiki/x")
    );
    assert_eq!(
        head("https://u@wiki/x", &["wiki"], h2),
        Err(Ambiguous::UserInfo)
    );
}

#[test]
fn methods_are_upper_case_and_neither_connect_nor_trace() {
    for name in ["GET", "DELETE", "M-SEARCH", "PROPFIND"] {
        assert_eq!(
            served_method(&Method::from_bytes(name.as_bytes()).unwrap()),
            Ok(())
        );
    }
    for name in ["get", "Get", "CONNECT", "TRACE", "GET1", "G_T"] {
        let method = Method::from_bytes(name.as_bytes()).unwrap();
        assert_eq!(served_method(&method), Err(Ambiguous::Method), "{name}");
    }
}

fn path_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z0-9._~-]{1,4}",
        "[!$&'()*+,=:@|^`{}\"<>\\[\\]]",
        "%[0-9a-fA-F]{2}",
        "%[0-9a-zA-Z]?",
        Just("/".to_owned()),
        Just("//".to_owned()),
        Just("..".to_owned()),
        Just(";".to_owned()),
        Just("\\".to_owned()),
        Just("%25".to_owned()),
        Just("é".to_owned()),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|p| format!("/{}", p.concat()))
}

proptest! {
    #[test]
    fn canonicalising_is_idempotent(path in path_like()) {
        if let Ok(read) = canonical_path(&path) {
            let again = canonical_path(&read.path).unwrap();
            prop_assert_eq!(&again.path, &read.path);
            prop_assert_eq!(again.ambiguity, read.ambiguity);
            prop_assert_eq!(again.loosest, read.loosest);
            prop_assert_eq!(again.shortest, read.shortest);
        }
    }

    #[test]
    fn an_accepted_path_reads_the_same_for_an_upstream_that_decodes_and_resolves(path in path_like()) {
        if let Ok(read) = canonical_path(&path) && read.ambiguity.is_none() {
            let decoded = percent_encoding::percent_decode_str(&read.path).decode_utf8().unwrap();
            prop_assert_eq!(decoded.matches('/').count(), read.path.matches('/').count());
            let resolved = url_resolve(&decoded);
            prop_assert_eq!(&*decoded, &*resolved);
            let given = percent_encoding::percent_decode_str(&path).decode_utf8().unwrap();
            prop_assert_eq!(&*decoded, &*given, "the meaning is that of what was sent");
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), host in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(uri) = Uri::try_from(bytes.as_slice()) {
            let _ = Target::read(&uri);
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = canonical_path(&text);
        if let Ok(authority) = Authority::parse(&host, Scheme::Http) {
            let again = authority.to_string();
            let reread = Authority::parse(again.as_bytes(), Scheme::Http).unwrap();
            prop_assert_eq!(reread, authority.clone());
        }
    }
}

/// What an upstream makes of a path that resolves dot segments and merges slashes.
fn url_resolve(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => {
                out.pop();
            }
            segment => out.push(segment),
        }
    }
    format!("/{}", out.join("/"))
}
