// Follows the decisions by long poll. What arrives is shown once per frame; at most 500 rows are kept.

import { api, query } from '../api/client';
import { type Problem, asProblem } from '../api/problem';
import type { DecisionLine, DecisionLines } from '../api/types';

export const KEPT = 500;
const FIRST = 200;
const WAIT_SECS = 25;

export interface Filter {
  outcome?: string | undefined;
  app?: string | undefined;
  user?: string | undefined;
}

export interface Seen {
  /** Newest first. */
  rows: DecisionLine[];
  /** How many came since the list was held. */
  held: number;
  /** How many passed unseen: more came than is kept. */
  missed: number;
  since: number | undefined;
  problem: Problem | undefined;
  begun: boolean;
}

const NOTHING: Seen = { rows: [], held: 0, missed: 0, since: undefined, problem: undefined, begun: false };

/** How long to wait after so many failures in a row: from half a second up to fifteen, never in step with others. */
export function pause(failures: number, chance: number): number {
  const most = Math.min(15_000, 500 * 2 ** Math.min(failures - 1, 10));
  return most * (0.5 + 0.5 * chance);
}

export class DecisionStream {
  seen: Seen = NOTHING;
  #newest: DecisionLine[] = [];
  #arrived = 0;
  #missed = 0;
  #since: number | undefined;
  #problem: Problem | undefined;
  #held = false;
  #frame = 0;
  #leaving = new AbortController();
  readonly #listeners = new Set<() => void>();

  constructor(readonly filter: Filter) {
    void this.#follow(this.#leaving.signal);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  read = (): Seen => this.seen;

  /** Holds the rows still while somebody reads; what comes meanwhile is counted and kept. */
  hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    this.#show();
  }

  stop(): void {
    this.#leaving.abort();
    cancelAnimationFrame(this.#frame);
    this.#listeners.clear();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let after: number | undefined;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const lines = await api.get<DecisionLines>(this.#path(after), signal);
        failures = 0;
        this.#problem = undefined;
        this.#take(lines);
        after = lines.next;
        await shown(signal);
      } catch (fault) {
        if (signal.aborted) return;
        failures += 1;
        this.#problem = asProblem(fault);
        this.#show();
        await rest(pause(failures, Math.random()), signal);
      }
    }
  }

  #path(after: number | undefined): string {
    const { outcome, app, user } = this.filter;
    const place = after === undefined ? { limit: FIRST } : { after, wait: WAIT_SECS, limit: KEPT };
    return `/v1/decisions${query({ ...place, outcome, app, user })}`;
  }

  #take(lines: DecisionLines): void {
    this.#since = lines.since;
    this.#missed += lines.missed ?? 0;
    this.#arrived += lines.items.length;
    const newest = [...lines.items].reverse();
    this.#newest = newest.concat(this.#newest).slice(0, KEPT);
    this.#show();
  }

  /** Once per frame, however much arrived. */
  #show(): void {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#held && this.seen.begun) {
        this.seen = { ...this.seen, held: this.#arrived, problem: this.#problem };
      } else {
        this.#arrived = 0;
        this.seen = {
          rows: this.#newest,
          held: 0,
          missed: this.#missed,
          since: this.#since,
          problem: this.#problem,
          begun: this.#since !== undefined,
        };
      }
      for (const listener of [...this.#listeners]) listener();
    });
  }
}

const rest = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** While nobody looks at the page, nothing is asked for. */
const shown = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (!document.hidden) return resolve();
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', () => {
      document.removeEventListener('visibilitychange', look);
      resolve();
    });
  });
