// A list that the server pages: what is shown is one page, whatever its length.

import { useEffect, useState } from 'preact/hooks';

import { query } from '../api/client';
import type { List } from '../api/types';
import { type Reading, useRead } from '../api/use';
import { Icon } from './icon';
import { number } from './words';

export const PAGE = 50;

export interface Paged<T> {
  reading: Reading<List<T>>;
  page: number;
  back: (() => void) | undefined;
  forth: (() => void) | undefined;
}

/** Reads a list page by page; other values begin at the first page again. */
export function usePaged<T>(path: string, values: Record<string, string | undefined>): Paged<T> {
  const asked = query(values);
  const [cursors, setCursors] = useState<string[]>([]);
  const [of, setOf] = useState(asked);
  const current = of === asked ? cursors : [];
  useEffect(() => {
    if (of !== asked) {
      setOf(asked);
      setCursors([]);
    }
  }, [of, asked]);
  const reading = useRead<List<T>>(path + query({ ...values, limit: PAGE, after: current.at(-1) }));
  const next = reading.value?.next;
  return {
    reading,
    page: current.length,
    back: current.length > 0 ? () => setCursors(current.slice(0, -1)) : undefined,
    forth: next !== undefined ? () => setCursors([...current, next]) : undefined,
  };
}

export function Pager<T>({ paged, what }: { paged: Paged<T>; what: string }) {
  const list = paged.reading.value;
  // How many there are stands above the list.
  if (!list || (!paged.back && !paged.forth)) return null;
  const first = paged.page * PAGE + 1;
  const last = paged.page * PAGE + list.items.length;
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      <span class="soft">
        {number(first)} to {number(last)}
        {list.total !== undefined && ` of ${number(list.total)}`} {what}
      </span>
      <button type="button" class="button small-button" disabled={!paged.back} onClick={paged.back}>
        <Icon name="back" /> Previous
      </button>
      <button type="button" class="button small-button" disabled={!paged.forth} onClick={paged.forth}>
        Next <Icon name="next" />
      </button>
    </nav>
  );
}
