// Who is signed in, and what is open: each can be ended.

import { useEffect, useState } from 'preact/hooks';

import { useMay } from '../api/me';
import type { Lease, Session } from '../api/types';
import { useRested } from '../api/use';
import { at, refine, useAddress } from '../router';
import { SuggestingFilter } from '../ui/choose';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { Pager, usePaged } from '../ui/paged';
import { type Column, Table } from '../ui/table';
import { Time } from '../ui/time';
import { count, listed, number, unit } from '../ui/words';
import { EndLease, EndSession } from './end';
import { PersonLink } from './person';

function Tabs({ here }: { here: 'sessions' | 'leases' }) {
  return (
    <nav class="tabs" aria-label="Sessions and leases">
      <a href="/sessions" aria-current={here === 'sessions' ? 'page' : undefined}>
        Sessions
      </a>
      <a href="/leases" aria-current={here === 'leases' ? 'page' : undefined}>
        Leases
      </a>
    </nav>
  );
}

/** A filter that is typed, asked for once it rests, and kept in the address. */
function useTyped(name: string): [typed: string, set: (value: string) => void, rested: string] {
  const { search } = useAddress();
  const [typed, setTyped] = useState(search.get(name) ?? '');
  const rested = useRested(typed.trim(), 250);
  useEffect(() => refine({ [name]: rested }), [name, rested]);
  return [typed, setTyped, rested];
}

export function SessionsPage() {
  const [typed, setTyped, user] = useTyped('user');
  const paged = usePaged<Session>('/v1/sessions', { user });
  const [asked, setAsked] = useState<Session>();
  const may = useMay('admin.session.end');
  const total = paged.reading.value?.total;
  return (
    <Page title="Sessions" wide lead="Where people are signed in. Ending a session signs them out there and cuts what is open on it.">
      <Tabs here="sessions" />
      <div class="filters" role="search" aria-label="Filter the sessions">
        <SuggestingFilter of="user" label="Person" value={typed} set={setTyped} wide />
        <span class="spring" />
        <span class="small" role="status">
          {total !== undefined && count(total, 'session')}
        </span>
      </div>
      <Shown reading={paged.reading}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={user ? `${user} is not signed in` : 'Nobody is signed in'}>
              <p>A session begins with a passkey or a link, on one browser, and ends at its time, by signing out, or here.</p>
            </Empty>
          ) : (
            <Table caption="Sessions" columns={sessionColumns(may ? setAsked : undefined)} rows={items} id={(session) => session.id} busy={paged.reading.busy} />
          )
        }
      </Shown>
      <Pager paged={paged} what="sessions" />
      {asked && (
        <EndSession
          session={asked}
          close={() => setAsked(undefined)}
          ended={() => {
            setAsked(undefined);
            paged.reading.again();
          }}
        />
      )}
    </Page>
  );
}

function sessionColumns(end: ((session: Session) => void) | undefined): Column<Session>[] {
  const columns: Column<Session>[] = [
    {
      title: 'Person',
      kind: 'main',
      cell: (session) => (
        <>
          <a class="strong" href={at('people', session.user)}>
            {session.user}
          </a>
          <span class="under">on {session.client}</span>
        </>
      ),
    },
    { title: 'Signed in', cell: (session) => <>by {listed(session.methods)}<span class="under"><Time at={session.started} /></span></> },
    { title: 'Last seen', kind: 'quiet', cell: (session) => <Time at={session.seen} /> },
    { title: 'Ends', kind: 'quiet', cell: (session) => <Time at={session.expires} /> },
    { title: 'Open leases', kind: 'number', unit: (session) => unit(session.leases, 'open lease'), cell: (session) => number(session.leases) },
  ];
  if (end) columns.push({ title: 'End', kind: 'actions', cell: (session) => <EndButton of={`the session of ${session.user} on ${session.client}`} end={() => end(session)} /> });
  return columns;
}

function EndButton({ of, end }: { of: string; end: () => void }) {
  return (
    <button type="button" class="button small-button danger" onClick={end}>
      End<span class="hidden"> {of}</span>
    </button>
  );
}

export function LeasesPage() {
  const [typedUser, setUser, user] = useTyped('user');
  const [typedApp, setApp, app] = useTyped('app');
  const paged = usePaged<Lease>('/v1/leases', { user, app });
  const [asked, setAsked] = useState<Lease>();
  const may = useMay('admin.session.end');
  const list = paged.reading.value;
  return (
    <Page title="Leases" wide lead="What is open now. A lease holds until its time is up, and only while what it rests on stands.">
      <Tabs here="leases" />
      <div class="filters" role="search" aria-label="Filter the leases">
        <SuggestingFilter of="user" label="Person" value={typedUser} set={setUser} />
        <SuggestingFilter of="app" label="App" value={typedApp} set={setApp} />
        <span class="spring" />
        <span class="small" role="status">
          {list?.total !== undefined && count(list.total, 'open lease')}
          {list?.incomplete && ', not all of which could be listed'}
        </span>
      </div>
      <Shown reading={paged.reading}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing is open">
              <p>Each page that loads, each download and each WebSocket is a lease and stands here while it lasts. When its grounds fall away (a group, a session, a policy) it is cut by itself.</p>
            </Empty>
          ) : (
            <Table caption="Leases" columns={leaseColumns(may ? setAsked : undefined)} rows={items} id={(lease) => lease.id} busy={paged.reading.busy} />
          )
        }
      </Shown>
      <Pager paged={paged} what="leases" />
      {asked && (
        <EndLease
          lease={asked}
          close={() => setAsked(undefined)}
          ended={() => {
            setAsked(undefined);
            paged.reading.again();
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
    { title: 'Holds until', kind: 'quiet', cell: (lease) => (lease.valid_until === undefined ? <span class="soft">it ends or a fact changes</span> : <Time at={lease.valid_until} />) },
    { title: 'From', kind: 'quiet', cell: (lease) => <code>{lease.address}</code> },
    { title: 'Decision', cell: (lease) => <a href={at('decisions', lease.decision)}><code>{lease.decision}</code></a> },
  ];
  if (end) columns.push({ title: 'End', kind: 'actions', cell: (lease) => <EndButton of={`the lease of ${lease.user ?? 'a stranger'} on ${lease.app}`} end={() => end(lease)} /> });
  return columns;
}
