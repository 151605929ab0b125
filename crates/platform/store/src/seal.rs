//! Sealing: private keys are stored encrypted under a key that lies beside the store, or that
//! the system hands over.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    rand,
};
use zeroize::Zeroizing;

use crate::{Secret, StoreError, folder::io_fault};

/// The key file's name in the data folder.
const KEY_FILE: &str = "secret.key";
const KEY_LENGTH: usize = 32;
/// First byte of a sealed value: how the rest is to be read.
const FORM: u8 = 1;

/// Where the sealing key comes from.
#[derive(Debug, Clone, Default)]
pub enum KeySource {
    /// `secret.key` in the data folder, made on the first start.
    #[default]
    DataFolder,
    /// A file that is put there by somebody else, such as a systemd credential; never made here.
    Credential(PathBuf),
}

/// The key that values are sealed under.
pub(crate) struct Sealer {
    key: RandomizedNonceKey,
    path: PathBuf,
}

impl Sealer {
    /// Reads the key, or makes it where that is allowed and nothing is sealed yet.
    pub(crate) fn open(source: &KeySource, folder: &Path, sealed: u64) -> Result<Self, StoreError> {
        let path = match source {
            KeySource::DataFolder => folder.join(KEY_FILE),
            KeySource::Credential(path) => path.clone(),
        };
        let made_here = matches!(source, KeySource::DataFolder);
        if made_here && !path.exists() {
            if sealed > 0 {
                return Err(StoreError::KeyMissing { path, sealed });
            }
            make_key(folder, &path)?;
        }
        // A credential's group bits are its ACL's mask, so only those for all others count.
        let open_bits = if made_here { 0o077 } else { 0o007 };
        let bytes = read_key(&path, open_bits)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes)
            .map_err(|_| StoreError::Crypto("take the sealing key"))?;
        Ok(Self { key, path })
    }

    /// A key that no file holds, for fuzzing.
    pub(crate) fn of_process() -> Result<Self, StoreError> {
        let fault = || StoreError::Crypto("draw a key");
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        rand::fill(&mut *bytes).map_err(|_| fault())?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &*bytes).map_err(|_| fault())?;
        let path = PathBuf::new();
        Ok(Self { key, path })
    }

    /// Encrypts a value and binds it to its name.
    pub(crate) fn seal(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut text = Zeroizing::new(value.to_vec());
        let nonce = self
            .key
            .seal_in_place_append_tag(bound_to(name), &mut *text)
            .map_err(|_| StoreError::Crypto("seal a value"))?;
        Ok([&[FORM], nonce.as_ref().as_slice(), &text].concat())
    }

    /// Decrypts a value that was sealed under this key and this name.
    pub(crate) fn open_sealed(
        &self,
        name: &str,
        sealed: &[u8],
    ) -> Result<Secret<Vec<u8>>, StoreError> {
        let fault = || StoreError::Unseal {
            name: name.to_owned(),
            key: self.path.clone(),
        };
        let (nonce, text) = sealed
            .strip_prefix(&[FORM])
            .and_then(|rest| rest.split_at_checked(NONCE_LEN))
            .ok_or_else(fault)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| fault())?;
        let mut text = Zeroizing::new(text.to_vec());
        let opened = self
            .key
            .open_in_place(nonce, bound_to(name), &mut text)
            .map_err(|_| fault())?;
        Ok(Secret::new(opened.to_vec()))
    }
}

fn bound_to(name: &str) -> Aad<Vec<u8>> {
    Aad::from([b"gatewright sealed value\0", name.as_bytes()].concat())
}

fn read_key(path: &Path, open_bits: u32) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let found = fs::metadata(path).map_err(io_fault("find the key file", path))?;
    let mode = found.mode() & 0o7777;
    let owner = found.uid();
    let ours = [0, rustix::process::geteuid().as_raw()].contains(&owner);
    if mode & open_bits != 0 || !ours {
        return Err(StoreError::KeyOpen {
            path: path.into(),
            mode,
            owner,
        });
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(io_fault("read the key file", path))?);
    if bytes.len() != KEY_LENGTH {
        return Err(StoreError::KeyLength {
            path: path.into(),
            length: bytes.len(),
        });
    }
    Ok(bytes)
}

/// Makes the key beside its place and moves it there whole, so that a crash leaves no half of one.
fn make_key(folder: &Path, path: &Path) -> Result<(), StoreError> {
    let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
    rand::fill(&mut *bytes).map_err(|_| StoreError::Crypto("draw a key"))?;
    let new = path.with_extension("key.new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(&*bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(io_fault("make the key file", path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn sealer(folder: &Path) -> Result<Sealer, StoreError> {
        Sealer::open(&KeySource::DataFolder, folder, 0)
    }

    #[test]
    fn a_sealed_value_opens_under_its_own_name_and_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = sealer(folder.path())
            .unwrap()
            .seal("signing", b"key")
            .unwrap();
        let again = sealer(folder.path()).unwrap();
        let opened = again.open_sealed("signing", &sealed).unwrap();
        assert_eq!(opened.expose(), b"key");
        assert!(again.open_sealed("other", &sealed).is_err());
        let elsewhere = tempfile::tempdir().unwrap();
        let stranger = sealer(elsewhere.path()).unwrap();
        assert!(stranger.open_sealed("signing", &sealed).is_err());
    }

    #[test]
    fn no_byte_of_a_sealed_value_can_be_changed() {
        let folder = tempfile::tempdir().unwrap();
        let sealer = sealer(folder.path()).unwrap();
        let sealed = sealer.seal("signing", b"key").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(
                sealer.open_sealed("signing", &changed).is_err(),
                "byte {at}"
            );
            assert!(sealer.open_sealed("signing", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn a_missing_key_is_not_replaced_while_values_need_it() {
        let folder = tempfile::tempdir().unwrap();
        let fault = Sealer::open(&KeySource::DataFolder, folder.path(), 3)
            .err()
            .unwrap();
        assert!(matches!(fault, StoreError::KeyMissing { sealed: 3, .. }));
        assert!(!folder.path().join(KEY_FILE).exists());
    }

    #[test]
    fn a_key_file_that_others_may_read_or_of_wrong_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        sealer(folder.path()).unwrap();
        let path = folder.path().join(KEY_FILE);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let fault = sealer(folder.path()).err().unwrap();
        assert!(matches!(fault, StoreError::KeyOpen { mode: 0o640, .. }));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, b"short").unwrap();
        let fault = sealer(folder.path()).err().unwrap();
        assert!(matches!(fault, StoreError::KeyLength { length: 5, .. }));
    }

    #[test]
    fn a_credential_is_read_and_never_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credential");
        let source = KeySource::Credential(path.clone());
        assert!(Sealer::open(&source, folder.path(), 0).is_err());
        assert!(!path.exists());
        fs::write(&path, [7; KEY_LENGTH]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        let sealer = Sealer::open(&source, folder.path(), 0).unwrap();
        let sealed = sealer.seal("n", b"v").unwrap();
        assert_eq!(sealer.open_sealed("n", &sealed).unwrap().expose(), b"v");
    }
}
