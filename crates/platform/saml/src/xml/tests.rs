use proptest::prelude::*;

use super::{Limits, Node, XmlFault, canonicalize, parse};
use crate::limits::{DEPTH_MAX, ELEMENTS_MAX, MESSAGE_MAX_BYTES, XML_ATTRIBUTES_MAX};

fn canonical(text: &str) -> Result<String, XmlFault> {
    let document = parse(text.as_bytes(), Limits::MESSAGE)?;
    Ok(canonicalize(document.root().unwrap(), None, &[]))
}

#[track_caller]
fn is_canonically(text: &str, expected: &str) {
    assert_eq!(canonical(text).unwrap(), expected);
}

#[track_caller]
fn is_refused(text: &str) -> XmlFault {
    canonical(text).unwrap_err()
}

#[test]
fn tags_attributes_and_references_come_out_as_the_standard_has_them() {
    is_canonically("<a/>", "<a></a>");
    is_canonically(
        "<?xml version='1.0' encoding=\"UTF-8\"?>\n<a  b = 'x' a=\"y\" >t</a >\n",
        "<a a=\"y\" b=\"x\">t</a>",
    );
    is_canonically(
        "<a b='&#9;&#xA;&#13; \t\n&quot;&lt;&gt;&amp;&apos;'>&#13;&gt;\"'&amp;\r\n\r</a>",
        "<a b=\"&#x9;&#xA;&#xD;    &quot;&lt;>&amp;'\">&#xD;&gt;\"'&amp;\n\n</a>"
            .replace("    ", "   ")
            .as_str(),
    );
}

#[test]
fn only_namespaces_that_are_used_are_written_and_each_where_it_is_first_used() {
    is_canonically(
        "<n0:a xmlns:n0='u:0' xmlns:n1='u:1' xmlns='u:d'><b n1:x='1' y='2'/></n0:a>",
        "<n0:a xmlns:n0=\"u:0\"><b xmlns=\"u:d\" xmlns:n1=\"u:1\" y=\"2\" n1:x=\"1\"></b></n0:a>",
    );
    is_canonically(
        "<a xmlns='u:d'><b xmlns=''><c xmlns='u:d'/></b></a>",
        "<a xmlns=\"u:d\"><b xmlns=\"\"><c xmlns=\"u:d\"></c></b></a>",
    );
    is_canonically(
        "<p:a xmlns:p='u:1'><p:b xmlns:p='u:1'/><p:b xmlns:p='u:2'/><p:b/></p:a>",
        "<p:a xmlns:p=\"u:1\"><p:b></p:b><p:b xmlns:p=\"u:2\"></p:b><p:b></p:b></p:a>",
    );
}

#[test]
fn attributes_are_in_the_order_of_their_namespaces_and_not_of_their_prefixes() {
    is_canonically(
        "<a xmlns:a='u:z' xmlns:z='u:a' a:x='1' z:x='2' x='3' xml:lang='de'/>",
        "<a xmlns:a=\"u:z\" xmlns:z=\"u:a\" x=\"3\" xml:lang=\"de\" z:x=\"2\" a:x=\"1\"></a>",
    );
}

/// The example of Exclusive XML Canonicalization 1.0, section 2.2.
#[test]
fn an_element_is_the_same_in_whatever_context_it_stands() {
    let one = "<n0:local xmlns:n0='foo:bar' xmlns:n3='ftp://example.org'><n1:elem2 xmlns:n1='http://example.net' xml:lang='en'><n3:stuff xmlns:n3='ftp://example.org'/></n1:elem2></n0:local>";
    let two = "<n2:pdu xmlns:n1='http://example.com' xmlns:n2='http://foo.example' xml:lang='fr' xml:space='retain'><n1:elem2 xmlns:n1='http://example.net' xml:lang='en'><n3:stuff xmlns:n3='ftp://example.org'/></n1:elem2></n2:pdu>";
    let expected = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>";
    for text in [one, two] {
        let document = parse(text.as_bytes(), Limits::MESSAGE).unwrap();
        let element = document.root().unwrap().elements().next().unwrap();
        assert_eq!(canonicalize(element, None, &[]), expected);
    }
}

#[test]
fn listed_prefixes_are_written_where_they_come_into_force() {
    let text = "<a xmlns:x='u:x' xmlns='u:d'><b xmlns:y='u:y'><y:c/></b></a>";
    let document = parse(text.as_bytes(), Limits::MESSAGE).unwrap();
    let inner = document.root().unwrap().elements().next().unwrap();
    assert_eq!(
        canonicalize(inner, None, &["x", "y", "nobody"]),
        "<b xmlns=\"u:d\" xmlns:x=\"u:x\" xmlns:y=\"u:y\"><y:c></y:c></b>"
    );
    let unused = "<p:a xmlns:p='u:p' xmlns='u:d'><p:b/></p:a>";
    let document = parse(unused.as_bytes(), Limits::MESSAGE).unwrap();
    assert_eq!(
        canonicalize(document.root().unwrap(), None, &["#default"]),
        "<p:a xmlns=\"u:d\" xmlns:p=\"u:p\"><p:b></p:b></p:a>"
    );
}

