// What a proposed request says, field by field, beside what is so now.

import type { ComponentChildren } from 'preact';

import type { Proposal } from '../../api/types';
import { useRead } from '../../api/use';
import { Chip } from '../../ui/chip';
import { ProblemNote } from '../../ui/notes';
import { type Column, Table } from '../../ui/table';
import { exact } from '../../ui/time';
import { capital } from '../../ui/words';

/** What these replace is read at their own path. */
const REPLACE = ['UserChange', 'GroupPut', 'AppPut'];

type Fields = Record<string, unknown>;

/** These replace the whole thing: what they leave out becomes what is told here, or nothing. */
const WHOLE: Record<string, (says: Fields) => Fields> = {
  AppPut: ({ name }) => ({ title: name, in_portal: true, preserve_host: true }),
  GroupPut: () => ({}),
};

/** What is read of a thing and nobody leaves out: its name is in the path, the rest is worked out. */
const NOT_SAID = ['name', 'url', 'managed_by', 'built_in', 'version', 'members', 'people'];

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
  const whole = WHOLE[proposal.operation];
  const names = new Set([
    ...Object.keys(said),
    ...Object.keys((whole && now) ?? {}).filter((name) => !NOT_SAID.includes(name)),
  ]);
  const then = { ...whole?.(said), ...said };
  const rows = [...names]
    .map((name): Row => ({ name, now: now?.[name], then: then[name] }))
    .filter((row) => (now ? !same(row.now, row.then) : !isEmpty(row.then) || row.name === 'until'));
  if (rows.length === 0 && (now || !whole))
    return <p>{now ? 'Everything is as it says already.' : 'Nothing more than its title says.'}</p>;
  return (
    <>
      {replaces && !now && <ProblemNote problem={present.problem} again={present.again} />}
      {rows.length > 0 && (
        <Table
          caption="What it says"
          columns={now ? [FIELD, NOW, THEN] : [FIELD, SAID]}
          rows={rows}
          id={(row) => row.name}
        />
      )}
      {whole ? (
        <p class={now ? 'small after' : 'warning-words after'}>
          {now ? 'It is replaced whole: ' : '! It is replaced whole, and not compared with what it is now: '}
          what is left out is taken away.
        </p>
      ) : (
        now && <p class="small after">Everything else stays as it is.</p>
      )}
    </>
  );
}

const FIELD: Column<Row> = { title: 'Field', kind: 'main', cell: (row) => spaced(row.name) };
const NOW: Column<Row> = { title: 'Now', cell: (row) => <Labelled label="now">{shown(row, row.now)}</Labelled> };
const THEN: Column<Row> = {
  title: 'Proposed',
  cell: (row) => (
    <Labelled label="proposed">
      {isEmpty(row.then) ? (
        <Chip tone="deny" mark="−">
          taken away
        </Chip>
      ) : (
        shown(row, row.then)
      )}
    </Labelled>
  ),
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
