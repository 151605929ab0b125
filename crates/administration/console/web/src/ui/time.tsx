// Times both ways: how long ago for reading, exact for looking up.

import { Problem } from '../api/problem';
import { useSyncExternalStore } from './external';
import { number } from './words';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const listeners = new Set<() => void>();
let tick = 0;

setInterval(() => {
  if (document.hidden) return;
  tick += 1;
  for (const listener of [...listeners]) listener();
}, 10 * SECOND);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Moves on every ten seconds, for all times on the page at once. */
const useTick = () => useSyncExternalStore(subscribe, () => tick);

const counted = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`;

/** A span in the largest unit that fits: "40 s", "12 min", "3 hours", "2 days". */
export function span(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return counted(Math.floor(ms / HOUR), 'hour');
  return counted(Math.floor(ms / DAY), 'day');
}

/** What `Date` can hold; the API's times reach far beyond it. */
const LAST = 8.64e15;

const shown = (at: number): boolean => Math.abs(at) <= LAST;

export function relative(at: number, now: number): string {
  if (!shown(at)) return at > 0 ? 'never' : 'at an unknown time';
  const past = now - at;
  if (past >= 0) return past < 10 * SECOND ? 'just now' : `${span(past)} ago`;
  return past > -10 * SECOND ? 'now' : `in ${span(-past)}`;
}

const exactly = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** A time that no calendar has is the number that it is. */
const bare = (at: number): string => (at > 0 ? `${number(at)} ms after 1970` : String(at));

export const exact = (at: number): string => (shown(at) ? exactly.format(at) : bare(at));

/** The time of day, to the millisecond, for lists in which the order matters. */
export const toTheMillisecond = (at: number): string =>
  shown(at) ? `${clock.format(at)}.${String(Math.floor(at % SECOND)).padStart(3, '0')}` : bare(at);

/** What was written into a field for a time. Years of five digits are none that can be read. */
export function typedTime(text: string, field: string): number {
  const at = new Date(text).getTime();
  if (!Number.isNaN(at)) return at;
  const detail = `\`${text}\` is no time that can be read here.`;
  throw new Problem(0, 'invalid', 'No time', detail, 'Choose one before the year 10000.', field);
}

const machine = (at: number): string | undefined => (shown(at) ? new Date(at).toISOString() : undefined);

/** "2 min ago", and the exact time in its title. */
export function Time({ at }: { at: number }) {
  useTick();
  return (
    <time dateTime={machine(at)} title={exact(at)}>
      {relative(at, Date.now())}
    </time>
  );
}

/** The exact time to read, for what is looked up later. */
export function Moment({ at }: { at: number }) {
  useTick();
  return (
    <time dateTime={machine(at)}>
      {exact(at)} <span class="soft">({relative(at, Date.now())})</span>
    </time>
  );
}
