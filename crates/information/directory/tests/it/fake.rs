//! A server of the tests' own: it answers what the test says, byte for byte.

use std::sync::Arc;

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

const BIND: u8 = 0x60;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const PAGED: &[u8] = b"1.2.840.113556.1.4.319";

/// A server for as long as it is held.
pub(crate) struct Fake {
    port: u16,
    _tasks: JoinSet<()>,
}

/// What is said to a request.
pub(crate) enum Reply {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These, and the end of the connection.
    Last(Vec<u8>),
    /// These again and again, made anew each time.
    Endless(Box<dyn FnMut(usize) -> Vec<u8> + Send>),
    /// Nothing.
    Silence,
}

/// A request.
pub(crate) struct Asked {
    pub(crate) number: i64,
    pub(crate) kind: u8,
    content: Vec<u8>,
    controls: Vec<(u8, Vec<u8>)>,
    whole: Vec<u8>,
}

impl Fake {
    /// Serves by a function of each request.
    pub(crate) async fn serve(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let reply = Arc::new(reply);
        Self::listen(move |stream| {
            let reply = reply.clone();
            async move { converse(stream, &*reply).await }
        })
        .await
    }

    /// The same by TLS, with whomever that lets in.
    pub(crate) async fn serve_by_tls(
        tls: ServerConfig,
        reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (acceptor, reply) = (TlsAcceptor::from(Arc::new(tls)), Arc::new(reply));
        Self::listen(move |stream| {
            let (acceptor, reply) = (acceptor.clone(), reply.clone());
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    converse(stream, &*reply).await;
                }
            }
        })
        .await
    }

    async fn listen<F>(each: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(each(stream));
            }
        });
        Self {
            port,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    pub(crate) fn tls_url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.port)
    }
}

/// Until the other side has had enough.
async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send>(
    mut stream: S,
    reply: &(impl Fn(&Asked) -> Reply + Sync),
) {
    let mut read = Vec::new();
    loop {
        while let Some(asked) = take(&mut read) {
            if asked.kind == UNBIND || say(&mut stream, reply(&asked)).await.is_none() {
                return;
            }
        }
        match stream.read_buf(&mut read).await {
            Ok(1..) => {}
            _ => return,
        }
    }
}

async fn say<S: AsyncWrite + Unpin + Send>(stream: &mut S, reply: Reply) -> Option<()> {
    match reply {
        Reply::Bytes(bytes) => stream.write_all(&bytes).await.ok(),
        Reply::Last(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            None
        }
        Reply::Endless(mut next) => {
            let mut number = 0;
            loop {
                stream.write_all(&next(number)).await.ok()?;
                number += 1;
            }
        }
        Reply::Silence => Some(()),
    }
}

fn take(read: &mut Vec<u8>) -> Option<Asked> {
    let mut all = Vec::new();
    let length = element(read, &mut all)?;
    let whole: Vec<u8> = read.drain(..length).collect();
    let parts = elements(&all[0].1);
    let number = parts[0]
        .1
        .iter()
        .fold(0, |number, byte| (number << 8) | i64::from(*byte));
    let controls = parts
        .get(2)
        .map(|(_, controls)| elements(controls))
        .unwrap_or_default();
    Some(Asked {
        number,
        kind: parts[1].0,
        content: parts[1].1.clone(),
        controls,
        whole,
    })
}

impl Asked {
    pub(crate) fn is_bind(&self) -> bool {
        self.kind == BIND
    }

    /// Whether it is a search at this base.
    pub(crate) fn searches(&self, base: &str) -> bool {
        self.kind == SEARCH && elements(&self.content)[0].1 == base.as_bytes()
    }

    /// Whether these words are in it.
    pub(crate) fn mentions(&self, words: &str) -> bool {
        self.whole
            .windows(words.len())
            .any(|window| window == words.as_bytes())
    }

    /// The number that an attribute is compared with.
    pub(crate) fn number_after(&self, attribute: &str) -> u64 {
        let words = attribute.as_bytes();
        let at = self
            .whole
            .windows(words.len())
            .position(|window| window == words);
        let value = &self.whole[at.unwrap() + words.len()..];
        let digits = &value[2..2 + usize::from(value[1])];
        String::from_utf8_lossy(digits).parse().unwrap()
    }

