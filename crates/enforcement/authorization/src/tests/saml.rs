//! Apps that speak SAML, as a browser meets them, and everything that is tried with their requests.

mod attacks;
mod keys;
mod peer;
mod sign_in;
mod sign_out;
