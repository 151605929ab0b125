use data_encoding::HEXLOWER;

use super::*;

/// The reference tree of the certificate transparency projects.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn roots_are_those_of_rfc_6962() {
    let mut tree = MerkleAccumulator::default();
    assert_eq!(HEXLOWER.encode(&tree.root()), ROOTS[0]);
    for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
        tree.push(leaf_hash(&HEXLOWER.decode(leaf.as_bytes()).unwrap()));
        assert_eq!(HEXLOWER.encode(&tree.root()), *root);
    }
    assert_eq!(tree.count(), 8);
}

#[test]
fn what_is_hashed_at_once_has_the_hash_of_its_parts() {
    for bytes in [
        0,
        1,
        63,
        AT_ONCE_BYTES - 1,
        AT_ONCE_BYTES,
        AT_ONCE_BYTES + 1,
        4096,
    ] {
        let all: Vec<u8> = (0..=u8::MAX).cycle().take(bytes).collect();
        for at in [0, bytes / 3, bytes] {
            let (first, second) = all.split_at(at);
            let whole = to_hash(digest(&SHA256, &all).as_ref());
            assert_eq!(
                sha256(&[first, &[], second]),
                whole,
                "{bytes} bytes, split at {at}"
            );
        }
    }
}
