// What a proposed change would do to people, asked as its own page would ask it.

import { api } from '../../api/client';
import { useMay } from '../../api/me';
import type { Comparison, Plan, PolicyFile, Proposal } from '../../api/types';
import { type Reading, useAnswer } from '../../api/use';

export type Said = Record<string, unknown>;

interface Question {
  path: string;
  body: Said;
}

/** The question of each operation that can be asked what it does. */
const QUESTIONS: Record<string, (says: Said) => Question> = {
  PolicyApply: ({ files }) => ({ path: '/v1/policies/compare', body: { files } }),
  PolicyRollback: ({ epoch }) => ({ path: '/v1/policies/rollback/compare', body: { epoch } }),
  DeclaredApply: ({ files, prune }) => ({ path: '/v1/declared/plan', body: { files, prune } }),
};

export const filesOf = (says: Said): PolicyFile[] => (Array.isArray(says.files) ? (says.files as PolicyFile[]) : []);

export const isOfPolicies = ({ operation }: Proposal): boolean => operation in QUESTIONS;

/** Asked for what waits, of whoever may see why people reach what they reach. */
export function useEffectOf(proposal: Proposal, says: Said | undefined): Reading<Comparison | Plan> {
  const mayExplain = useMay('admin.explain');
  const waits = proposal.state === 'waiting' && says !== undefined && mayExplain;
  const question = waits ? QUESTIONS[proposal.operation]?.(says) : undefined;
  const key = question ? `${question.path} ${proposal.id}` : null;
  return useAnswer(key, (signal) => api.post<Comparison | Plan>(question?.path ?? '', question?.body, { signal }));
}

export const comparisonOf = (effect: Comparison | Plan): Comparison =>
  'comparison' in effect ? effect.comparison : effect;

/** Why the change cannot be made at all as it stands. */
export const faultsOf = (effect: Comparison | Plan): string[] => effect.faults;

/** Whether files would do something else by now than what was looked at when they were proposed: that is refused. */
export const hasMoved = (effect: Comparison | Plan, says: Said): boolean =>
  'changes' in effect && typeof says.over === 'string' && says.over !== effect.over;
