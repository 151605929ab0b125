// What the lists of sessions and of leases share.

import { useEffect, useState } from 'preact/hooks';

import { useRefusal } from '../../api/refused';
import type { Session } from '../../api/types';
import { useRested } from '../../api/use';
import { refine, useAddress } from '../../router';
import { Act } from '../../ui/act';
import { listed } from '../../ui/words';
import { endOf } from '../end';

export function Tabs({ here }: { here: 'sessions' | 'leases' }) {
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
export function useTyped(name: string): [typed: string, set: (value: string) => void, rested: string] {
  const { search } = useAddress();
  const [typed, setTyped] = useState(search.get(name) ?? '');
  const rested = useRested(typed.trim(), 250);
  useEffect(() => refine({ [name]: rested }), [name, rested]);
  return [typed, setTyped, rested];
}

/** How somebody proved who they are, and whose word that is. */
export function proofs({ methods, providers = [] }: Session): string {
  const by = listed(methods);
  return providers.length > 0 ? `${by} (${listed(providers)})` : by;
}

export function EndButton({ of, whose, end }: { of: string; whose: string | undefined; end: () => void }) {
  return (
    <Act class="button small-button danger" why={useRefusal(endOf(whose))} onClick={end}>
      End<span class="hidden"> {of}</span>
    </Act>
  );
}
