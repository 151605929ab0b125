// Who is signed in: each session can be ended.

import { useState } from 'preact/hooks';

import { useMay } from '../api/me';
import type { Session } from '../api/types';
import { at } from '../router';
import { SuggestingFilter } from '../ui/choose';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { Pager, usePaged } from '../ui/paged';
import { type Column, Table } from '../ui/table';
import { Time } from '../ui/time';
import { count, number, unit } from '../ui/words';
import { EndSession } from './end';
import { EndButton, Tabs, proofs, useTyped } from './sessions/parts';

export function SessionsPage() {
  const [typed, setTyped, user] = useTyped('user');
  const paged = usePaged<Session>('/v1/sessions', { user });
  const [asked, setAsked] = useState<Session>();
  const may = useMay('admin.session.end');
  const total = paged.reading.value?.total;
  return (
    <Page
      title="Sessions"
      wide
      lead="Where people are signed in. Ending a session signs them out there and cuts what is open on it."
    >
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
              <p>
                A session begins with a passkey or a link, on one browser, and ends at its time, by signing out, or
                here.
              </p>
            </Empty>
          ) : (
            <Table
              caption="Sessions"
              columns={sessionColumns(may ? setAsked : undefined)}
              rows={items}
              id={(session) => session.id}
              busy={paged.reading.busy}
            />
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
    {
      title: 'Signed in',
      cell: (session) => (
        <>
          by {proofs(session)}
          <span class="under">
            <Time at={session.started} />
          </span>
        </>
      ),
    },
    { title: 'Last seen', kind: 'quiet', cell: (session) => <Time at={session.seen} /> },
    { title: 'Ends', kind: 'quiet', cell: (session) => <Time at={session.expires} /> },
    {
      title: 'Open leases',
      kind: 'number',
      unit: (session) => unit(session.leases, 'open lease'),
      cell: (session) => number(session.leases),
    },
  ];
  if (end)
    columns.push({
      title: 'End',
      kind: 'actions',
      cell: (session) => (
        <EndButton
          of={`the session of ${session.user} on ${session.client}`}
          whose={session.user}
          end={() => end(session)}
        />
      ),
    });
  return columns;
}
