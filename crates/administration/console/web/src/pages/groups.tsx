// The groups that policies let in.

import { useEffect, useState } from 'preact/hooks';

import { useChange } from '../api/change';
import { api } from '../api/client';
import { useWay } from '../api/me';
import type { Group, List } from '../api/types';
import { useAll } from '../api/use-all';
import { at, go, refine, useAddress } from '../router';
import { say } from '../ui/announce';
import { GroupField } from '../ui/choose';
import { Dialog } from '../ui/dialog';
import { TextField } from '../ui/field';
import { Finish, verb } from '../ui/finish';
import { More, STEP } from '../ui/more';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { type Column, Table } from '../ui/table';
import { count, number, unit } from '../ui/words';

export function GroupsPage() {
  const { search } = useAddress();
  const reading = useAll<List<Group>>('/v1/groups');
  const [text, setText] = useState(search.get('q') ?? '');
  const [shown, setShown] = useState(STEP);
  const [adding, setAdding] = useState(false);
  const way = useWay('admin.policy.apply');
  useEffect(() => {
    refine({ q: text.trim() });
    setShown(STEP);
  }, [text]);
  return (
    <Page
      title="Groups"
      wide
      aside={
        way && (
          <button type="button" class="button first" onClick={() => setAdding(true)}>
            {verb(way, 'Add a group')}
          </button>
        )
      }
    >
      <Shown reading={reading}>
        {({ items }) => {
          const wanted = items.filter((group) =>
            `${group.name} ${group.title} ${group.parents.join(' ')}`.toLowerCase().includes(text.trim().toLowerCase()),
          );
          return (
            <>
              <div class="filters" role="search" aria-label="Filter the groups">
                <input
                  class="filter wide-filter"
                  type="search"
                  aria-label="Name"
                  placeholder="Name"
                  value={text}
                  onInput={(event) => setText(event.currentTarget.value)}
                />
                <span class="spring" />
                <span class="small" role="status">
                  {count(wanted.length, 'group')}
                </span>
              </div>
              {wanted.length === 0 ? (
                <Empty title={text.trim() ? 'No group matches' : 'No group yet'}>
                  <p>
                    A group is whom a policy is for: <code>principal in Group::"staff"</code>. Groups may be in groups:
                    whoever is in <i>finance-madrid</i> can be in <i>finance</i> through it.
                  </p>
                </Empty>
              ) : (
                <Table
                  caption="Groups"
                  columns={COLUMNS}
                  rows={wanted.slice(0, shown)}
                  id={(group) => group.name}
                  busy={reading.busy}
                />
              )}
              <More shown={shown} of={wanted.length} what="groups" show={setShown} />
            </>
          );
        }}
      </Shown>
      {adding && <Add close={() => setAdding(false)} />}
    </Page>
  );
}

const COLUMNS: Column<Group>[] = [
  {
    title: 'Group',
    kind: 'main',
    cell: (group) => (
      <>
        <a class="strong" href={at('groups', group.name)}>
          {group.name}
        </a>
        {group.title && <span class="under">{group.title}</span>}
      </>
    ),
  },
  {
    title: 'In',
    cell: (group) => (group.parents.length > 0 ? group.parents.join(', ') : <span class="soft">in no other</span>),
  },
  { title: 'Directly', kind: 'number', unit: () => 'directly', cell: (group) => number(group.members) },
  {
    title: 'People',
    kind: 'number',
    unit: (group) => unit(group.people, 'person', 'people'),
    cell: (group) => number(group.people),
  },
];

function Add({ close }: { close: () => void }) {
  const [name, setName] = useState('');
  const [title, setTitle] = useState('');
  const [parent, setParent] = useState('');
  const doing = useChange('admin.policy.apply');
  const add = async (event: Event) => {
    event.preventDefault();
    const body = {
      name: name.trim(),
      ...(title.trim() && { title: title.trim() }),
      parents: parent.trim() ? [parent.trim()] : [],
    };
    if (!(await doing.run((how) => api.post('/v1/groups', body, { once: crypto.randomUUID(), ...how })))) return;
    say(`${body.name} is added`);
    close();
    go(at('groups', body.name));
  };
  return (
    <Dialog title="Add a group" close={close}>
      <form onSubmit={add}>
        <TextField
          label="Name"
          mono
          value={name}
          set={setName}
          hint="Lower case, as policies name it: finance-madrid."
          problem={doing.problem}
          name="name"
          required
        />
        <TextField label="Title" value={title} set={setTitle} problem={doing.problem} name="title" />
        <GroupField
          label="In the group"
          value={parent}
          set={setParent}
          hint="Empty: in no other. Whoever is in the new group is then in this one too."
          problem={doing.problem}
          name="parents"
        />
        <Finish doing={doing} action="Add the group" leave={close} leaving="Leave it" />
      </form>
    </Dialog>
  );
}
