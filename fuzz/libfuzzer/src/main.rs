//! Runs one target under libFuzzer: the one that `FUZZ_TARGET` names.

#![no_main]

use std::sync::LazyLock;

use gw_fuzz_targets::{Target, named};

static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    named(&name).unwrap_or_else(|| panic!("FUZZ_TARGET names no target: {name:?}"))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| (TARGET.run)(data));
