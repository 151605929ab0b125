//! A connection to a server: one message after another, each whole and within its bounds before it
//! is looked at.

use std::time::Duration;

use gw_outbound::Purpose;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use crate::{
    ber,
    fault::DirectoryFault,
    message::{
        Answer, Control, Entry, Message, MessageFault, Outcome, Request, Search, decode, encode,
        unbind,
    },
};

/// The largest message: a group with all its members is one.
pub(crate) const MESSAGE_BYTES_MAX: usize = Purpose::Directory.answer_bytes();
/// So much is read at once.
const CHUNK: usize = 16 * 1024;
/// A buffer that held a large message is given back.
const BUFFER_KEPT: usize = 256 * 1024;

/// A connection on which requests are numbered.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    stream: S,
    read: Vec<u8>,
    number: i32,
    patience: Duration,
}

/// What a search brought beside its entries.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) outcome: Outcome,
    pub(crate) controls: Vec<Control>,
    /// Places elsewhere that were named, and where nobody goes.
    pub(crate) references: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    /// With so much time for each answer.
    pub(crate) const fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            read: Vec::new(),
            number: 0,
            patience,
        }
    }

    /// The connection itself, once it was answered; nothing must have come after that.
    pub(crate) fn into_stream(self) -> Result<S, DirectoryFault> {
        match self.read.is_empty() {
            true => Ok(self.stream),
            // Whoever sits between could have put it there, to be taken for what comes by TLS.
            false => Err(DirectoryFault::Misbehaves(
                "more than the answer that begins TLS".to_owned(),
            )),
        }
    }

    /// Asks, and does not wait. The number is what answers are known by.
    pub(crate) async fn ask(
        &mut self,
        request: &Request<'_>,
        controls: &[Control],
    ) -> Result<i32, DirectoryFault> {
        self.number = self.number.checked_add(1).unwrap_or(1);
        let bytes = zeroize::Zeroizing::new(encode(self.number, request, controls));
        self.write(&bytes).await?;
        Ok(self.number)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), DirectoryFault> {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout(self.patience, writing).await {
            Ok(written) => written.map_err(DirectoryFault::Broken),
            Err(_) => Err(DirectoryFault::Slow(self.patience)),
        }
    }

    /// The next message, in whatever time. Nothing is lost where it is not waited for to the end.
    pub(crate) async fn next(&mut self) -> Result<Message, DirectoryFault> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(message);
            }
            self.read.reserve(CHUNK);
            match self.stream.read_buf(&mut self.read).await {
                Ok(0) => return Err(DirectoryFault::Closed(String::new())),
                Ok(_) => {}
                // Servers that stop do not say good-bye by TLS.
                Err(fault) if fault.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return Err(DirectoryFault::Closed(String::new()));
                }
                Err(fault) => return Err(DirectoryFault::Broken(fault)),
            }
        }
    }

    /// A whole message, if there is one.
    fn take(&mut self) -> Result<Option<Message>, DirectoryFault> {
        let length =
            ber::message_length(&self.read, MESSAGE_BYTES_MAX).map_err(MessageFault::from)?;
        let Some(bytes) = length.and_then(|length| self.read.get(..length)) else {
            return Ok(None);
        };
        let length = bytes.len();
        let message = decode(bytes)?;
        self.read.drain(..length);
        if self.read.is_empty() && self.read.capacity() > BUFFER_KEPT {
            self.read = Vec::new();
        }
        match (message.number, message.answer) {
            // The server says why it leaves (RFC 4511, 4.4.1).
            (0, Answer::Extended(outcome)) => {
                Err(DirectoryFault::Closed(format!(": {}", outcome.words)))
            }
            (number, answer) => Ok(Some(Message {
                number,
                answer,
                controls: message.controls,
            })),
        }
    }

    /// The next message to a request, in time. Answers to what was given up are passed over.
    async fn answer(&mut self, number: i32) -> Result<Message, DirectoryFault> {
        let patience = self.patience;
        let answering = async {
            loop {
                let message = self.next().await?;
                if message.number == number {
                    return Ok(message);
                }
                if message.number > self.number {
                    let what = "an answer to nothing that was asked";
                    return Err(DirectoryFault::Misbehaves(what.to_owned()));
                }
            }
        };
        match timeout(patience, answering).await {
            Ok(answer) => answer,
            Err(_) => Err(DirectoryFault::Slow(patience)),
        }
    }

    /// Asks what has one answer.
    pub(crate) async fn call(&mut self, request: &Request<'_>) -> Result<Answer, DirectoryFault> {
        let number = self.ask(request, &[]).await?;
        Ok(self.answer(number).await?.answer)
    }

    /// Searches, and hands on each entry as it comes.
    pub(crate) async fn search(
        &mut self,
        search: &Search,
        controls: &[Control],
        mut each: impl FnMut(Entry) -> Result<(), DirectoryFault> + Send,
    ) -> Result<Found, DirectoryFault> {
        let number = self.ask(&Request::Search(search), controls).await?;
        let mut references = 0;
        loop {
            let message = self.answer(number).await?;
            match message.answer {
                Answer::Entry(entry) => each(entry)?,
                Answer::Reference => references += 1,
                Answer::Intermediate { .. } => {}
                Answer::Done(outcome) => {
                    return Ok(Found {
                        outcome,
                        controls: message.controls,
                        references,
                    });
                }
                Answer::Bound(_) | Answer::Extended(_) => {
                    let what = "an answer to something else than a search";
                    return Err(DirectoryFault::Misbehaves(what.to_owned()));
                }
            }
        }
    }

    /// Says good-bye, if there is still somebody to say it to.
    pub(crate) async fn close(mut self) {
        let number = self.number.checked_add(1).unwrap_or(1);
        if self.write(&unbind(number)).await.is_ok() {
            let _ = timeout(self.patience, self.stream.shutdown()).await;
        }
    }
}

#[cfg(test)]
mod tests;
