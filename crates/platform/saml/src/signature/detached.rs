//! Signatures beside the message: over the query string of the redirect binding (Bindings
//! 3.4.4.1).

use crate::{Certificate, Credential, KeyFault};

use super::{SignatureFault, SignatureMethod};

/// Checks a signature over bytes.
pub(crate) fn check_detached(
    method: &str,
    data: &[u8],
    signature: &[u8],
    trusted: &[Certificate],
) -> Result<(), SignatureFault> {
    let method = SignatureMethod::from_uri(method)?;
    if trusted
        .iter()
        .any(|certificate| certificate.verifies(method, data, signature))
    {
        Ok(())
    } else {
        Err(SignatureFault::Key)
    }
}

/// Signs bytes by [`SignatureMethod::RsaSha256`].
pub(crate) fn sign_detached(data: &[u8], credential: &Credential) -> Result<Vec<u8>, KeyFault> {
    credential.sign(data)
}
