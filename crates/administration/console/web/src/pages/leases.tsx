// What is open: each lease can be ended.

import { useState } from 'preact/hooks';

import { query } from '../api/client';
import { useMay } from '../api/me';
import type { Lease, List } from '../api/types';
import { useWatch } from '../api/use';
import { at } from '../router';
import { SuggestingFilter } from '../ui/choose';
import { More, STEP } from '../ui/more';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { type Column, Table } from '../ui/table';
import { Time } from '../ui/time';
import { count, number } from '../ui/words';
import { EndLease } from './end';
import { PersonLink } from './person';
import { EndButton, Tabs, useTyped } from './sessions/parts';

/** As many as the server lists at once. */
const MOST = 1000;

export function LeasesPage() {
  const [typedUser, setUser, user] = useTyped('user');
  const [typedApp, setApp, app] = useTyped('app');
  const reading = useWatch<List<Lease>>(`/v1/leases${query({ user, app, limit: MOST })}`, 5000);
  const [shown, setShown] = useState(STEP);
  const [asked, setAsked] = useState<Lease>();
  const may = useMay('admin.session.end');
  const list = reading.value;
  return (
    <Page
      title="Leases"
      wide
      lead="What is open now. A lease holds until its time is up, and only while what it rests on stands."
    >
      <Tabs here="leases" />
      <div class="filters" role="search" aria-label="Filter the leases">
        <SuggestingFilter of="user" label="Person" value={typedUser} set={setUser} />
        <SuggestingFilter of="app" label="App" value={typedApp} set={setApp} />
        <span class="spring" />
        <span class="small" role="status">
          {list?.total !== undefined && count(list.total, 'open lease')}
          {list?.incomplete && `, the newest ${number(list.items.length)} of which are listed`}
        </span>
      </div>
      <Shown reading={reading}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing is open">
              <p>
                Each page that loads, each download and each WebSocket is a lease and stands here while it lasts. When
                its grounds fall away (a group, a session, a policy) it is cut by itself.
              </p>
            </Empty>
          ) : (
            <Table
              caption="Leases"
              columns={leaseColumns(may ? setAsked : undefined)}
              rows={[...items].reverse().slice(0, shown)}
              id={(lease) => lease.id}
              busy={false}
            />
          )
        }
      </Shown>
      {list && <More shown={shown} of={list.items.length} what="leases" show={setShown} />}
      {asked && (
        <EndLease
          lease={asked}
          close={() => setAsked(undefined)}
          ended={() => {
            setAsked(undefined);
            reading.again();
          }}
        />
      )}
    </Page>
  );
}

function leaseColumns(end: ((lease: Lease) => void) | undefined): Column<Lease>[] {
  const columns: Column<Lease>[] = [
    {
      title: 'Who and what',
      kind: 'main',
      cell: (lease) => (
        <>
          <span class="strong">
            <PersonLink name={lease.user} /> → <a href={at('apps', lease.app)}>{lease.app}</a>
          </span>
          <span class="under">
            <code>
              {lease.websocket ? 'WebSocket' : lease.method} {lease.path}
            </code>
          </span>
        </>
      ),
    },
    { title: 'Open since', cell: (lease) => <Time at={lease.opened} /> },
    {
      title: 'Holds until',
      kind: 'quiet',
      cell: (lease) =>
        lease.valid_until === undefined ? (
          <span class="soft">it ends or a fact changes</span>
        ) : (
          <Time at={lease.valid_until} />
        ),
    },
    { title: 'From', kind: 'quiet', cell: (lease) => <code>{lease.address}</code> },
    {
      title: 'Decision',
      cell: (lease) => (
        <a href={at('decisions', lease.decision)}>
          <code>{lease.decision}</code>
        </a>
      ),
    },
  ];
  if (end)
    columns.push({
      title: 'End',
      kind: 'actions',
      cell: (lease) => (
        <EndButton
          of={`the lease of ${lease.user ?? 'a stranger'} on ${lease.app}`}
          whose={lease.user}
          end={() => end(lease)}
        />
      ),
    });
  return columns;
}
