// The draft that is being written: its files, and what the check says of them.

import { useEffect, useState } from 'preact/hooks';

import { api } from '../../api/client';
import { type Problem, asProblem } from '../../api/problem';
import type { Checked, PolicyFile } from '../../api/types';
import { useRested } from '../../api/use';

export const sameFiles = (a: PolicyFile[], b: PolicyFile[]): boolean =>
  a.length === b.length && a.every((file, index) => file.name === b[index]?.name && file.text === b[index]?.text);

export interface Check {
  checked: Checked | undefined;
  problem: Problem | undefined;
  /** What is shown is about an older text. */
  behind: boolean;
}

/** Checks as one types, once the typing rests. */
export function useCheck(files: PolicyFile[]): Check {
  const rested = useRested(files, 350);
  const [state, setState] = useState<{ of?: PolicyFile[]; checked?: Checked; problem?: Problem }>({});
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    api
      .post<Checked>('/v1/policies/check', { files: rested }, { signal })
      .then((checked) => !signal.aborted && setState({ of: rested, checked }))
      .catch((fault) => !signal.aborted && setState({ of: rested, problem: asProblem(fault) }));
    return () => leaving.abort();
  }, [rested]);
  return { checked: state.checked, problem: state.problem, behind: state.of !== files };
}
