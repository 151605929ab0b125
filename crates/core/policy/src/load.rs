//! From text to a checked and indexed set, or to everything that is wrong with it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use cedar_policy::{Effect, Policy, pst};
use cedar_policy_core::ast::{Expr, SlotEnv};
use gw_model::{
    AccessRequest, Action, Attribute, AttributeSet, GroupName, PolicyFile, PolicyId, Snapshot,
    Timestamp,
};
use miette::Diagnostic;

use crate::{
    PolicyFault, PolicyText, Prepared, Touched, base,
    entities::Cast,
    fault::Places,
    hidden,
    index::Index,
    load::source::Source,
    reads::Reads,
    schema::Kind,
    scopes::{Scope, Versions},
};

mod shape;
mod source;
mod validation;

pub(crate) use source::Mode;

/// A checked and indexed set of policies; the base policies are always among them.
#[derive(Debug, Clone)]
pub struct Policies {
    files: Arc<[PolicyFile]>,
    compiled: Vec<Arc<Compiled>>,
    index: Arc<Index>,
    versions: Versions,
    warnings: Vec<PolicyFault>,
    texts: Arc<[PolicyText]>,
}

/// One policy, ready to be evaluated.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) id: PolicyId,
    pub(crate) effect: Effect,
    pub(crate) mode: Mode,
    /// Scope and conditions as one expression.
    pub(crate) condition: Expr,
    /// No slots: what evaluation takes for a policy that is not a template's.
    pub(crate) slots: SlotEnv,
    pub(crate) reads: Reads,
}

impl Compiled {
    /// Whether both say the same, wherever they stand.
    fn is_same(&self, other: &Self) -> bool {
        self.effect == other.effect
            && self.mode == other.mode
            && self.reads == other.reads
            && self.condition.eq_shape(&other.condition)
    }
}

impl Policies {
    /// This set as version `version` of the policies, in the place of `earlier` if there was one.
    ///
    /// What both hold is shared, and every scope that holds the same keeps its version, so that
    /// [`Policies::version_for`] tells which accesses the difference can touch.
    #[must_use]
    pub fn following(mut self, earlier: Option<&Self>, version: u64) -> Self {
        match earlier {
            None => self.versions = Versions::starting(version),
            Some(earlier) => {
                self.share(earlier);
                let changed = self.changed_scopes(earlier);
                self.versions = earlier.versions.followed(version, changed.into_iter());
            }
        }
        self
    }

    /// The version of the policies as far as a prepared access looks them up. Where two sets of
    /// one line agree in it, both have the same policies for it.
    pub fn version_for(&self, prepared: &Prepared) -> u64 {
        self.versions.of(prepared.looked_up())
    }

    /// Takes those that are the same from the earlier set.
    fn share(&mut self, earlier: &Self) {
        let known: HashMap<&PolicyId, &Arc<Compiled>> = earlier
            .compiled
            .iter()
            .map(|policy| (&policy.id, policy))
            .collect();
        for policy in &mut self.compiled {
            if let Some(same) = known.get(&policy.id).filter(|other| other.is_same(policy)) {
                *policy = Arc::clone(same);
            }
        }
    }

    /// The scopes that hold something else than in an earlier set with which this one shares.
    fn changed_scopes(&self, earlier: &Self) -> Vec<Scope> {
        let (ours, theirs) = (self.by_scope(), earlier.by_scope());
        let gone = theirs.keys().filter(|scope| !ours.contains_key(scope));
        ours.iter()
            .filter(|(scope, policies)| theirs.get(scope) != Some(policies))
            .map(|(scope, _)| scope)
            .chain(gone)
            .copied()
            .collect()
    }

    /// The scopes, each with the policies that stand in it.
    pub(crate) fn held(&self) -> impl Iterator<Item = (Scope, Vec<&Compiled>)> {
        self.index.cells().map(|(scope, positions)| {
            let policies = positions.iter().filter_map(|at| self.compiled.get(*at));
            (scope, policies.map(|policy| &**policy).collect())
        })
    }

    /// What each scope holds. What is shared is the same.
    fn by_scope(&self) -> HashMap<Scope, Vec<*const Compiled>> {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for (scope, positions) in self.index.cells() {
            let policies = positions.iter().filter_map(|at| self.compiled.get(*at));
            found
                .entry(scope)
                .or_default()
                .extend(policies.map(Arc::as_ptr));
        }
        found
    }

    /// Whether it was loaded from these files.
    pub fn is_of(&self, files: &[PolicyFile]) -> bool {
        *self.files == *files
    }

    /// What is not wrong but worth a look: policies that can never apply, names that cannot exist.
    pub fn warnings(&self) -> &[PolicyFault] {
        &self.warnings
    }

    /// All policies as they were written, the base policies first, then in the order of the files.
    pub fn texts(&self) -> &[PolicyText] {
        &self.texts
    }

