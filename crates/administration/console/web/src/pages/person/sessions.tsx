// Where a person is signed in.

import { useState } from 'preact/hooks';

import { api, query, to } from '../../api/client';
import { useMay } from '../../api/me';
import type { List, Session } from '../../api/types';
import { useRefusal } from '../../api/refused';
import { useDoing, useRead } from '../../api/use';
import { Act, Why } from '../../ui/act';
import { say } from '../../ui/announce';
import { Confirm } from '../../ui/dialog';
import { Empty, Shown } from '../../ui/notes';
import { Time } from '../../ui/time';
import { count, listed } from '../../ui/words';
import { EndSession, endOf } from '../end';
import { EndButton, proofs } from '../sessions/parts';

export function PersonSessions({ user, again }: { user: string; again: () => void }) {
  const reading = useRead<List<Session>>(`/v1/sessions${query({ user })}`);
  const [asked, setAsked] = useState<Session | 'all'>();
  const may = useMay('admin.session.end');
  const refused = useRefusal(endOf(user));
  const ended = () => {
    setAsked(undefined);
    reading.again();
    again();
  };
  return (
    <Shown reading={reading}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title="Not signed in anywhere">
            <p>Each sign-in of {user} appears here, with how they proved who they are and what is open on it.</p>
          </Empty>
        ) : (
          <>
            <ul class="card list">
              {items.map((session) => (
                <li class="row" key={session.id}>
                  <div class="grow">
                    <span class="strong">{session.client}</span>
                    <span class="under">
                      by {proofs(session)} <Time at={session.started} /> · last seen <Time at={session.seen} /> ·{' '}
                      {count(session.leases, 'open lease')} · ends <Time at={session.expires} />
                    </span>
                  </div>
                  {may && (
                    <EndButton of={`the session on ${session.client}`} whose={user} end={() => setAsked(session)} />
                  )}
                </li>
              ))}
            </ul>
            {may && items.length > 1 && (
              <p class="buttons">
                <Act class="button danger" why={refused} onClick={() => setAsked('all')}>
                  End all {items.length}
                </Act>
              </p>
            )}
            {may && <Why why={refused} />}
            {asked === 'all' && <EndAll user={user} sessions={items} ended={ended} close={() => setAsked(undefined)} />}
            {asked && asked !== 'all' && <EndSession session={asked} ended={ended} close={() => setAsked(undefined)} />}
          </>
        )
      }
    </Shown>
  );
}

function EndAll({
  user,
  sessions,
  ended,
  close,
}: {
  user: string;
  sessions: Session[];
  ended: () => void;
  close: () => void;
}) {
  const doing = useDoing(endOf(user));
  const leases = sessions.reduce((sum, session) => sum + session.leases, 0);
  const end = async () => {
    if (!(await doing.run(() => api.remove(to('users', user, 'sessions'))))) return;
    say(`All sessions of ${user} are over`);
    ended();
  };
  return (
    <Confirm
      title={`End all sessions of ${user}?`}
      action={`End ${sessions.length} sessions`}
      danger
      doing={doing}
      close={close}
      onConfirm={end}
    >
      <p>
        Signs {user} out on {listed(sessions.map((session) => session.client))} and cuts {count(leases, 'open lease')}{' '}
        at once. They can sign in again.
      </p>
    </Confirm>
  );
}
