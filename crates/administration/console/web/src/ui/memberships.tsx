// Memberships: which of them run, and until when.

import type { Membership } from '../api/types';
import { useTick, Time } from './time';

export const lapsed = (membership: Membership, now: number): boolean =>
  membership.until !== undefined && membership.until <= now;

/** Those that run, and those that have ended, at the time at which it is looked at. */
export function useMemberships(all: Membership[]): { running: Membership[]; over: Membership[] } {
  useTick();
  const now = Date.now();
  return {
    running: all.filter((membership) => !lapsed(membership, now)),
    over: all.filter((membership) => lapsed(membership, now)),
  };
}

/** "for good", or when it ends by itself. */
export function Until({ membership: { until } }: { membership: Membership }) {
  if (until === undefined) return <>for good</>;
  return (
    <>
      ends <Time at={until} />
    </>
  );
}
