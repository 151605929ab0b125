//! Hashes of RFC 6962: leaves, nodes, and the root over a group of leaves.

use aws_lc_rs::digest::{Context, SHA256, digest};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

const LEAF: u8 = 0;
const NODE: u8 = 1;

/// What is hashed at once, without a context, which would be allocated: nearly every record.
const AT_ONCE_BYTES: usize = 512;

/// SHA-256 over the concatenation of `parts`.
pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut gathered = [0; AT_ONCE_BYTES];
    if let Some(whole) = concatenated(parts, &mut gathered) {
        return to_hash(digest(&SHA256, whole).as_ref());
    }
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    to_hash(context.finish().as_ref())
}

/// All parts one after the other, where there is room for them.
fn concatenated<'g>(parts: &[&[u8]], gathered: &'g mut [u8]) -> Option<&'g [u8]> {
    let mut end = 0;
    for part in parts {
        let next = end + part.len();
        gathered.get_mut(end..next)?.copy_from_slice(part);
        end = next;
    }
    gathered.get(..end)
}

fn to_hash(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(bytes) {
        *to = *from;
    }
    hash
}

/// RFC 6962 §2.1: the hash of a leaf over a record's content.
pub fn leaf_hash(content: &[u8]) -> Hash {
    sha256(&[&[LEAF], content])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[NODE], left, right])
}

/// Computes the RFC 6962 root over leaves that arrive one at a time.
#[derive(Debug, Clone, Default)]
pub struct MerkleAccumulator {
    /// Roots of complete subtrees, largest first, with the number of leaves of each.
    peaks: Vec<(u64, Hash)>,
    count: u32,
}

impl MerkleAccumulator {
    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut carry = (1, leaf);
        while let Some((size, left)) = self.peaks.last().copied() {
            if size != carry.0 {
                break;
            }
            self.peaks.pop();
            carry = (size * 2, node_hash(&left, &carry.1));
        }
        self.peaks.push(carry);
        self.count = self.count.saturating_add(1);
    }

    /// How many leaves there are.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The root over all leaves; of none, the hash of nothing.
    pub fn root(&self) -> Hash {
        self.peaks
            .iter()
            .rev()
            .map(|(_, hash)| *hash)
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or_else(|| to_hash(digest(&SHA256, &[]).as_ref()))
    }
}

#[cfg(test)]
mod tests;
