// Reading a list that the server pages, page after page, to its end.

import { useCallback, useEffect, useState } from 'preact/hooks';

import { api, query } from './client';
import { type Problem, asProblem } from './problem';
import type { List } from './types';
import type { Reading } from './use';

const PAGE = 1000;

async function all<L extends List<unknown>>(path: string, signal: AbortSignal): Promise<L> {
  const read = (after?: string) => api.get<L>(path + query({ limit: PAGE, after }), signal);
  const whole = await read();
  while (whole.next !== undefined) {
    const page = await read(whole.next);
    whole.items.push(...page.items);
    if (page.next === undefined) delete whole.next;
    else whole.next = page.next;
  }
  return whole;
}

/** Reads a whole list; `null` reads nothing yet. What the first page says beside its items is kept. */
export function useAll<L extends List<unknown>>(path: string | null): Reading<L> {
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<{ value?: L; problem?: Problem }>({});
  const [busy, setBusy] = useState(path !== null);
  useEffect(() => {
    if (path === null) return;
    const leaving = new AbortController();
    setBusy(true);
    all<L>(path, leaving.signal)
      .then((value) => setState({ value }))
      .catch((fault) => {
        if (!leaving.signal.aborted) setState(({ value }) => ({ ...(value && { value }), problem: asProblem(fault) }));
      })
      .finally(() => {
        if (!leaving.signal.aborted) setBusy(false);
      });
    return () => leaving.abort();
  }, [path, turn]);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  return { value: state.value, problem: state.problem, busy, again };
}
