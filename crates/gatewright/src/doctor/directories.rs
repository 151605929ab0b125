//! Directories that people come from: whether each can be read, whether policy lets it do anything,
//! and whether there are the groups that it fills.

use futures_util::{StreamExt as _, stream};
use gw_directory::{Grade, Settings, check};
use gw_model::Provider;
use gw_store::Loaded;

use super::{finding::Finding, scim};
use crate::{
    clock::now,
    config::{Config, files},
};

const ABOUT: &str = "directory";
/// Directories that are asked at once.
const AT_ONCE: usize = 4;

pub(super) async fn look(config: &Config, stored: Option<&Loaded>) -> Vec<Finding> {
    let mut found = Vec::new();
    for directory in directories(config) {
        found.extend(scim::missing_groups(ABOUT, config, directory, stored));
        found.push(scim::permitted(ABOUT, config, directory, stored));
    }
    let settings = match files::directories(config) {
        Ok(settings) => settings,
        Err(faults) => {
            let wrong = |fault: &String| Finding::wrong(ABOUT, "files", fault);
            found.extend(faults.iter().map(wrong));
            return found;
        }
    };
    found.extend(settings.iter().filter_map(out_of_date));
    let checked = stream::iter(settings).map(one);
    let checked: Vec<Vec<Finding>> = checked.buffered(AT_ONCE).collect().await;
    found.extend(checked.into_iter().flatten());
    found
}

pub(super) fn directories(config: &Config) -> impl Iterator<Item = &Provider> {
    let declared = config.wanted.providers.iter().map(|provider| &**provider);
    declared.filter(|provider| provider.protocol.directory().is_some())
}

/// That what its servers are shown has expired, or does not count yet.
fn out_of_date(settings: &Settings) -> Option<Finding> {
    let shown = settings.certificate.as_ref()?;
    let fault = gw_tls::check_shown_at(&shown.chain, &shown.key, now()).err()?;
    Some(Finding::wrong(ABOUT, &settings.provider, fault))
}

async fn one(settings: Settings) -> Vec<Finding> {
    let report = check(&settings).await;
    let name = &settings.provider;
    let finding = |found: gw_directory::Finding| match found.grade {
        Grade::Fine => Finding::fine(ABOUT, name, found.what),
        Grade::Doubtful => Finding::look(ABOUT, name, found.what).try_this(found.help),
        Grade::Wrong => Finding::wrong(ABOUT, name, found.what).try_this(found.help),
    };
    report.findings.into_iter().map(finding).collect()
}
