// One proposed change: what it is, why, what it does, and what becomes of it.

import { type ComponentChildren, Fragment } from 'preact';

import { to } from '../api/client';
import type { Proposal, ProposalInFull } from '../api/types';
import { useRead } from '../api/use';
import { at } from '../router';
import { Named } from '../ui/named';
import { Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { Noted, StateChip, What, whatWords } from '../ui/proposal';
import { Words } from '../ui/sentence';
import { Moment } from '../ui/time';
import { useEffectOf } from './proposals/effect';
import { Says } from './proposals/says';
import { Settle } from './proposals/settle';

export function ProposalPage({ id }: { id: string }) {
  const reading = useRead<ProposalInFull>(to('proposals', id));
  const proposal = reading.value?.proposal;
  return (
    <Page
      title={proposal ? whatWords(proposal) : 'A proposal'}
      above={<a href="/proposals">Proposals</a>}
      {...(proposal && {
        heading: (
          <span>
            <What proposal={proposal} />
          </span>
        ),
      })}
    >
      <Shown reading={reading}>{(value) => <InFull {...value} again={reading.again} />}</Shown>
    </Page>
  );
}

function InFull({ proposal, says, again }: ProposalInFull & { again: () => void }) {
  const effect = useEffectOf(proposal, says);
  return (
    <>
      <blockquote class="why">{proposal.why}</blockquote>
      <dl class="facts">
        <dt>Proposed</dt>
        <dd>
          by {proposal.own ? 'you' : proposal.by}, <Moment at={proposal.at} />
        </dd>
        <dt>How it stands</dt>
        <dd>
          <Standing proposal={proposal} />
        </dd>
        <Subjects path={proposal.path} />
        {proposal.state === 'waiting' && (
          <>
            <dt>It takes</dt>
            <dd>
              somebody else who may <code>{proposal.action}</code>
            </dd>
          </>
        )}
      </dl>
      <Noted proposal={proposal} />
      <Settle proposal={proposal} says={says} effect={effect} again={again} />
      <Says proposal={proposal} says={says} effect={effect} />
    </>
  );
}

function Standing({ proposal }: { proposal: Proposal }) {
  const { settled, state, until, outdated, own, may_approve } = proposal;
  if (settled) {
    return (
      <>
        <StateChip proposal={proposal} /> by {settled.by}, <Moment at={settled.at} />
        {settled.why && <blockquote class="why">{settled.why}</blockquote>}
        {state === 'approved' && <Made proposal={proposal} />}
      </>
    );
  }
  if (state === 'lapsed') {
    return (
      <>
        <StateChip proposal={proposal} /> since <Moment at={until} />: nobody approved it in time
      </>
    );
  }
  return (
    <>
      <StateChip proposal={proposal} />
      {!outdated && (
        <>
          {' '}
          until <Moment at={until} />
        </>
      )}
      <span class="under">
        {outdated ? (
          <>
            It cannot be approved any more: <Words text={outdated} />.{' '}
            {own ? 'Propose it again.' : 'It can be proposed again.'}
          </>
        ) : own ? (
          'You proposed it, so somebody else approves it. You can take it back.'
        ) : (
          !may_approve && 'It is not yours to approve.'
        )}
      </span>
    </>
  );
}

/** Where that is which was changed, if it is still there. */
function Made({ proposal }: { proposal: Proposal }) {
  const [href, words] = placeOf(proposal);
  return (
    <span class="under">
      <a href={href}>{words}</a>
    </span>
  );
}

function placeOf({ operation, path, what }: Proposal): [href: string, words: ComponentChildren] {
  if (operation.startsWith('Policy')) return ['/policies/history', 'See the policies of before and now'];
  if (operation === 'DeclaredApply') return ['/settings', 'See what is declared'];
  const [, , kind = '', named, part] = path.split('/').map(decodeURIComponent);
  const page = kind === 'users' ? 'people' : kind;
  const isGone = operation.endsWith('Remove') && part === undefined;
  // What was added is named in the words alone.
  const name = named ?? what.split('`')[1];
  if (isGone || name === undefined) return [at(page), `See the ${page}`];
  return [at(page, name), 'See what it changed'];
}

const KINDS: Record<string, [kind: string, page: string]> = {
  users: ['person', 'people'],
  groups: ['group', 'groups'],
  apps: ['app', 'apps'],
};

/** Who and what a path names: `/v1/users/ana/groups/staff` is about a person and a group. */
function Subjects({ path }: { path: string }) {
  const parts = path.split('/').slice(2).map(decodeURIComponent);
  const named = parts.flatMap((part, place) => {
    const [kind, page] = (place % 2 === 0 && KINDS[part]) || [];
    const name = parts[place + 1];
    return kind !== undefined && page !== undefined && name !== undefined ? [{ kind, page, name }] : [];
  });
  if (named.length === 0) return null;
  return (
    <>
      <dt>About</dt>
      <dd>
        {named.map(({ kind, page, name }, place) => (
          <Fragment key={kind}>
            {place > 0 && ', '}
            the {kind}{' '}
            <a href={at(page, name)}>
              <Named text={name} />
            </a>
          </Fragment>
        ))}
      </dd>
    </>
  );
}
