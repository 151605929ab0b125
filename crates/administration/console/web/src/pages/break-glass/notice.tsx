// What every page says while a use of a sealed way in has not been acknowledged.

import { useEffect } from 'preact/hooks';

import type { BreakGlass, List } from '../../api/types';
import { useWatch } from '../../api/use';
import { Time } from '../../ui/time';

const CHANGED = 'break-glass-changed';

/** Has the notice look again at once. */
export function noticeChanged(): void {
  dispatchEvent(new Event(CHANGED));
}

export function BreakGlassNotice() {
  const { value, again } = useWatch<List<BreakGlass>>('/v1/break-glass', 60_000);
  useEffect(() => {
    addEventListener(CHANGED, again);
    return () => removeEventListener(CHANGED, again);
  }, [again]);
  const uses =
    value?.items.flatMap(({ id, label, used, acknowledged }) => (used && !acknowledged ? [{ id, label, used }] : [])) ??
    [];
  if (uses.length === 0) return null;
  return (
    <div class="notice">
      {uses.map(({ id, label, used }) => (
        <p key={id}>
          <span aria-hidden="true">✕ </span>
          <b>The glass was broken</b> <Time at={used.at} />
          {used.address && ` from ${used.address} (${label})`}.{' '}
          <a href="/break-glass">{used.address ? 'Look at it and acknowledge it' : 'An owner has to look at it'}</a>
        </p>
      ))}
    </div>
  );
}