    /// What the next page is asked with; nothing where no page is asked for.
    pub(crate) fn cookie(&self) -> Option<Vec<u8>> {
        let mut controls = self.controls.iter().map(|(_, control)| elements(control));
        let paged = controls.find(|parts| parts[0].1 == PAGED)?;
        let value = elements(&paged.last()?.1);
        Some(elements(&value[0].1)[1].1.clone())
    }

    /// An answer with the request's number.
    pub(crate) fn answer(&self, operation: &[u8]) -> Vec<u8> {
        message(self.number, operation, &[])
    }

    /// The end of a search, a bind, or an extended operation.
    pub(crate) fn done(&self, code: u8, words: &str) -> Vec<u8> {
        let tag = match self.kind {
            BIND => 0x61,
            SEARCH => 0x65,
            _ => 0x78,
        };
        self.answer(&outcome(tag, code, words))
    }

    /// The end of a page, and what to ask the next one with.
    pub(crate) fn page_done(&self, cookie: &[u8]) -> Vec<u8> {
        let value = tlv(0x30, &[tlv(2, &[0]), tlv(4, cookie)].concat());
        let control = tlv(0x30, &[tlv(4, PAGED), tlv(4, &value)].concat());
        message(self.number, &outcome(0x65, 0, ""), &control)
    }

    /// An entry with texts.
    pub(crate) fn entry(&self, dn: &str, attributes: &[(&str, &str)]) -> Vec<u8> {
        let bytes: Vec<_> = attributes
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        self.entry_of_bytes(dn, &bytes)
    }

    /// An entry with bytes; several values of one attribute follow one another.
    pub(crate) fn entry_of_bytes(&self, dn: &str, attributes: &[(&str, &[u8])]) -> Vec<u8> {
        let mut list: Vec<(&str, Vec<u8>)> = Vec::new();
        for (name, value) in attributes {
            match list.last_mut().filter(|(last, _)| last == name) {
                Some((_, values)) => values.extend(tlv(4, value)),
                None => list.push((name, tlv(4, value))),
            }
        }
        let attribute = |(name, values): &(&str, Vec<u8>)| {
            tlv(0x30, &[tlv(4, name.as_bytes()), tlv(0x31, values)].concat())
        };
        let list: Vec<u8> = list.iter().flat_map(attribute).collect();
        self.answer(&tlv(
            0x64,
            &[tlv(4, dn.as_bytes()), tlv(0x30, &list)].concat(),
        ))
    }

    /// What every server answers: the account is let in, and the root says nothing.
    pub(crate) fn ordinary(&self) -> Option<Reply> {
        let is_ordinary = self.is_bind() || self.searches("");
        is_ordinary.then(|| Reply::Bytes(self.done(0, "")))
    }
}

/// A message with its number.
pub(crate) fn message(number: i64, operation: &[u8], controls: &[u8]) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let mut inner = tlv(2, &bytes[4..]);
    inner.extend_from_slice(operation);
    if !controls.is_empty() {
        inner.extend(tlv(0xa0, controls));
    }
    tlv(0x30, &inner)
}

pub(crate) fn outcome(tag: u8, code: u8, words: &str) -> Vec<u8> {
    tlv(
        tag,
        &[tlv(0x0a, &[code]), tlv(4, b""), tlv(4, words.as_bytes())].concat(),
    )
}

/// An element with a length in its longest form, which LDAP allows.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84][..], &length, content].concat()
}

/// The first element, if it is whole; how long it is.
fn element(bytes: &[u8], into: &mut Vec<(u8, Vec<u8>)>) -> Option<usize> {
    let (tag, first) = (*bytes.first()?, usize::from(*bytes.get(1)?));
    let (start, length) = match first {
        0..0x80 => (2, first),
        _ => {
            let length = bytes.get(2..2 + (first & 0x7f))?;
            let next = |length: usize, byte: &u8| (length << 8) | usize::from(*byte);
            (2 + length.len(), length.iter().fold(0, next))
        }
    };
    into.push((tag, bytes.get(start..start + length)?.to_vec()));
    Some(start + length)
}

fn elements(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some(length) = element(bytes, &mut all) {
        bytes = &bytes[length..];
    }
    all
}
