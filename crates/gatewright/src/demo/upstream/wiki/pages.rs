//! The pages themselves, and who may overwrite what: nobody overwrites what they have not seen.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use gw_model::Timestamp;
use http::StatusCode;

use super::Listed;

/// The page that one comes in by.
pub(super) const FIRST: &str = "welcome";
const PAGES_MAX: usize = 200;
const TITLE_CHARS_MAX: usize = 120;
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// A page as saved.
#[derive(Debug, Clone)]
pub(super) struct PageText {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) saved_by: String,
    pub(super) saved_at: Timestamp,
    /// Counts the times it was saved; what an editor started from.
    pub(super) version: u64,
}

/// Why a page was not saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotSaved {
    #[error(
        "{by} saved this page while you were writing. Nothing is lost: your text is below; open the page in another tab to compare, then save again."
    )]
    Overtaken { by: String },
    #[error("A page needs a title of up to 120 characters.")]
    Title,
    #[error("The text is longer than a page holds.")]
    Text,
    #[error("The wiki is full.")]
    Full,
}

impl NotSaved {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Overtaken { .. } => StatusCode::CONFLICT,
            Self::Title | Self::Text | Self::Full => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

/// All pages, by slug.
#[derive(Debug)]
pub(super) struct Pages(Mutex<BTreeMap<String, PageText>>);

impl Pages {
    pub(super) fn first(now: Timestamp) -> Self {
        let page = |title: &str, text: &str| PageText {
            title: title.into(),
            text: text.into(),
            saved_by: "Gatewright".into(),
            saved_at: now,
            version: 1,
        };
        let pages = [
            (FIRST, page("Welcome", WELCOME)),
            ("lunch", page("Lunch", LUNCH)),
            ("on-call", page("On call", ON_CALL)),
        ];
        let pages = pages.map(|(slug, page)| (slug.to_owned(), page));
        Self(Mutex::new(pages.into()))
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, PageText>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn page(&self, slug: &str) -> Option<PageText> {
        self.all().get(slug).cloned()
    }

    pub(super) fn list(&self, now: Timestamp) -> Vec<Listed> {
        let listed = |(slug, page): (&String, &PageText)| Listed {
            slug: slug.clone(),
            title: page.title.clone(),
            ago: gw_pages::ago(page.saved_at, now),
        };
        self.all().iter().map(listed).collect()
    }

    /// Saves a page over the version that its editor started from; gives the title.
    pub(super) fn save(&self, slug: &str, mut new: PageText) -> Result<String, NotSaved> {
        if new.title.is_empty() || new.title.chars().count() > TITLE_CHARS_MAX {
            return Err(NotSaved::Title);
        }
        if new.text.len() > TEXT_BYTES_MAX {
            return Err(NotSaved::Text);
        }
        let mut all = self.all();
        match all.get(slug) {
            Some(old) if old.version != new.version => {
                let by = old.saved_by.clone();
                return Err(NotSaved::Overtaken { by });
            }
            None if all.len() >= PAGES_MAX || !is_slug(slug) => return Err(NotSaved::Full),
            _ => {}
        }
        new.version += 1;
        let title = new.title.clone();
        all.insert(slug.to_owned(), new);
        Ok(title)
    }
}

/// Whether a part of a path can name a page.
pub(super) fn is_slug(slug: &str) -> bool {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&slug.len()) && slug.bytes().all(fine) && slug != "new"
}

/// The slug of a title: `On call` is at `on-call`.
pub(super) fn slug_of(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let mut slug = words.join("-").to_ascii_lowercase();
    slug.truncate(64);
    slug
}

/// A first title for a slug that has no page yet.
pub(super) fn title_of(slug: &str) -> String {
    let mut title = slug.replace('-', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

const WELCOME: &str = "\
This is a small wiki without a login of its own. Gatewright stands in front of it: each request that reaches it was judged, let in for a reason, recorded, and signed.

# Try this
- Press Edit and change this page. Whoever has it open sees that you saved it.
- Leave this page open and edit the policy file that the terminal names: in the policy wiki-for-staff, write Group::\"nobody\" instead of Group::\"staff\". The page is cut off at once, and says why.
- Put the policy back, and press Check again.

# Pages
[[Lunch]] is where we eat; [[On call]] is who to wake.
";

const LUNCH: &str = "\
Who decides first decides where.

- Monday: the noodle bar on the corner
- Wednesday: the kitchen, somebody cooks
- Friday: wherever Mei says

Back to [[Welcome]].
";

const ON_CALL: &str = "\
# This week
- Days: Ana
- Nights: Mei

# Before you wake somebody
Look at what the gate says: gatewright log tail shows who was let in, who was not, and why.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn text(version: u64, saved_by: &str) -> PageText {
        PageText {
            title: "Welcome".into(),
            text: "hello".into(),
            saved_by: saved_by.into(),
            saved_at: Timestamp::from_secs(1),
            version,
        }
    }

    #[test]
    fn nobody_overwrites_what_they_have_not_seen() {
        let pages = Pages::first(Timestamp::from_secs(1));
        assert_eq!(pages.save(FIRST, text(1, "Ana")), Ok("Welcome".into()));
        let refused = pages.save(FIRST, text(1, "Bo"));
        assert_eq!(refused, Err(NotSaved::Overtaken { by: "Ana".into() }));
        assert_eq!(pages.save(FIRST, text(2, "Bo")), Ok("Welcome".into()));
    }

    #[test]
    fn a_title_leads_to_its_page() {
        assert_eq!(slug_of("On call"), "on-call");
        assert_eq!(slug_of("<b>'x' / ../y"), "b-x-y");
        assert!(is_slug(&slug_of("On call")) && !is_slug("") && !is_slug("../x"));
        assert_eq!(title_of("on-call"), "On call");
    }
}
