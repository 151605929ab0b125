//! `oidcc-backchannel-rp-initiated-logout-certification-test-plan` (OpenID Connect Back-Channel
//! Logout 1.0).

use gw_jose::{LogoutToken, LogoutTokenRules};
use gw_oauth::BackchannelLogout;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;

/// Reads a request with its body, and says that all is well.
async fn heard(mut stream: TcpStream) -> String {
    let mut read = Vec::new();
    let is_whole = |read: &[u8]| {
        let text = String::from_utf8_lossy(read).to_lowercase();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let (_, length) = head.split_once("content-length: ")?;
        let length: usize = length.lines().next()?.parse().ok()?;
        (body.len() >= length).then_some(())
    };
    while is_whole(&read).is_none() {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
    }
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    String::from_utf8(read).unwrap()
}

/// `oidcc-backchannel-rp-initiated-logout`: 2.4, 2.5 and 2.6. The client is told of the session that
/// its ID token named, by a token of its own kind.
#[tokio::test]
async fn a_client_is_told_of_the_session_that_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/backchannel", listener.local_addr().unwrap());
    let told = Client {
        backchannel_logout: Some(BackchannelLogout {
            uri,
            session_required: true,
        }),
        ..suite("told")
    };
    let server = Server::with(vec![fact(65, Some("wiki"), &told)]).await;
    let tokens = signed_in(&server, "told", &[]).await;
    let id = held(&server, "told", &tokens).await;
    let query = encoded(&[
        ("id_token_hint", tokens["id_token"].as_str().unwrap()),
        ("post_logout_redirect_uri", "https://wiki.example/bye"),
        ("state", "s1"),
    ]);
    let answer = server.ana().get("/oauth/end-session", &query).await;
    assert_eq!(location(&answer), "https://wiki.example/bye?state=s1");
    let request = tokio::select! {
        () = server.server.tell_of_ended_sessions() => unreachable!("it goes on"),
        accepted = listener.accept() => heard(accepted.unwrap().0).await,
    };
    assert!(
        request.starts_with("POST /backchannel HTTP/1.1\r\n"),
        "{request}"
    );
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("application/x-www-form-urlencoded"), "{head}");
    let fields: Vec<_> = form_urlencoded::parse(body.as_bytes()).collect();
    let [(name, token)] = fields.as_slice() else {
        panic!("one parameter alone: {body}")
    };
    assert_eq!(name, "logout_token");
    let rules = LogoutTokenRules {
        issuer: ISSUER,
        client_id: "told",
        now: Now::at(server.test.clock.now()),
        algorithms: &[Algorithm::Rs256],
    };
    let keys = published(&server).await;
    let told = LogoutToken::verify(token, &keys, &rules).unwrap();
    assert_eq!(told.subject, Some(id.subject));
    assert_eq!(told.sid, id.sid);
    let query = asks("told", &[("prompt", "none")]);
    let answer = server.ana().get("/oauth/authorize", &query).await;
    assert_eq!(
        answered(&answer, "error").as_deref(),
        Some("login_required")
    );
}
