//! The chain of a log: who signs, over what, and where the heads go.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path, sync::Arc};

use gw_ledger::{Hash, Head, MerkleAccumulator, SegmentHeader, SignedHead, Signer};
use gw_model::{Epoch, Timestamp};

use crate::files::open_or_create;

/// The current time, for headers and heads.
pub(crate) type Now = dyn Fn() -> Timestamp + Send + Sync;

/// Where a log's chain stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Hash of the last head.
    pub(crate) previous: Hash,
    /// Records up to it.
    pub(crate) size: u64,
    /// The latest epoch that was recorded.
    pub(crate) epoch: Epoch,
}

/// Who writes: goes into headers and heads.
#[derive(Clone)]
pub(crate) struct Author {
    pub(crate) node: u64,
    pub(crate) incarnation: u32,
    pub(crate) signer: Arc<Signer>,
    pub(crate) now: Arc<Now>,
}

/// A group of records that is to be sealed.
pub(crate) struct Group {
    pub(crate) first: u32,
    pub(crate) tree: MerkleAccumulator,
    pub(crate) end: u64,
    pub(crate) epoch: Option<Epoch>,
}

impl Author {
    /// The header of a segment that follows the chain.
    pub(crate) fn header(&self, log: &str, segment: u32, chain: &Chain) -> SegmentHeader {
        SegmentHeader {
            log: log.to_owned(),
            segment,
            node: self.node,
            incarnation: self.incarnation,
            created: (self.now)(),
            previous: chain.previous,
        }
    }

    /// Signs the head of a group and moves the chain on.
    pub(crate) fn sign(
        &self,
        header: &SegmentHeader,
        group: &Group,
        closes: bool,
        chain: &mut Chain,
    ) -> SignedHead {
        chain.size += u64::from(group.tree.count());
        chain.epoch = chain.epoch.max(group.epoch.unwrap_or_default());
        let head = Head {
            log: header.log.clone(),
            segment: header.segment,
            node: header.node,
            incarnation: header.incarnation,
            closes,
            first: group.first,
            count: group.tree.count(),
            end: group.end,
            size: chain.size,
            root: group.tree.root(),
            previous: chain.previous,
            header: header.hash(),
            time: (self.now)(),
            epoch: chain.epoch,
        };
        chain.previous = head.hash();
        self.signer.sign(head)
    }
}

impl Group {
    /// An empty group after this one.
    pub(crate) fn next(&self) -> Self {
        Self {
            first: self.first + self.tree.count(),
            tree: MerkleAccumulator::default(),
            end: self.end,
            epoch: None,
        }
    }
}

/// A file of heads that is added to.
pub(crate) struct Heads {
    file: File,
    end: u64,
}

impl Heads {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = open_or_create(path)?;
        let end = file.metadata()?.len();
        Ok(Self { file, end })
    }

    /// In a file that is open and empty.
    pub(crate) const fn of(file: File) -> Self {
        Self { file, end: 0 }
    }

    /// Discards what follows the last valid head.
    pub(crate) fn cut(&mut self, end: u64) -> io::Result<()> {
        if self.end > end {
            self.file.set_len(end)?;
            self.end = end;
        }
        Ok(())
    }

    /// Appends a head and syncs it; on failure the file is as it was before.
    pub(crate) fn append(&mut self, signed: &SignedHead) -> io::Result<()> {
        let mut bytes = Vec::new();
        signed.push_to(&mut bytes);
        let written = self
            .file
            .write_all_at(&bytes, self.end)
            .and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.end += bytes.len() as u64,
            Err(_) => self.file.set_len(self.end)?,
        }
        written
    }
}
