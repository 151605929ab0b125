//! People of a SAML provider, as their browsers meet it, and everything that is tried with its
//! answers.

mod attacks;
mod keys;
mod logout;
mod provider;
mod sign_in;