#[test]
fn document_types_entities_and_other_markup_are_refused() {
    let forbidden = |text: &str| {
        assert!(
            matches!(is_refused(text), XmlFault::Forbidden { .. }),
            "{text}"
        )
    };
    forbidden("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>");
    forbidden("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>");
    forbidden("<a><!DOCTYPE b></a>");
    forbidden("<a>&b;</a>");
    forbidden("<a b='&nbsp;'/>");
    forbidden("<a>&#0;</a>");
    forbidden("<a>&#+65;</a>");
    forbidden("<a>&#xD800;</a>");
    forbidden("<a><![CDATA[b]]></a>");
    forbidden("<a><?b c?></a>");
    forbidden("<?b c?><a/>");
    forbidden("<?xml-stylesheet href='x'?><a/>");
    forbidden("<a><!-- b --></a>");
    forbidden("<a/><!-- b -->");
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let texts = [
        "",
        " ",
        "a",
        "<a>",
        "</a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>b",
        "b<a/>",
        "<a b/>",
        "<a b=c/>",
        "<a b='c' b='d'/>",
        "<a b='<'/>",
        "<a b='c'd='e'/>",
        "<a>]]></a>",
        "<a>&</a>",
        "<a>&amp</a>",
        "< a/>",
        "<a",
        "<a b='c",
        "<1/>",
        "<a><b></a></b>",
        "<?xml version='1.1'?><a/>",
        "<?xml version='1.0' odd='1'?><a/>",
        "<?xml version='1.0'",
        "<a>\u{1}</a>",
        "<a>\u{fffe}</a>",
        "<é/>",
    ];
    for text in texts {
        assert!(
            matches!(is_refused(text), XmlFault::Malformed { .. }),
            "{text}"
        );
    }
}

#[test]
fn other_encodings_are_refused() {
    assert_eq!(
        is_refused("<?xml version='1.0' encoding='UTF-16'?><a/>"),
        XmlFault::Encoding
    );
    let latin = parse(b"<a>\xe9</a>", Limits::MESSAGE);
    assert_eq!(latin.unwrap_err(), XmlFault::Encoding);
}

#[test]
fn namespaces_that_are_not_in_order_are_refused() {
    let texts = [
        "<p:a/>",
        "<a p:b='c'/>",
        "<a xmlns:p=''/>",
        "<a xmlns:p='u:1' xmlns:q='u:1' p:x='' q:x=''/>",
        "<a xmlns:xml='u:1'/>",
        "<a xmlns:xmlns='u:1'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:p='relative'/>",
        "<a:b:c xmlns:a='u:1'/>",
        "<a xmlns:='u:1'/>",
        "<xml:a/>",
        "<xmlns:a/>",
        "<p:1 xmlns:p='u:1'/>",
        "<p: xmlns:p='u:1'/>",
    ];
    for text in texts {
        assert!(
            matches!(is_refused(text), XmlFault::Namespaces { .. }),
            "{text}"
        );
    }
}

#[test]
fn size_depth_and_counts_have_bounds() {
    let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
    assert!(canonical(&deep(DEPTH_MAX)).is_ok());
    assert!(matches!(
        is_refused(&deep(DEPTH_MAX + 1)),
        XmlFault::TooMuch { .. }
    ));
    let wide = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
    assert!(canonical(&wide(ELEMENTS_MAX)).is_ok());
    assert!(matches!(
        is_refused(&wide(ELEMENTS_MAX + 1)),
        XmlFault::TooMuch { .. }
    ));
    let attributes = |count: usize| {
        let all: String = (0..count).map(|n| format!(" a{n}=''")).collect();
        format!("<a{all}/>")
    };
    assert!(canonical(&attributes(XML_ATTRIBUTES_MAX)).is_ok());
    assert!(matches!(
        is_refused(&attributes(XML_ATTRIBUTES_MAX + 1)),
        XmlFault::TooMuch { .. }
    ));
    let long = format!("<a>{}</a>", " ".repeat(MESSAGE_MAX_BYTES));
    assert!(matches!(is_refused(&long), XmlFault::TooLong { .. }));
}

#[test]
fn in_metadata_comments_are_left_out_and_text_around_them_is_one() {
    let text = "<!-- a --><a>ad<!-- - -->min</a><!---->";
    let document = parse(text.as_bytes(), Limits::METADATA).unwrap();
    assert_eq!(
        document.root().and_then(Node::text).as_deref(),
        Some("admin")
    );
    for text in ["<a><!-- -- --></a>", "<a><!--", "<a><!-- --->"] {
        assert!(parse(text.as_bytes(), Limits::METADATA).is_err(), "{text}");
    }
}

/// Documents, most of them in order.
fn document() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<a>".to_owned()),
        Just("</a>".to_owned()),
        Just("<p:b xmlns:p='u:1'>".to_owned()),
        Just("</p:b>".to_owned()),
        Just("<c xmlns='u:2' x=\"&#10;\"/>".to_owned()),
        Just("&amp;".to_owned()),
        Just("&#13;".to_owned()),
        Just("<p:d/>".to_owned()),
        "[ -~]{0,6}",
        "\\PC{0,3}",
    ];
    let inner = proptest::collection::vec(piece, 0..12).prop_map(|all| all.concat());
    inner.prop_map(|inner| format!("<r xmlns:p='u:0' y='1'>{inner}</r>"))
}

proptest! {
    #[test]
    fn what_is_canonical_is_read_again_and_stays_the_same(text in document()) {
        if let Ok(once) = canonical(&text) {
            prop_assert_eq!(canonical(&once), Ok(once));
        }
    }

    #[test]
    fn whatever_comes_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes, Limits::METADATA);
    }
}
