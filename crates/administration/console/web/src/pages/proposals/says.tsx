// What a proposal says, and what it would do to people.

import { useMay } from '../../api/me';
import { to } from '../../api/client';
import type { Comparison, Plan, Policies, PolicyFile, PolicyVersionInFull, Proposal } from '../../api/types';
import { type Reading, useRead } from '../../api/use';
import { at } from '../../router';
import { ProblemNote, Shown } from '../../ui/notes';
import { Section } from '../../ui/page';
import { epochWords } from '../../ui/words';
import { ComparisonShown } from '../policies/comparison';
import { Changes, Undeclared } from '../settings/declared/changes';
import { Faults } from '../settings/declared/plan';
import { type Said, comparisonOf, filesOf, hasMoved, isOfPolicies } from './effect';
import { FieldsShown } from './fields';
import { FilesCompared, FilesShown } from './files';

interface Says {
  proposal: Proposal;
  says: Said | undefined;
  effect: Reading<Comparison | Plan>;
}

export function Says({ proposal, says, effect }: Says) {
  if (!says) return <Unsaid proposal={proposal} />;
  return (
    <>
      {isOfPolicies(proposal) && (
        <Section id="effect" title="What it does to people">
          <Effect says={says} effect={effect} />
        </Section>
      )}
      <Section id="says" title="What it says">
        <Content proposal={proposal} says={says} />
      </Section>
    </>
  );
}

function Unsaid({ proposal }: { proposal: Proposal }) {
  const mayExplain = useMay('admin.explain');
  if (proposal.state !== 'waiting') {
    return <p class="small after">What it says is kept while it waits. What was done is in the ledger.</p>;
  }
  if (proposal.own || proposal.may_approve || mayExplain) return null;
  return (
    <p class="small after">
      What it says is shown to who proposed it, and to those who may approve it or see policies.
    </p>
  );
}

function Effect({ says, effect }: { says: Said; effect: Reading<Comparison | Plan> }) {
  if (!useMay('admin.explain')) {
    return (
      <p class="small">
        It is not compared for you: policy does not permit you <code>admin.explain</code>.
      </p>
    );
  }
  if (effect.busy && !effect.value) return <p class="loading soft">Working out what it does …</p>;
  if (!effect.value) return <ProblemNote problem={effect.problem} again={effect.again} />;
  const plan = 'changes' in effect.value ? effect.value : undefined;
  if (plan && plan.faults.length > 0) return <Faults faults={plan.faults} />;
  return (
    <>
      {hasMoved(effect.value, says) && (
        <p class="warning-words">
          ! By now it would do something else than when it was proposed, and cannot be approved: have it proposed again.
        </p>
      )}
      {plan && <Planned plan={plan} prune={says.prune === true} />}
      <ComparisonShown comparison={comparisonOf(effect.value)} />
    </>
  );
}

function Planned({ plan, prune }: { plan: Plan; prune: boolean }) {
  return (
    <>
      {plan.changes.length === 0 && <p>Everything is as these files say already.</p>}
      {plan.changes.length > 0 && <Changes changes={plan.changes} label="What applying these files would do" />}
      <Undeclared undeclared={plan.undeclared} prune={prune} />
    </>
  );
}

function Content({ proposal, says }: { proposal: Proposal; says: Said }) {
  switch (proposal.operation) {
    case 'PolicyApply':
      return <AgainstThoseInForce files={filesOf(says)} />;
    case 'PolicyRollback':
      return <Earlier says={says} />;
    case 'DeclaredApply':
      return <FilesShown files={filesOf(says)} />;
    default:
      return <FieldsShown proposal={proposal} says={says} />;
  }
}

function AgainstThoseInForce({ files }: { files: PolicyFile[] }) {
  const mayExplain = useMay('admin.explain');
  const reading = useRead<Policies>(mayExplain ? '/v1/policies' : null);
  if (!mayExplain) return <FilesShown files={files} />;
  return <Shown reading={reading}>{(policies) => <FilesCompared before={policies.files} after={files} />}</Shown>;
}

/** A set that was in force before: its epoch says all. */
function Earlier({ says }: { says: Said }) {
  const { incarnation, number } = says.epoch as { incarnation: number; number: number };
  const epoch = `${incarnation}.${number}`;
  const mayExplain = useMay('admin.explain');
  const reading = useRead<PolicyVersionInFull>(mayExplain ? to('policies', 'history', epoch) : null);
  return (
    <>
      <p>
        The policies of epoch <a href={at('policies', 'history', epoch)}>{epochWords({ incarnation, number })}</a>, as
        they were then.
      </p>
      {mayExplain && <Shown reading={reading}>{({ files }) => <AgainstThoseInForce files={files} />}</Shown>}
    </>
  );
}
