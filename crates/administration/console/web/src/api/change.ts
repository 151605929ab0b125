// A change that a person sets off: made at once, or proposed with a reason, for somebody else to make.

import { useCallback, useState } from 'preact/hooks';

import { type Way, useMayPropose, useWay } from './me';
import { asProblem } from './problem';
import type { Proposal } from './types';
import { type Doing, useDoing } from './use';

export interface Proposing {
  /** It is proposed, and not made. */
  on: boolean;
  /** From one to the other, where both are open. */
  turn: ((on: boolean) => void) | undefined;
  why: string;
  setWhy: (why: string) => void;
  /** What came of it. */
  kept: Proposal | undefined;
}

export interface Change extends Omit<Doing, 'run'> {
  proposing: Proposing;
  /** Sends it with what says whether it is proposed; says whether it was made. */
  run: (send: (how: { propose?: string }) => Promise<unknown>) => Promise<boolean>;
}

interface Options {
  /** How it comes about, where that is more than the action says. */
  way?: Way;
  /** Names it where a refusal is kept in mind. */
  refusal?: string;
  /** Called once it is proposed. */
  proposed?: () => void;
}

/** One change that is the action: where it is refused and could be proposed, it is from then on. */
export function useChange(action: string, { way, refusal, proposed }: Options = {}): Change {
  const usual = useWay(action);
  const only = (way ?? usual) === 'propose';
  const mayPropose = useMayPropose(action);
  const doing = useDoing(refusal);
  const [turned, setTurned] = useState(false);
  const [why, setWhy] = useState('');
  const [kept, setKept] = useState<Proposal>();
  const on = only || turned;
  const run: Change['run'] = async (send) => {
    const went = await doing.run(async () => {
      try {
        const answer = await send(on ? { propose: why.trim() } : {});
        if (on) setKept(answer as Proposal);
      } catch (fault) {
        if (asProblem(fault).proposable) setTurned(true);
        throw fault;
      }
    });
    if (went && on) proposed?.();
    return went && !on;
  };
  const forget = useCallback(() => {
    doing.forget();
    setKept(undefined);
  }, [doing.forget]);
  const turn = useCallback(
    (next: boolean) => {
      setTurned(next);
      doing.forget();
    },
    [doing.forget],
  );
  const both = !only && (mayPropose || turned);
  return {
    busy: doing.busy,
    problem: doing.problem,
    forget,
    run,
    proposing: { on, turn: both ? turn : undefined, why, setWhy, kept },
  };
}
