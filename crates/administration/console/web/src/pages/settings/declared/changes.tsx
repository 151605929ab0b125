// What would be added, changed and removed, a row each.

import { Fragment } from 'preact';
import { useState } from 'preact/hooks';

import type { DeclaredChange } from '../../../api/types';
import { Chip } from '../../../ui/chip';
import { listed, number } from '../../../ui/words';

const ACTIONS = {
  add: ['allow', '+', 'add'],
  change: ['step', '~', 'change'],
  remove: ['deny', '−', 'remove'],
} as const;

const KINDS: Record<string, string> = { user: 'person', policies: 'policy file' };

const MOST = 25;

export function Changes({ changes, label }: { changes: DeclaredChange[]; label: string }) {
  const [all, setAll] = useState(false);
  const shown = all ? changes : changes.slice(0, MOST);
  return (
    <>
      <ul class="card list after" aria-label={label}>
        {shown.map((change) => {
          const [tone, mark, word] = ACTIONS[change.action];
          return (
            <li class="row" key={`${change.kind} ${change.name}`}>
              <span class="drift">
                <Chip tone={tone} mark={mark}>
                  {word}
                </Chip>
              </span>
              <div class="grow">
                <span class="soft">{KINDS[change.kind] ?? change.kind}</span> <span class="strong">{change.name}</span>
                {change.fields && change.fields.length > 0 && <span class="under">{listed(change.fields)}</span>}
              </div>
            </li>
          );
        })}
      </ul>
      {shown.length < changes.length && (
        <p class="buttons">
          <button type="button" class="button small-button" onClick={() => setAll(true)}>
            Show all {number(changes.length)}
          </button>
        </p>
      )}
    </>
  );
}

/** What no file names: folded away, as it stays. */
export function Undeclared({ undeclared, prune }: { undeclared: DeclaredChange[]; prune: boolean }) {
  if (undeclared.length === 0) return null;
  const named = (kind: string) => undeclared.filter((one) => one.kind === kind).map((one) => one.name);
  const kinds = [...new Set(undeclared.map((one) => one.kind))];
  return (
    <details class="after">
      <summary>
        {number(undeclared.length)} {undeclared.length === 1 ? 'thing is' : 'things are'} in no file and{' '}
        {prune ? (undeclared.length === 1 ? 'goes' : 'go') : undeclared.length === 1 ? 'stays' : 'stay'}
      </summary>
      <dl class="facts">
        {kinds.map((kind) => (
          <Fragment key={kind}>
            <dt>{KINDS[kind] ?? kind}</dt>
            <dd>{listed(named(kind))}</dd>
          </Fragment>
        ))}
      </dl>
    </details>
  );
}
