use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;
use crate::{
    Scope, Secret,
    ber::{ENUMERATED, INTEGER, OCTETS, SEQUENCE, Writer},
    filter::Filter,
};

const PATIENCE: Duration = Duration::from_secs(5);

fn pair() -> (Connection<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(1 << 20);
    (Connection::new(ours, PATIENCE), theirs)
}

fn bound(number: i64) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.nested(SEQUENCE, |message| {
        message.integer(INTEGER, number).nested(0x61, |inner| {
            inner
                .integer(ENUMERATED, 0)
                .text(OCTETS, "")
                .text(OCTETS, "");
        });
    });
    writer.into_bytes()
}

fn search() -> Search {
    Search {
        base: "dc=lab".into(),
        scope: Scope::Subtree,
        size_limit: 0,
        filter: Filter::everything(),
        attributes: vec![],
    }
}

async fn bind(connection: &mut Connection<DuplexStream>) -> Result<Answer, DirectoryFault> {
    let secret = Secret::new("secret");
    connection
        .call(&Request::Bind {
            dn: "cn=a",
            secret: &secret,
        })
        .await
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_byte_by_byte_is_one() {
    let (mut connection, mut server) = pair();
    let answering = async {
        let mut asked = [0; 64];
        let read = server.read(&mut asked).await.unwrap();
        assert!(read > 0, "it is asked");
        for byte in bound(1) {
            server.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let (answer, ()) = tokio::join!(bind(&mut connection), answering);
    assert!(matches!(answer.unwrap(), Answer::Bound(_)));
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_waited_for_so_long() {
    let (mut connection, _server) = pair();
    assert!(matches!(
        bind(&mut connection).await,
        Err(DirectoryFault::Slow(_))
    ));
}

#[tokio::test(start_paused = true)]
async fn a_message_too_large_is_refused_by_its_header() {
    let (mut connection, mut server) = pair();
    server
        .write_all(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff])
        .await
        .unwrap();
    assert!(matches!(
        bind(&mut connection).await,
        Err(DirectoryFault::Misbehaves(_))
    ));
    assert!(connection.read.capacity() <= 2 * CHUNK);
}

#[tokio::test(start_paused = true)]
async fn an_answer_before_the_question_is_not_one() {
    let (mut connection, mut server) = pair();
    server.write_all(&bound(7)).await.unwrap();
    assert!(matches!(
        bind(&mut connection).await,
        Err(DirectoryFault::Misbehaves(_))
    ));
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_something_else_is_a_fault_and_no_panic() {
    let (mut connection, mut server) = pair();
    server.write_all(&bound(1)).await.unwrap();
    let found = connection.search(&search(), &[], |_| Ok(())).await;
    assert!(matches!(found, Err(DirectoryFault::Misbehaves(_))));
}

#[tokio::test(start_paused = true)]
async fn words_of_a_server_that_leaves_are_kept() {
    // As Active Directory writes it, with the name outside.
    let mut writer = Writer::default();
    writer.nested(SEQUENCE, |message| {
        message.integer(INTEGER, 0).nested(0x78, |inner| {
            inner
                .integer(ENUMERATED, 52)
                .text(OCTETS, "")
                .text(OCTETS, "shutting down");
        });
        message.text(0x8a, "1.3.6.1.4.1.1466.20036");
    });
    let (mut connection, mut server) = pair();
    server.write_all(&writer.into_bytes()).await.unwrap();
    let fault = bind(&mut connection).await.unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the server closed the connection: shutting down"
    );
}

#[tokio::test(start_paused = true)]
async fn what_comes_behind_the_answer_that_begins_tls_is_refused() {
    let (mut connection, mut server) = pair();
    server
        .write_all(&[bound(1), bound(2)].concat())
        .await
        .unwrap();
    bind(&mut connection).await.unwrap();
    assert!(connection.into_stream().is_err());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_where_waiting_was_given_up() {
    let (mut connection, mut server) = pair();
    let bytes = bound(1);
    let (head, tail) = bytes.split_at(4);
    server.write_all(head).await.unwrap();
    assert!(
        timeout(Duration::from_secs(1), connection.next())
            .await
            .is_err()
    );
    server.write_all(tail).await.unwrap();
    assert!(connection.next().await.is_ok());
}
