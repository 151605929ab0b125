// Outcomes, never by colour alone.

import type { Access, DecisionLine } from '../api/types';

type Tone = 'allow' | 'deny' | 'step' | 'plain';

export function Chip({ tone, mark, children }: { tone: Tone; mark?: string; children: string }) {
  return (
    <span class={`chip ${tone}`}>
      {mark && <span aria-hidden="true">{mark}</span>}
      {children}
    </span>
  );
}

const OUTCOMES: Record<DecisionLine['outcome'], [Tone, string, string]> = {
  allow: ['allow', '✓', 'allow'],
  deny: ['deny', '✕', 'deny'],
  cut: ['deny', '✕', 'cut'],
  change: ['plain', '±', 'change'],
  note: ['plain', '·', 'note'],
};

/** A denial that the person can open by confirming is told apart from one that stays shut. */
export function Outcome({ outcome, stepUp = false }: { outcome: DecisionLine['outcome']; stepUp?: boolean }) {
  const [tone, mark, word] = stepUp && outcome === 'deny' ? (['step', '↑', 'step-up'] as const) : OUTCOMES[outcome];
  return (
    <Chip tone={tone} mark={mark}>
      {word}
    </Chip>
  );
}

const ACCESS: Record<Access, [Tone, string, string]> = {
  always: ['allow', '✓', 'always'],
  condition: ['step', '↑', 'on a condition'],
  never: ['deny', '✕', 'never'],
};

export function AccessChip({ access }: { access: Access }) {
  const [tone, mark, word] = ACCESS[access];
  return (
    <Chip tone={tone} mark={mark}>
      {word}
    </Chip>
  );
}
