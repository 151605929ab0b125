// How many proposed changes wait for who is at the console.

import { useEffect } from 'preact/hooks';

import type { List, Proposal } from './types';
import { useWatch } from './use';

const CHANGED = 'proposals-changed';

/** Has the number looked at again at once. */
export function proposalsChanged(): void {
  dispatchEvent(new Event(CHANGED));
}

/** All that can wait at once is within one page of the list. */
const WAITING = '/v1/proposals?state=waiting&limit=200';

/** Zero until it is known, and where nobody is known to ask. */
export function useWaiting(known: boolean): number {
  const { value, again } = useWatch<List<Proposal>>(known ? WAITING : null, 60_000);
  useEffect(() => {
    addEventListener(CHANGED, again);
    return () => removeEventListener(CHANGED, again);
  }, [again]);
  return value?.items.filter(({ may_approve, outdated }) => may_approve && !outdated).length ?? 0;
}
