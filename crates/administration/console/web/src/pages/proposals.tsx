// What somebody proposed, and what became of it: what waits comes first.

import { useMe } from '../api/me';
import type { Proposal } from '../api/types';
import { at, refine, useAddress } from '../router';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { Pager, usePaged } from '../ui/paged';
import { StateChip, What } from '../ui/proposal';
import { Words } from '../ui/sentence';
import { type Column, Table } from '../ui/table';
import { Time } from '../ui/time';
import { count } from '../ui/words';

const ALL = 'all';

const STATES = ['waiting', 'approved', 'declined', 'withdrawn', 'lapsed', ALL];

export function ProposalsPage() {
  const state = useAddress().search.get('state') ?? 'waiting';
  const paged = usePaged<Proposal>('/v1/proposals', { state: state === ALL ? undefined : state });
  const total = paged.reading.value?.total;
  return (
    <Page
      title="Proposals"
      wide
      lead="One person proposes a change, and it is made once somebody else has looked at it and approves it."
    >
      <div class="filters" role="search" aria-label="Filter the proposals">
        <fieldset class="segments">
          <legend class="hidden">How they stand</legend>
          {STATES.map((value) => (
            <label key={value} class="segment">
              <input
                type="radio"
                name="state"
                value={value}
                checked={state === value}
                onChange={() => refine({ state: value === 'waiting' ? undefined : value })}
              />
              <span>{value}</span>
            </label>
          ))}
        </fieldset>
        <span class="spring" />
        <span class="small" role="status">
          {total !== undefined && total > 0 && count(total, 'proposal')}
        </span>
      </div>
      <Shown reading={paged.reading}>
        {(list) =>
          list.items.length === 0 ? (
            <Nothing state={state} />
          ) : (
            <>
              <Table
                caption="Proposals"
                columns={COLUMNS}
                rows={list.items}
                id={(proposal) => proposal.id}
                busy={paged.reading.busy}
              />
              <Pager paged={paged} what="proposals" />
            </>
          )
        }
      </Shown>
    </Page>
  );
}

function Nothing({ state }: { state: string }) {
  const mayPropose = (useMe()?.may_propose ?? []).length > 0;
  if (state !== 'waiting' && state !== ALL) {
    return (
      <Empty title={`None is ${state}`}>
        <p>
          What waits is under <i>waiting</i>, and everything under <i>all</i>.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title={state === ALL ? 'Nothing was proposed yet' : 'Nothing waits'}>
      <p>
        Whoever may not make a change alone proposes it, with a reason: policies, groups, apps, people. It stands here
        with what it does to people, until somebody else who may make it approves or declines it. Who proposes a change
        never approves it.
      </p>
      <p>
        {mayPropose
          ? 'You propose where a button says so, and in the policy editor beside saving.'
          : 'Policy does not let you propose changes.'}{' '}
        Copy <code>policies/approvals</code> into the policy folder to make rights always take two people.
      </p>
    </Empty>
  );
}

const COLUMNS: Column<Proposal>[] = [
  {
    title: 'Change',
    kind: 'main',
    cell: (proposal) => (
      <>
        <a class="strong" href={at('proposals', proposal.id)}>
          <What proposal={proposal} />
        </a>
        <span class="under">“{proposal.why}”</span>
      </>
    ),
  },
  {
    title: 'Proposed',
    cell: (proposal) => (
      <>
        by {proposal.own ? 'you' : proposal.by}
        <span class="under">
          <Time at={proposal.at} />
        </span>
      </>
    ),
  },
  {
    title: 'How it stands',
    cell: (proposal) => (
      <>
        <StateChip proposal={proposal} />
        <span class="under">
          <Since proposal={proposal} />
        </span>
      </>
    ),
  },
];

function Since({ proposal: { state, settled, outdated, until } }: { proposal: Proposal }) {
  if (settled)
    return (
      <>
        by {settled.by}, <Time at={settled.at} />
      </>
    );
  if (outdated) return <Words text={outdated} />;
  return (
    <>
      {state === 'lapsed' ? 'nobody looked in time, ' : 'lapses '}
      <Time at={until} />
    </>
  );
}
