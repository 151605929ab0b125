//! The ledger's shell on real files.

#[cfg(test)]
mod append;
#[cfg(test)]
mod copy;
#[cfg(test)]
mod erase;
#[cfg(test)]
mod full;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod read;
#[cfg(test)]
mod recover;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod support;
#[cfg(test)]
mod torn;
