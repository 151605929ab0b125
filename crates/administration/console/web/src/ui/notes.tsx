// What went wrong, what is empty, what is on its way.

import type { ComponentChildren } from 'preact';

import type { Problem } from '../api/problem';
import type { Reading } from '../api/use';
import { at } from '../router';
import { Words } from './sentence';

/** What happened, and what to do next. */
export function ProblemNote({ problem, again }: { problem: Problem | undefined; again?: (() => void) | undefined }) {
  if (!problem) return null;
  return (
    <div class="fault" role="alert">
      <p class="strong">
        <Words text={problem.detail} />
      </p>
      {problem.faults.length > 0 && (
        <ul class="lines">
          {problem.faults.map((line) => (
            <li key={line}>
              <Words text={line} />
            </li>
          ))}
        </ul>
      )}
      {problem.help && (
        <p>
          <Words text={problem.help} />
        </p>
      )}
      {problem.decision && (
        <p>
          <a href={at('decisions', problem.decision)}>See the decision</a>
        </p>
      )}
      {again && (
        <p>
          <button type="button" class="button" onClick={again}>
            {problem.stale ? 'Load it as it is now' : 'Try again'}
          </button>
        </p>
      )}
    </div>
  );
}

/** An empty state that teaches: what will be here, and how it comes to be. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      <div class="soft">{children}</div>
    </div>
  );
}

/** Shows what was read; before that, that it is on its way; its problem, if there is one. */
export function Shown<T>({ reading, children }: { reading: Reading<T>; children: (value: T) => ComponentChildren }) {
  const note = reading.problem && <ProblemNote problem={reading.problem} again={reading.again} />;
  if (reading.value === undefined) return note ?? <p class="loading soft">Loading …</p>;
  return (
    <>
      {note}
      {children(reading.value)}
    </>
  );
}