    /// The policies about administration and factors that rest on more than how somebody has proved who they
    /// are, with what that is, in words.
    pub fn resting_on_circumstances(&self) -> BTreeMap<PolicyId, Vec<&'static str>> {
        let mut found = BTreeMap::new();
        for (scope, policies) in self.held() {
            let action = scope.action.as_str();
            if !(action.starts_with("admin.") || action.starts_with("factor.")) {
                continue;
            }
            for policy in policies {
                let words = circumstances(policy.reads.attributes);
                if !words.is_empty() {
                    found.insert(policy.id.clone(), words);
                }
            }
        }
        found
    }

    /// Whether any policy tells what somebody else proposed from what one does alone.
    pub fn read_proposals(&self) -> bool {
        let proposal = [
            Attribute::ProposalBy,
            Attribute::ProposalGroups,
            Attribute::ProposalAction,
        ];
        let reads = |policy: &Arc<Compiled>| {
            let mut proposal = proposal.iter();
            proposal.any(|attribute| policy.reads.attributes.contains(*attribute))
        };
        self.compiled.iter().any(reads)
    }

    /// Whether any policy beside Gatewright's own tells the word of one provider of identities from
    /// another's, or from what people prove here.
    pub fn read_providers(&self) -> bool {
        let by_providers = [
            Attribute::AuthnMethods,
            Attribute::AuthnMultiFactor,
            Attribute::AuthnProviders,
            Attribute::AuthnAcr,
            Attribute::AuthnAmr,
        ];
        let own = self.texts.iter().filter(|text| text.built_in);
        let own: BTreeSet<_> = own.map(|text| &text.id).collect();
        let reads = |policy: &&Arc<Compiled>| {
            let mut read = by_providers.iter();
            read.any(|attribute| policy.reads.attributes.contains(*attribute))
        };
        let others = self.compiled.iter().filter(|p| !own.contains(&p.id));
        others.into_iter().any(|policy| reads(&policy))
    }

    /// The policies that say something else than in an earlier set.
    pub fn changed_since(&self, earlier: &Self) -> Vec<PolicyId> {
        let known: HashMap<&PolicyId, &Arc<Compiled>> =
            earlier.compiled.iter().map(|p| (&p.id, p)).collect();
        let differs = |policy: &&Arc<Compiled>| {
            let then = known.get(&policy.id);
            then.is_some_and(|then| !policy.is_same(then))
        };
        let changed = self.compiled.iter().filter(differs);
        changed.map(|policy| policy.id.clone()).collect()
    }

    /// Which of these actions each policy is about, by its scope; policies about none left out.
    pub fn about(&self, actions: &[Action]) -> HashMap<&PolicyId, BTreeSet<Action>> {
        let mut about = HashMap::<_, BTreeSet<_>>::new();
        let cells = self.index.cells();
        for (scope, positions) in cells.filter(|(scope, _)| actions.contains(&scope.action)) {
            for policy in positions.iter().filter_map(|at| self.compiled.get(*at)) {
                about.entry(&policy.id).or_default().insert(scope.action);
            }
        }
        about
    }

    /// What the difference to an earlier set can touch.
    pub fn touched_since(&self, earlier: &Self) -> Touched {
        let mut shared = self.clone();
        shared.share(earlier);
        Touched::of(shared.changed_scopes(earlier))
    }

    /// The ids of all policies, the base policies first, then in the order of the files.
    pub fn ids(&self) -> impl Iterator<Item = &PolicyId> {
        self.compiled.iter().map(|policy| &policy.id)
    }

    /// The policies whose scope matches an access, in the order of their files.
    pub(crate) fn slice(&self, action: Action, cast: &Cast<'_>) -> Vec<Arc<Compiled>> {
        self.index
            .slice(action, &cast.principal, &cast.resource)
            .into_iter()
            .filter_map(|place| self.compiled.get(place).cloned())
            .collect()
    }

    /// The existing groups, which the person is not in, whose members are permitted this by an
    /// enforced policy's scope.
    pub(crate) fn groups_that_permit(
        &self,
        facts: &Snapshot,
        request: &AccessRequest<'_>,
        now: Timestamp,
    ) -> Vec<GroupName> {
        let cast = Cast::find(
            facts,
            request.principal,
            request.action,
            request.resource,
            now,
        );
        let Ok(cast) = cast else { return Vec::new() };
        let within = |group: &GroupName| {
            let uid = Kind::Group.uid(group.as_str());
            cast.principal.ancestors.contains(&uid)
        };
        self.index
            .groups_permitted(request.action, &cast.resource)
            .into_iter()
            .filter(|group| facts.group(group).is_some() && !within(group))
            .cloned()
            .collect()
    }
}

