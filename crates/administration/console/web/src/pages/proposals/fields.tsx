// What a proposed request says, field by field, beside what is so now.

import type { ComponentChildren } from 'preact';

import type { Proposal } from '../../api/types';
import { useRead } from '../../api/use';
import { type Column, Table } from '../../ui/table';
import { exact } from '../../ui/time';
import { capital } from '../../ui/words';

/** What these replace is read at their own path. */
const REPLACE = ['UserChange', 'GroupPut', 'AppPut'];

type Fields = Record<string, unknown>;

interface Row {
  name: string;
  now: unknown;
  then: unknown;
}

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0);

const same = (one: unknown, other: unknown): boolean =>
  (isEmpty(one) && isEmpty(other)) || JSON.stringify(one) === JSON.stringify(other);

const spaced = (name: string): string => capital(name.replaceAll('_', ' '));

export function FieldsShown({ proposal, says }: { proposal: Proposal; says: Fields }) {
  const replaces = REPLACE.includes(proposal.operation);
  const present = useRead<Fields>(replaces ? proposal.path : null);
  if (present.busy && !present.value) return <p class="loading soft">Loading …</p>;
  const now = present.value;
  const said = proposal.operation === 'UserGroupAdd' ? { until: null, ...says } : says;
  const rows = Object.entries(said)
    .map(([name, then]): Row => ({ name, now: now?.[name], then }))
    .filter(({ name, now: before, then }) => (now ? !same(before, then) : !isEmpty(then) || name === 'until'));
  if (rows.length === 0)
    return <p>{now ? 'Everything is as it says already.' : 'Nothing more than its title says.'}</p>;
  return (
    <>
      <Table
        caption="What it says"
        columns={now ? [FIELD, NOW, THEN] : [FIELD, SAID]}
        rows={rows}
        id={(row) => row.name}
      />
      {now && <p class="small after">Everything else stays as it is.</p>}
    </>
  );
}

const FIELD: Column<Row> = { title: 'Field', kind: 'main', cell: (row) => spaced(row.name) };
const NOW: Column<Row> = { title: 'Now', cell: (row) => <Labelled label="now">{shown(row, row.now)}</Labelled> };
const THEN: Column<Row> = {
  title: 'Proposed',
  cell: (row) => <Labelled label="proposed">{shown(row, row.then)}</Labelled>,
};
const SAID: Column<Row> = { title: 'Value', cell: (row) => shown(row, row.then) };

/** On a phone there is no head that tells both apart. */
function Labelled({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <>
      <span class="small phone-label">{label} </span>
      {children}
    </>
  );
}

function shown(row: Row, value: unknown): ComponentChildren {
  if (isEmpty(value)) return <span class="soft">{row.name === 'until' ? 'for good' : 'none'}</span>;
  if (row.name === 'until' && typeof value === 'number') return exact(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ');
  return <pre class="value">{JSON.stringify(value, null, 2)}</pre>;
}
