// How every change ends: what went wrong, why it is proposed where it is, the button, and what came of it.

import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

import type { Proposing } from '../api/change';
import type { Way } from '../api/me';
import type { Doing } from '../api/use';
import { at } from '../router';
import { TextField } from './field';
import { ProblemNote } from './notes';
import { Time } from './time';

/** "Disable", or "Propose to disable" where somebody else makes it. */
export const verb = (way: Way, words: string): string =>
  way === 'propose' ? `Propose to ${words.charAt(0).toLowerCase()}${words.slice(1)}` : words;

export interface Finishing extends Omit<Doing, 'run'> {
  proposing?: Proposing;
}

interface Finish {
  doing: Finishing;
  /** The outcome, as a verb: "End this session". */
  action: string;
  /** The same where it is proposed. */
  proposal?: string;
  danger?: boolean;
  /** Whether all that it takes is there. */
  ready?: boolean;
  /** Offers to propose what one may make oneself. */
  instead?: boolean;
  /** Loads again what somebody else changed meanwhile. */
  again?: (() => void) | undefined;
  /** What the button does, where it does not send a form. */
  onPress?: () => void;
  /** Closes the dialog that it ends. */
  leave?: () => void;
  /** The words on the button that does. */
  leaving?: string;
  children?: ComponentChildren;
}

export function Finish({ doing, again, leave, children, ...button }: Finish) {
  const { proposing, problem } = doing;
  const ends = leave ? 'buttons end' : 'buttons';
  if (proposing?.kept) {
    return (
      <>
        <Kept id={proposing.kept.id} until={proposing.kept.until} />
        <div class={ends}>
          <button type="button" class="button" onClick={leave ?? doing.forget}>
            {leave ? 'Done' : 'Go on here'}
          </button>
        </div>
      </>
    );
  }
  return (
    <>
      <ProblemNote problem={problem} again={again} />
      {proposing?.on && <Reason proposing={proposing} problem={problem} />}
      <Buttons ends={ends} doing={doing} leave={leave} {...button}>
        {children}
      </Buttons>
    </>
  );
}

function Reason({ proposing, problem }: { proposing: Proposing; problem: Doing['problem'] }) {
  return (
    <div class="reason">
      <TextField
        label="Why"
        value={proposing.why}
        set={proposing.setWhy}
        hint="For who looks at it. Nothing changes before somebody else approves it."
        problem={problem}
        name="propose"
        most={500}
        required
      />
    </div>
  );
}

interface Buttons extends Omit<Finish, 'again' | 'leave'> {
  ends: string;
  leave: (() => void) | undefined;
}

function Buttons(given: Buttons) {
  const { ends, doing, action, proposal = 'Propose it', danger, ready = true, instead, onPress, leave } = given;
  const { on = false, turn, why = '' } = doing.proposing ?? {};
  const open = ready && !doing.busy && !(on && why.trim() === '');
  const other = turn && (on || instead) && (
    <button type="button" class="button" disabled={doing.busy} onClick={() => turn(!on)}>
      {on ? 'Do not propose it' : 'Propose instead'}
    </button>
  );
  return (
    <div class={ends}>
      {leave && (
        <button type="button" class="button" onClick={leave}>
          {given.leaving ?? 'Leave it as it is'}
        </button>
      )}
      {leave && other}
      <button
        type={onPress ? 'button' : 'submit'}
        class={danger && !on ? 'button first danger' : 'button first'}
        disabled={!open}
        onClick={onPress}
      >
        {on ? proposal : action}
      </button>
      {!leave && other}
      {given.children}
    </div>
  );
}

/** It takes the focus, since the button that led to it is gone. */
function Kept({ id, until }: { id: string; until: number }) {
  const note = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => note.current?.focus(), []);
  return (
    <div class="kept">
      <p ref={note} tabIndex={-1} class="strong">
        It is proposed, and waits for somebody else.
      </p>
      <p>
        Nothing has changed yet. It can be approved until it lapses, <Time at={until} />.{' '}
        <a href={at('proposals', id)}>See the proposal</a>
      </p>
    </div>
  );
}
