//! The load that a release is trained on: everything that is compared, and what is not, once.

use tokio::runtime::Runtime;

use crate::{
    Fault, case,
    contender::{Contender, gatewright::verifying},
    load, messages,
    options::Options,
    site::Site,
};

/// Uploads of each kind.
const UPLOADS: u32 = 20_000;

/// Puts Gatewright under every load, one after the other, and ends it in order.
pub(crate) fn run(runtime: &Runtime, options: &Options, site: &Site) -> Result<(), Fault> {
    for setup in &crate::GATEWRIGHT {
        let contender = verifying(site, &options.gatewright, *setup)?;
        eprintln!("training: {}", setup.name);
        all(runtime, options, site, &contender)?;
    }
    Ok(())
}

fn all(
    runtime: &Runtime,
    options: &Options,
    site: &Site,
    contender: &Contender,
) -> Result<(), Fault> {
    for case in case::CASES {
        case.load(contender, options.secs)?;
    }
    for http2 in [false, true] {
        load::uploads(
            &contender.target("/sink"),
            http2,
            UPLOADS,
            &site.file("www/1k"),
        )?;
    }
    messages::some(runtime, options, site, contender)
}
