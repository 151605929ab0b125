// What is open at an app now.

import { useState } from 'preact/hooks';

import { query } from '../../api/client';
import { useMay } from '../../api/me';
import type { Lease, List } from '../../api/types';
import { useWatch } from '../../api/use';
import { Empty, Shown } from '../../ui/notes';
import { Time } from '../../ui/time';
import { number } from '../../ui/words';
import { EndLease } from '../end';
import { PersonLink } from '../person';
import { EndButton } from '../sessions/parts';

const MOST = 8;

export function OpenAtApp({ app }: { app: string }) {
  const reading = useWatch<List<Lease>>(`/v1/leases${query({ app, limit: MOST })}`, 5000);
  const [asked, setAsked] = useState<Lease>();
  const may = useMay('admin.session.end');
  return (
    <Shown reading={reading}>
      {({ items, total }) =>
        items.length === 0 ? (
          <Empty title="Nothing is open">
            <p>
              Each page that loads, each download and each WebSocket is a lease. It stands here while it lasts and can
              be ended.
            </p>
          </Empty>
        ) : (
          <>
            <ul class="card list">
              {items.map((lease) => (
                <li class="row" key={lease.id}>
                  <div class="grow">
                    <PersonLink name={lease.user} />{' '}
                    <code>
                      {lease.websocket ? 'WebSocket' : lease.method} {lease.path}
                    </code>
                    <span class="under">
                      since <Time at={lease.opened} /> from {lease.address}
                    </span>
                  </div>
                  {may && (
                    <EndButton
                      of={`the lease of ${lease.user ?? 'a stranger'}`}
                      whose={lease.user}
                      end={() => setAsked(lease)}
                    />
                  )}
                </li>
              ))}
            </ul>
            {total !== undefined && total > items.length && (
              <p class="small after">
                <a href={`/leases${query({ app })}`}>All {number(total)}</a>
              </p>
            )}
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
          </>
        )
      }
    </Shown>
  );
}
