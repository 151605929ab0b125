//! A search page by page (RFC 2696), within bounds.

use std::collections::HashSet;

use tokio::io::{AsyncRead, AsyncWrite};

use super::READING_BYTES_MAX;
use crate::{
    connection::Connection,
    fault::DirectoryFault,
    message::{Entry, ResultCode, Search, paged, paging_cookie},
};

/// Pages without an entry, one after another. Active Directory has some.
const EMPTY_PAGES_MAX: usize = 32;

/// What was read of a search so far.
#[derive(Debug)]
pub(crate) struct Pages {
    size: u32,
    most: usize,
    what: &'static str,
    entries: usize,
    bytes: usize,
    seen: HashSet<String>,
    had_twice: bool,
    references: usize,
}

impl Pages {
    /// Of so many entries each, and so many in all.
    pub(crate) fn new(size: u32, most: usize, what: &'static str) -> Self {
        Self {
            size,
            most,
            what,
            entries: 0,
            bytes: 0,
            seen: HashSet::new(),
            had_twice: false,
            references: 0,
        }
    }

    /// The same, where so many bytes were read before.
    pub(crate) fn after(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether an entry came twice: something moved between two pages.
    pub(crate) const fn had_twice(&self) -> bool {
        self.had_twice
    }

    pub(crate) const fn references(&self) -> usize {
        self.references
    }

    /// Reads all pages, and hands on each entry once.
    pub(crate) async fn read<S: AsyncRead + AsyncWrite + Unpin + Send>(
        &mut self,
        connection: &mut Connection<S>,
        search: &Search,
        mut each: impl FnMut(Entry) -> Result<(), DirectoryFault> + Send,
    ) -> Result<(), DirectoryFault> {
        let mut cookie = Vec::new();
        let mut empty = 0;
        loop {
            let (entries, new) = (self.entries, self.seen.len());
            cookie = self.page(connection, search, &cookie, &mut each).await?;
            if cookie.is_empty() {
                return Ok(());
            }
            let came = self.entries - entries;
            empty = if came == 0 { empty + 1 } else { 0 };
            let goes_round = came > 0 && self.seen.len() == new;
            if goes_round || empty > EMPTY_PAGES_MAX {
                return Err(DirectoryFault::Misbehaves(
                    "pages without an end".to_owned(),
                ));
            }
        }
    }

    /// One page, and what to ask the next one with.
    pub(crate) async fn page<S: AsyncRead + AsyncWrite + Unpin + Send>(
        &mut self,
        connection: &mut Connection<S>,
        search: &Search,
        cookie: &[u8],
        each: &mut (impl FnMut(Entry) -> Result<(), DirectoryFault> + Send),
    ) -> Result<Vec<u8>, DirectoryFault> {
        let controls = [paged(self.size, cookie)];
        let found = connection
            .search(search, &controls, |entry| {
                self.count(&entry)?;
                match self.seen.insert(entry.dn.clone()) {
                    true => each(entry),
                    false => {
                        self.had_twice = true;
                        Ok(())
                    }
                }
            })
            .await?;
        if found.outcome.code != ResultCode::SUCCESS {
            return Err(DirectoryFault::of_search(&search.base, &found.outcome));
        }
        self.references += found.references;
        Ok(paging_cookie(&found.controls)?)
    }

    fn count(&mut self, entry: &Entry) -> Result<(), DirectoryFault> {
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(entry.size());
        if self.entries > self.most {
            return Err(DirectoryFault::TooMuch {
                what: self.what,
                most: self.most,
            });
        }
        if self.bytes > READING_BYTES_MAX {
            return Err(DirectoryFault::TooMuch {
                what: "bytes",
                most: READING_BYTES_MAX,
            });
        }
        Ok(())
    }
}
