// Reading in a component: what came, what went wrong, and reading again.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { api } from './client';
import { type Problem, asProblem } from './problem';
import { noteRefusal } from './refused';

export interface Reading<T> {
  value: T | undefined;
  problem: Problem | undefined;
  /** Something is on its way, be it the first time or again. */
  busy: boolean;
  again: () => void;
}

/** Reads a path, again whenever it changes; `null` reads nothing yet. */
export const useRead = <T>(path: string | null): Reading<T> =>
  useAnswer(path, (signal) => api.get<T>(path ?? '', signal));

/** What comes of a question that changes nothing, asked again whenever its path does. */
export function useAnswer<T>(path: string | null, ask: (signal: AbortSignal) => Promise<T>): Reading<T> {
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<{ path: string | null; value?: T; problem?: Problem }>({ path });
  const [busy, setBusy] = useState(path !== null);
  useEffect(() => {
    if (path === null) return;
    const leaving = new AbortController();
    setBusy(true);
    ask(leaving.signal)
      .then((value) => setState({ path, value }))
      .catch((fault) => {
        // What was read before stays in sight beside the problem, as long as it is the same thing.
        if (!leaving.signal.aborted)
          setState((before) => ({
            path,
            ...(before.path === path && before.value !== undefined && { value: before.value }),
            problem: asProblem(fault),
          }));
      })
      .finally(() => {
        if (!leaving.signal.aborted) setBusy(false);
      });
    return () => leaving.abort();
  }, [path, turn]);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  return { value: state.value, problem: state.problem, busy, again };
}

/** As `useRead`, and again every so often while the page is looked at. */
export function useWatch<T>(path: string | null, everyMs: number): Reading<T> {
  const reading = useRead<T>(path);
  const { again } = reading;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) again();
    }, everyMs);
    return () => clearInterval(timer);
  }, [again, everyMs]);
  return reading;
}

export interface Doing {
  busy: boolean;
  problem: Problem | undefined;
  /** Does it, unless it is being done; says whether it went well. */
  run: (what: () => Promise<unknown>) => Promise<boolean>;
  forget: () => void;
}

/** One thing that a person sets off: at most once at a time, with its problem to show; `what` names it where a refusal that stays one is kept in mind. */
export function useDoing(what?: string): Doing {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const under = useRef(false);
  const run = useCallback(
    async (act: () => Promise<unknown>) => {
      if (under.current) return false;
      under.current = true;
      setBusy(true);
      setProblem(undefined);
      try {
        await act();
        return true;
      } catch (fault) {
        const problem = asProblem(fault);
        setProblem(problem);
        if (what !== undefined && problem.status === 403 && !problem.proposable) noteRefusal(what, problem.sentences);
        return false;
      } finally {
        under.current = false;
        setBusy(false);
      }
    },
    [what],
  );
  const forget = useCallback(() => setProblem(undefined), []);
  return { busy, problem, run, forget };
}

/** A value once it has rested: what is typed is not asked for letter by letter. */
export function useRested<T>(value: T, afterMs = 200): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), afterMs);
    return () => clearTimeout(timer);
  }, [value, afterMs]);
  return rested;
}