/// Checks and indexes an organisation's policies, together with the base policies.
///
/// # Errors
/// Everything that is wrong, sorted by file and place; the set is then not usable at all.
pub fn load(files: &[PolicyFile]) -> Result<Policies, Vec<PolicyFault>> {
    let mut faults: Vec<_> = files.iter().flat_map(hidden::faults).collect();
    let base = base::file();
    let placed: Vec<Placed> = std::iter::once(&base)
        .chain(files)
        .map(Placed::of)
        .collect();
    let sources: Vec<Source> = placed
        .iter()
        .enumerate()
        .flat_map(|(place, file)| source::read(file, place == 0, &mut faults))
        .collect();
    source::refuse_duplicates(&sources, &mut faults);
    let (invalid, mut warnings) = validation::validate(&sources);
    faults.extend(invalid);
    warnings.extend(sources.iter().flat_map(Source::impossible_names));
    let (compiled, index) = compile(&sources, &mut faults);
    let texts = sources.iter().filter_map(Source::text).collect();
    if faults.is_empty() {
        warnings.sort();
        Ok(Policies {
            files: files.into(),
            compiled,
            index: Arc::new(index),
            versions: Versions::default(),
            warnings,
            texts,
        })
    } else {
        faults.sort();
        faults.dedup();
        Err(faults)
    }
}

/// Makes ready what has an id; a source without one has its fault already.
fn compile(sources: &[Source], faults: &mut Vec<PolicyFault>) -> (Vec<Arc<Compiled>>, Index) {
    let mut compiled = Vec::with_capacity(sources.len());
    let mut index = Index::default();
    for source in sources {
        // From what was parsed: from the policy's text it would be parsed again.
        let tree = match pst::Policy::try_from(source.policy.as_ref().clone()) {
            Ok(tree) => tree,
            Err(error) => {
                faults.push(source.fault(error.to_string(), "write it in a simpler form"));
                continue;
            }
        };
        let Some(id) = source.id.clone() else {
            continue;
        };
        index.insert(compiled.len(), &source.policy, source.mode);
        compiled.push(Arc::new(Compiled {
            id,
            effect: source.policy.effect(),
            mode: source.mode,
            reads: Reads::of(&tree),
            condition: condition(&source.policy, tree),
            slots: SlotEnv::new(),
        }));
    }
    (compiled, index)
}

/// A policy's scope and conditions, without the places in its text.
///
/// Evaluation copies the place of each node, and all places of a file share one counter of
/// references, which the threads of a gateway would pass to and fro.
fn condition(policy: &Policy, tree: pst::Policy) -> Expr {
    let placed = policy.as_ref().condition();
    match Policy::from_pst(tree).map(|policy| policy.as_ref().condition()) {
        Ok(bare) if bare.eq_shape(&placed) => bare,
        _ => placed,
    }
}

/// A file with the places of its lines.
struct Placed<'f> {
    name: &'f Arc<str>,
    places: Places<'f>,
}

impl<'f> Placed<'f> {
    fn of(file: &'f PolicyFile) -> Self {
        Self {
            name: &file.name,
            places: Places::of(&file.text),
        }
    }
}

/// A fault where a diagnostic of Cedar's points to, in the words that it has.
fn diagnosed(
    file: &Placed<'_>,
    start: usize,
    policy: Option<&PolicyId>,
    diagnostic: &dyn Diagnostic,
) -> PolicyFault {
    let offset = diagnostic
        .labels()
        .and_then(|mut labels| labels.next())
        .map_or(start, |label| label.offset());
    let (line, column) = file.places.position(offset);
    PolicyFault {
        file: Arc::clone(file.name),
        line,
        column,
        policy: policy.cloned(),
        what: diagnostic.to_string(),
        help: diagnostic
            .help()
            .map(|help| help.to_string())
            .unwrap_or_default(),
    }
}

/// What attributes tell that a comparison imagines in one way only.
fn circumstances(read: AttributeSet) -> Vec<&'static str> {
    let mut words: Vec<_> = read.iter().filter_map(circumstance).collect();
    words.dedup();
    words
}

const fn circumstance(attribute: Attribute) -> Option<&'static str> {
    use Attribute as A;
    match attribute {
        A::AuthnAgeSecs
        | A::AuthnPhishingResistantAgeSecs
        | A::AuthnMultiFactorAgeSecs
        | A::SessionAgeSecs => Some("how long ago somebody signed in"),
        A::AuthnMethods => Some("by which proof they signed in"),
        A::AuthnAcr | A::AuthnAmr => Some("what a provider said of how they signed in"),
        A::SessionEnrolment => Some("what kind of session they have"),
        A::NetworkAddress | A::NetworkCountry | A::NetworkNames => Some("where they are"),
        A::DeviceCompliant
        | A::DeviceManaged
        | A::DeviceDiskEncrypted
        | A::DevicePlatform
        | A::DeviceAgeSecs => Some("their device"),
        A::RiskScore => Some("the risk"),
        A::TimeHour | A::TimeMinute | A::TimeMinuteOfDay | A::TimeWeekday | A::TimeNow => {
            Some("the time")
        }
        A::ProposalBy | A::ProposalGroups => Some("who proposed it"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::policies;

    #[test]
    fn what_is_evaluated_carries_no_places_of_the_text() {
        let demo = include_str!("../../../../policies/examples/demo.cedar");
        let loaded = policies(demo);
        assert!(loaded.compiled.len() > 12);
        for policy in &loaded.compiled {
            let mut nodes = policy.condition.subexpressions();
            assert!(
                nodes.all(|node| node.source_loc().is_none()),
                "{}",
                policy.id
            );
        }
    }
}
