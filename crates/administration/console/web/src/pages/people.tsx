// Everybody that Gatewright knows, page by page.

import { useEffect, useState } from 'preact/hooks';

import { useWay } from '../api/me';
import type { User } from '../api/types';
import { useRested } from '../api/use';
import { at, refine, useAddress } from '../router';
import { Chip } from '../ui/chip';
import { SuggestingFilter } from '../ui/choose';
import { Until, useMemberships } from '../ui/memberships';
import { verb } from '../ui/finish';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { Pager, usePaged } from '../ui/paged';
import { type Column, Table } from '../ui/table';
import { count, number, unit } from '../ui/words';

const STATES: [string, string][] = [
  ['', 'everybody'],
  ['active', 'active'],
  ['disabled', 'disabled'],
  ['without-passkey', 'without a passkey'],
];

export function PeoplePage() {
  const { search } = useAddress();
  const [text, setText] = useState(search.get('q') ?? '');
  const [group, setGroup] = useState(search.get('group') ?? '');
  const state = search.get('state') ?? '';
  const q = useRested(text.trim());
  const within = useRested(group.trim());
  useEffect(() => refine({ q, group: within }), [q, within]);
  const paged = usePaged<User>('/v1/users', { q, group: within, state });
  const toAdd = useWay('admin.user.add');
  const total = paged.reading.value?.total;
  return (
    <Page
      title="People"
      wide
      aside={
        toAdd && (
          <a class="button first" href="/people/add">
            {verb(toAdd, 'Add a person')}
          </a>
        )
      }
    >
      <div class="filters" role="search" aria-label="Filter the people">
        <input
          class="filter wide-filter"
          type="search"
          aria-label="Name or address"
          placeholder="Name or address"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <SuggestingFilter of="group" label="Group" value={group} set={setGroup} />
        <fieldset class="segments">
          <legend class="hidden">State</legend>
          {STATES.map(([value, words]) => (
            <label key={value} class="segment">
              <input
                type="radio"
                name="state"
                value={value}
                checked={state === value}
                onChange={() => refine({ state: value || undefined })}
              />
              <span>{words}</span>
            </label>
          ))}
        </fieldset>
        <span class="spring" />
        <span class="small" role="status">
          {total !== undefined && count(total, 'person', 'people')}
        </span>
      </div>
      <Shown reading={paged.reading}>
        {(list) =>
          list.items.length === 0 ? (
            <Nobody filtered={q !== '' || within !== '' || state !== ''} />
          ) : (
            <>
              <Table
                caption="People"
                columns={COLUMNS}
                rows={list.items}
                id={(user) => user.id}
                busy={paged.reading.busy}
              />
              <Pager paged={paged} what="people" />
            </>
          )
        }
      </Shown>
    </Page>
  );
}

function Nobody({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty title="Nobody matches">
        <p>Names and addresses are searched. Take a filter away to see more people.</p>
      </Empty>
    );
  }
  return (
    <Empty title="Nobody is here yet">
      <p>
        Add a person, then make them an enrolment link: they open it once and add their first passkey. The first owner
        comes from the machine itself: <code>gatewright user add --role owner</code>.
      </p>
    </Empty>
  );
}

export function Factors({ user }: { user: User }) {
  const passkeys = user.factors.filter((factor) => factor.kind === 'passkey').length;
  if (passkeys > 0) return <>{count(passkeys, 'passkey')}</>;
  return <span class="soft">no passkey</span>;
}

/** The groups that somebody is in now; what has lapsed is on their page. */
function GroupsOf({ user }: { user: User }) {
  const { running } = useMemberships(user.groups);
  if (running.length === 0) return <span class="soft">no group</span>;
  return (
    <>
      {running.slice(0, GROUPS).map((membership, index) => (
        <span key={membership.group}>
          {index > 0 && ', '}
          {membership.group}
          {membership.until !== undefined && (
            <span class="soft">
              {' '}
              (<Until membership={membership} />)
            </span>
          )}
        </span>
      ))}
      {running.length > GROUPS && <span class="soft"> and {number(running.length - GROUPS)} more</span>}
    </>
  );
}

/** Groups that are named in the list. */
const GROUPS = 3;

const COLUMNS: Column<User>[] = [
  {
    title: 'Person',
    kind: 'main',
    cell: (user) => (
      <>
        <a class="strong" href={at('people', user.name)}>
          {user.display_name || user.name}
        </a>
        <span class="under">
          {user.name}
          {user.email && ` · ${user.email}`}
        </span>
      </>
    ),
  },
  {
    title: 'State',
    cell: (user) =>
      user.disabled ? (
        <Chip tone="deny" mark="✕">
          disabled
        </Chip>
      ) : (
        <Chip tone="allow" mark="✓">
          active
        </Chip>
      ),
  },
  {
    title: 'Groups',
    cell: (user) => <GroupsOf user={user} />,
  },
  { title: 'Proves with', kind: 'quiet', cell: (user) => <Factors user={user} /> },
  {
    title: 'Sessions',
    kind: 'number',
    unit: (user) => unit(user.sessions, 'session'),
    cell: (user) => number(user.sessions),
  },
];
