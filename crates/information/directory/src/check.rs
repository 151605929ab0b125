//! Whether a directory can be followed as the settings say, for a doctor: it connects, and reads
//! one page.

mod people;

use std::{fmt, sync::Arc};

use crate::{
    fault::DirectoryFault,
    filter::Filter,
    message::{ResultCode, Scope},
    reader::{Pages, group_search},
    session::{Servers, Session},
    settings::{GroupMatch, MappedGroup, Referrals, Settings},
    watch::Following,
};

/// What was found, in the order in which it was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it stands.
    pub grade: Grade,
    /// What was found.
    pub what: String,
    /// What to do; empty where it is fine.
    pub help: String,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Fine,
    /// It may be meant.
    Doubtful,
    /// It does not work.
    Wrong,
}

impl Report {
    /// How the worst of it stands.
    pub fn grade(&self) -> Grade {
        let grades = self.findings.iter().map(|one| one.grade);
        grades.max().unwrap_or(Grade::Fine)
    }

    fn fine(&mut self, what: impl Into<String>) {
        self.add(Grade::Fine, what, "");
    }

    fn add(&mut self, grade: Grade, what: impl Into<String>, help: impl Into<String>) {
        self.findings.push(Finding {
            grade,
            what: what.into(),
            help: help.into(),
        });
    }

    /// Places elsewhere that were named where something was looked for.
    fn elsewhere(&mut self, settings: &Settings, what: &str, places: usize) {
        match (places, settings.referrals) {
            (0, _) => {}
            (places, Referrals::Ignore) => self.fine(format!(
                "{what}: {places} places elsewhere are named, and ignored"
            )),
            (places, Referrals::Keep) => self.add(
                Grade::Doubtful,
                format!(
                    "{what}: {places} places elsewhere are named, where nobody goes: what is missing is not taken for gone"
                ),
                "name servers and bases that have all of them; where nothing there is wanted, set `referrals = \"ignore\"`",
            ),
        }
    }

    fn fault(&mut self, about: &str, fault: &DirectoryFault) {
        self.add(Grade::Wrong, format!("{about}: {fault}"), fault.help());
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.help.is_empty() {
            true => f.write_str(&self.what),
            false => write!(f, "{} ({})", self.what, self.help),
        }
    }
}

/// Looks whether a directory can be followed as the settings say. It changes nothing.
pub async fn check(settings: &Settings) -> Report {
    let mut report = Report::default();
    for fault in settings.faults() {
        report.add(Grade::Wrong, fault.to_string(), "correct the settings");
    }
    if report.grade() == Grade::Wrong {
        return report;
    }
    let Some(mut session) = servers(settings, &mut report).await else {
        return report;
    };
    following(&session, settings, &mut report);
    if let Err(fault) = people::check(&mut session, settings, &mut report).await {
        report.fault("people", &fault);
        return report;
    }
    let mut elsewhere = 0;
    for mapped in &settings.groups.mapped {
        match group(&mut session, settings, mapped, &mut report).await {
            Ok(places) => elsewhere = places.max(elsewhere),
            Err(fault) => {
                report.fault("groups", &fault);
                break;
            }
        }
    }
    report.elsewhere(settings, "groups", elsewhere);
    session.connection.close().await;
    report
}

/// Each server by itself; the first that lets the account in.
async fn servers(settings: &Settings, report: &mut Report) -> Option<Session> {
    let mut first = None;
    for server in &settings.servers {
        let mut alone = settings.clone();
        alone.servers = vec![server.clone()];
        match Servers::new(Arc::new(alone)).open().await {
            Ok(session) => {
                report.fine(format!("`{server}` lets the account in"));
                first = first.or(Some(session));
            }
            Err(fault) => report.fault(&format!("`{server}`"), &fault),
        }
    }
    first
}

fn following(session: &Session, settings: &Settings, report: &mut Report) {
    let following = match (session.root.is_active_directory, session.root.has_sync) {
        (true, _) => Following::Asked,
        (false, true) => Following::Told,
        (false, false) => Following::Interval,
    };
    report.fine(format!("changes: {following}"));
    if following == Following::Interval {
        let seconds = settings.timing.interval.as_secs();
        report.add(
            Grade::Doubtful,
            format!("changes are noticed after up to {seconds} s"),
            "let the server offer syncrepl (RFC 4533), or read more often",
        );
    }
    if !session.root.has_pages {
        report.add(
            Grade::Doubtful,
            "the server does not say that it knows pages (RFC 2696)",
            "make sure that the account may read everything at once",
        );
    }
}

/// One mapped group, and how many places elsewhere were named where it was looked for.
async fn group(
    session: &mut Session,
    settings: &Settings,
    mapped: &MappedGroup,
    report: &mut Report,
) -> Result<usize, DirectoryFault> {
    let groups = &settings.groups;
    let (shown, search) = match &mapped.there {
        GroupMatch::Dn(dn) => {
            let filter = groups.filter.clone();
            let base = dn.to_string();
            (
                base.clone(),
                group_search(groups, base, Scope::Base, filter),
            )
        }
        GroupMatch::Name(name) => {
            let named = Filter::equal(&groups.name, name.as_bytes());
            let filter = groups.filter.clone().and(named);
            let base = groups.base.to_string();
            (
                name.to_string(),
                group_search(groups, base, groups.scope, filter),
            )
        }
    };
    let mut found = 0;
    let mut members = 0;
    let mut pages = Pages::new(settings.page_size, 1000, "groups of one name");
    let read = pages.read(&mut session.connection, &search, |entry| {
        found += 1;
        members += entry
            .attributes
            .iter()
            .map(|one| one.values.len())
            .sum::<usize>();
        Ok(())
    });
    match read.await {
        Err(DirectoryFault::Refused { code, .. }) if code == ResultCode::NO_SUCH_OBJECT.0 => {}
        other => other?,
    }
    let here = &mapped.here;
    match found {
        1 => report.fine(format!(
            "the group `{shown}` is `{here}` here ({members} values read)"
        )),
        0 => report.add(
            Grade::Wrong,
            format!("there is no group `{shown}`, so nobody is in `{here}` by it"),
            "check its name, the groups' base and filter, and whether the account may see it",
        ),
        more => report.add(
            Grade::Wrong,
            format!("{more} groups are called `{shown}`, so nobody is in `{here}` by any"),
            "map the one by its distinguished name",
        ),
    }
    Ok(pages.references())
}
