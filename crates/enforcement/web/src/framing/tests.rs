use proptest::prelude::*;

use super::*;

/// The verdicts on all heads in some bytes.
fn verdicts(bytes: &[u8]) -> Vec<Result<(), Ambiguous>> {
    let mut framing = Framing::default();
    framing.read(bytes);
    framing.verdicts.into_iter().collect()
}

const OK: Result<(), Ambiguous> = Ok(());

#[test]
fn well_formed_requests_follow_one_another() {
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let length = get.len();
    let bytes = format!(
        "{get}POST / HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{get}\r\n\
         POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n\
         5;x=y\r\nhello\r\n{length:x} \r\n{get}\r\n0\r\nX: y\r\n\r\n{get}"
    );
    assert_eq!(verdicts(bytes.as_bytes()), [OK, OK, OK, OK]);
}

#[test]
fn ambiguous_lengths_are_refused_and_end_the_reading() {
    use Ambiguous as A;
    for (headers, why) in [
        ("Content-Length: 5\r\nContent-Length: 5", A::ContentLength),
        ("Content-Length: 5\r\ncontent-length: 6", A::ContentLength),
        ("Content-Length: 5, 5", A::ContentLength),
        ("Content-Length: +5", A::ContentLength),
        ("Content-Length: 0x5", A::ContentLength),
        ("Content-Length: -1", A::ContentLength),
        ("Content-Length:", A::ContentLength),
        ("Content-Length: 99999999999999999999999", A::ContentLength),
        (
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            A::TransferEncoding,
        ),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            A::TransferEncoding,
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            A::TransferEncoding,
        ),
        ("Transfer-Encoding: gzip, chunked", A::TransferEncoding),
        ("Transfer-Encoding: chunked, identity", A::TransferEncoding),
        ("Transfer-Encoding: xchunked", A::TransferEncoding),
        ("Transfer-Encoding:", A::TransferEncoding),
    ] {
        let bytes = format!("POST / HTTP/1.1\r\n{headers}\r\n\r\nGET / HTTP/1.1\r\n\r\n");
        assert_eq!(verdicts(bytes.as_bytes()), [Err(why)], "{headers}");
    }
}

#[test]
fn bare_line_feeds_and_fragments_are_refused() {
    for bytes in [
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        assert_eq!(
            verdicts(bytes.as_bytes()),
            [Err(Ambiguous::BareLineFeed)],
            "{bytes:?}"
        );
    }
    let fragment = b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(verdicts(fragment), [Err(Ambiguous::Fragment)]);
}

#[test]
fn after_a_broken_chunk_nothing_more_is_let_through() {
    for body in [
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n",
        "z\r\n",
        "5;\n\r\n",
        "\r\n",
    ] {
        let bytes = format!(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}GET / HTTP/1.1\r\n\r\n"
        );
        let mut framing = Framing::default();
        framing.read(bytes.as_bytes());
        assert_eq!(framing.next_head(), OK, "{body:?}");
        assert_eq!(framing.next_head(), Err(Ambiguous::Framing), "{body:?}");
    }
}

#[test]
fn after_an_upgrade_it_reads_no_more() {
    let mut framing = Framing::default();
    framing.read(b"GET / HTTP/1.1\r\n\r\n");
    framing.stop();
    framing.read(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(framing.next_head(), OK);
    assert_eq!(framing.next_head(), Err(Ambiguous::Framing));
}

fn request_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"GET / HTTP/1.1\r\n".to_vec()),
        Just(b"Content-Length: 7\r\n".to_vec()),
        Just(b"Transfer-Encoding: chunked\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"5\r\nhello\r\n".to_vec()),
        Just(b"0\r\n\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    proptest::collection::vec(piece, 0..16).prop_map(|p| p.concat())
}

proptest! {
    #[test]
    fn how_the_bytes_arrive_makes_no_difference(bytes in request_like(), cuts in proptest::collection::vec(1usize..9, 1..40)) {
        let whole = verdicts(&bytes);
        let mut framing = Framing::default();
        let mut rest = bytes.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (here, later) = rest.split_at((*cut).min(rest.len()));
            framing.read(here);
            rest = later;
        }
        prop_assert_eq!(framing.verdicts.into_iter().collect::<Vec<_>>(), whole);
    }

    #[test]
    fn an_accepted_head_states_at_most_one_length(bytes in request_like()) {
        // Heads that were accepted, found again by a reader that only knows the blank line.
        let found = verdicts(&bytes);
        if found.first() == Some(&OK) {
            let text = String::from_utf8_lossy(&bytes);
            let head = text.trim_start_matches("\r\n").split("\r\n\r\n").next().unwrap_or_default();
            let stated = head.split("\r\n").skip(1).filter(|line| {
                line.starts_with("Content-Length:") || line.starts_with("Transfer-Encoding:")
            });
            prop_assert!(stated.count() <= 1, "{head:?}");
        }
    }
}
