// Ending a session or a lease: whom it touches is said before.

import { api, to } from '../api/client';
import type { Lease, Session } from '../api/types';
import { useDoing } from '../api/use';
import { say } from '../ui/announce';
import { Confirm } from '../ui/dialog';
import { Time } from '../ui/time';
import { count } from '../ui/words';

/** Policy judges by whose it is: refused for one is refused for all of theirs. */
export const endOf = (user: string | undefined): string => `end ${user ?? ''}`;

export function EndSession({ session, ended, close }: { session: Session; ended: () => void; close: () => void }) {
  const doing = useDoing(endOf(session.user));
  const end = async () => {
    if (!(await doing.run(() => api.remove(to('sessions', session.id))))) return;
    say(`The session of ${session.user} is over`);
    ended();
  };
  return (
    <Confirm title="End this session?" action="End this session" danger doing={doing} close={close} onConfirm={end}>
      <p>
        Signs <b>{session.user}</b> out on <b>{session.client}</b>, where they signed in <Time at={session.started} />,
        and cuts {count(session.leases, 'open lease')} at once. They can sign in again.
      </p>
    </Confirm>
  );
}

export function EndLease({ lease, ended, close }: { lease: Lease; ended: () => void; close: () => void }) {
  const doing = useDoing(endOf(lease.user));
  const who = lease.user ?? 'a stranger';
  const end = async () => {
    if (!(await doing.run(() => api.remove(to('leases', lease.id))))) return;
    say(`The lease of ${who} on ${lease.app} is cut`);
    ended();
  };
  return (
    <Confirm title="End this lease?" action="End this lease" danger doing={doing} close={close} onConfirm={end}>
      <p>
        Cuts{' '}
        <code>
          {lease.websocket ? 'WebSocket' : lease.method} {lease.path}
        </code>{' '}
        of <b>{who}</b> on <b>{lease.app}</b>, open since <Time at={lease.opened} />. It touches this one only: they may
        ask again, and policy will answer again.
      </p>
    </Confirm>
  );
}
