// What a person can reach: always, on which condition, or not, and which policies say so.

import { useState } from 'preact/hooks';

import { to } from '../../api/client';
import type { List, PersonAccess } from '../../api/types';
import { useRead } from '../../api/use';
import { at } from '../../router';
import { AccessChip } from '../../ui/chip';
import { PolicyIds } from '../../ui/policies';
import { Empty, Shown } from '../../ui/notes';
import { type Column, Table } from '../../ui/table';
import { listed, number } from '../../ui/words';

const MOST = 50;

export function Reach({ user }: { user: string }) {
  const reading = useRead<List<PersonAccess>>(to('users', user, 'access'));
  const [all, setAll] = useState(false);
  const [text, setText] = useState('');
  return (
    <Shown reading={reading}>
      {({ items }) => {
        const open = items.filter((item) => item.access !== 'never');
        const shut = items.length - open.length;
        const wanted = (all ? items : open).filter((item) =>
          `${item.title} ${item.route} ${item.host}`.toLowerCase().includes(text.toLowerCase()),
        );
        if (items.length === 0) {
          return (
            <Empty title="No app yet">
              <p>Once there are apps and policies, what {user} reaches is listed here with the policy that says so.</p>
            </Empty>
          );
        }
        return (
          <>
            <div class="filters">
              <input
                class="filter"
                type="search"
                aria-label="App or route"
                placeholder="App or route"
                value={text}
                onInput={(event) => setText(event.currentTarget.value)}
              />
              <label class="inline-check">
                <input type="checkbox" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />{' '}
                {shut === 1 ? 'also the one that stays shut' : `also the ${number(shut)} that stay shut`}
              </label>
            </div>
            {wanted.length === 0 ? (
              <Empty title={open.length === 0 ? 'Nothing is open to them' : 'Nothing matches'}>
                <p>Groups open apps: put {user} into one that a policy names, or add a policy.</p>
              </Empty>
            ) : (
              <Table
                caption={`What ${user} can reach`}
                columns={COLUMNS}
                rows={wanted.slice(0, MOST)}
                id={(item) => item.route}
              />
            )}
            {wanted.length > MOST && (
              <p class="small after">
                The first {MOST} of {number(wanted.length)}. Filter to see others.
              </p>
            )}
          </>
        );
      }}
    </Shown>
  );
}

const COLUMNS: Column<PersonAccess>[] = [
  {
    title: 'App and route',
    kind: 'main',
    cell: (item) => (
      <>
        <a class="strong" href={at('apps', item.app)}>
          {item.title}
        </a>
        <span class="under mono">{item.route}</span>
      </>
    ),
  },
  {
    title: 'Access',
    cell: (item) => (
      <>
        <AccessChip access={item.access} />
        {item.conditions.length > 0 && <span class="under">needs {listed(item.conditions)}</span>}
        {item.access === 'never' && item.ways.length > 0 && <span class="under">{item.ways[0]}</span>}
      </>
    ),
  },
  { title: 'Because', cell: (item) => <PolicyIds ids={item.because} /> },
];
