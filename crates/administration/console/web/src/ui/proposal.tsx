// Proposed changes as they are told everywhere: what they do, and how they stand.

import type { ComponentChildren } from 'preact';

import type { Proposal, ProposalState } from '../api/types';
import { Chip } from './chip';
import { Named } from './named';
import { Words } from './sentence';
import { capital } from './words';

/** What it does, as a sentence; names and ids are code. */
export function What({ proposal }: { proposal: Proposal }): ComponentChildren {
  const parts = capital(proposal.what).split('`');
  return parts.map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <code key={index}>
        <Named text={part} />
      </code>
    ),
  );
}

/** The same as plain words. */
export const whatWords = (proposal: Proposal): string => capital(proposal.what.replaceAll('`', ''));

/** What else is to be known before it is approved. */
export function Noted({ proposal: { notes = [] } }: { proposal: Proposal }) {
  if (notes.length === 0) return null;
  return (
    <div class="noted">
      <p class="strong warning-words">! Worth a look</p>
      <ul class="lines">
        {notes.map((note) => (
          <li key={note}>
            <Words text={note} />
          </li>
        ))}
      </ul>
    </div>
  );
}

const STATES: Record<Exclude<ProposalState, 'waiting'>, ['allow' | 'deny' | 'plain', string | undefined]> = {
  approved: ['allow', '✓'],
  declined: ['deny', '✕'],
  withdrawn: ['plain', undefined],
  lapsed: ['plain', undefined],
};

export function StateChip({ proposal: { state, outdated, may_approve } }: { proposal: Proposal }) {
  if (state === 'waiting') {
    if (outdated) return <Chip tone="plain">outdated</Chip>;
    return (
      <Chip tone="step" mark="·">
        {may_approve ? 'waits for you' : 'waiting'}
      </Chip>
    );
  }
  const [tone, mark] = STATES[state];
  return (
    <Chip tone={tone} {...(mark && { mark })}>
      {state}
    </Chip>
  );
}
