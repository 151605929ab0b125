// Times both ways: how long ago for reading, exact for looking up.

import { Problem } from '../api/problem';
import { useSyncExternalStore } from './external';
import { count as counted, number } from './words';

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
export const useTick = () => useSyncExternalStore(subscribe, () => tick);

/** Each unit, and from how many of them on the next one is said. */
const UNITS: [size: number, most: number, words: (count: number) => string][] = [
  [0.001, 1000, (count) => `${count} µs`],
  [1, 1000, (count) => `${count} ms`],
  [SECOND, 60, (count) => `${count} s`],
  [MINUTE, 60, (count) => `${count} min`],
  [HOUR, 48, (count) => counted(count, 'hour')],
  [DAY, 730, (count) => counted(count, 'day')],
  [365.25 * DAY, Infinity, (count) => counted(count, 'year')],
];

/** A span to the nearest of the largest unit that fits: "40 s", "12 min", "3 hours", "3 days", "73 years". */
export function span(ms: number): string {
  for (const [size, most, words] of UNITS) {
    const count = Math.round(ms / size);
    if (count < most) return words(count);
  }
  return String(ms);
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
const dated = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const finely = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  timeZoneName: 'short',
});

/** A time that no calendar has is the number that it is. */
const bare = (at: number): string => (at > 0 ? `${number(at)} ms after 1970` : String(at));

export const exact = (at: number): string => (shown(at) ? exactly.format(at) : bare(at));

/** As `exact`, and to the millisecond, where the order matters. */
export const toTheMillisecond = (at: number): string => (shown(at) ? finely.format(at) : bare(at));

export const isToday = (at: number, now: number): boolean =>
  shown(at) && new Date(at).toDateString() === new Date(now).toDateString();

/** The time of day, or the day as well where it is not today: "21:20:05", "25 Nov, 21:20". */
export function short(at: number, now: number): string {
  if (!shown(at)) return relative(at, now);
  return isToday(at, now) ? clock.format(at) : dated.format(at);
}

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
export function Moment({ at, finely = false }: { at: number; finely?: boolean }) {
  useTick();
  return (
    <time dateTime={machine(at)}>
      {finely ? toTheMillisecond(at) : exact(at)} <span class="soft">({relative(at, Date.now())})</span>
    </time>
  );
}
