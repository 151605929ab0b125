// What a change of policies does to people: who gains, who loses, what is cut.

import type { ComponentChildren } from 'preact';

import type { Comparison, Shift } from '../../api/types';
import { Chip } from '../../ui/chip';
import { Words } from '../../ui/sentence';
import { capital, count, listed, people, some } from '../../ui/words';

const PROOFS: Record<string, string> = {
  passkey: 'signed in with a passkey',
  'sign-in-link': 'signed in by a link',
  nothing: 'strangers, without signing in',
};

/** What stands on the button that makes the change: what it does, in one breath. */
export function effectOf(action: string, comparison: Comparison): string {
  const upTo = (shifts: Shift[], verb: string) => {
    const most = Math.max(0, ...shifts.map((shift) => shift.people));
    return `up to ${people(most)} ${most === 1 ? `${verb}s` : verb}`;
  };
  const said: string[] = [];
  if (comparison.gains.length > 0) said.push(upTo(comparison.gains, 'gain'));
  if (comparison.losses.length > 0) said.push(upTo(comparison.losses, 'lose'));
  if (comparison.cut.leases > 0) said.push(`${count(comparison.cut.leases, 'open lease')} cut`);
  if (said.length > 0) return `${action}: ${listed(said)}${comparison.incomplete ? ', as far as was compared' : ''}`;
  return comparison.incomplete
    ? `${action}, though not everything could be compared`
    : `${action}: nobody gains or loses`;
}

/** Whether somebody loses something by it. */
export const takesAway = (comparison: Comparison): boolean => comparison.losses.length > 0 || comparison.cut.leases > 0;

export const changesNothing = (comparison: Comparison): boolean =>
  [comparison.added, comparison.removed, comparison.changed, comparison.files_changed, comparison.files_removed].every(
    (list) => list.length === 0,
  );

export function ComparisonShown({ comparison }: { comparison: Comparison }) {
  const flatly = (words: string) => (comparison.incomplete ? `As far as was compared, ${words}` : capital(words));
  return (
    <div class="comparison">
      {comparison.faults.length > 0 && (
        <div class="fault">
          <p class="strong">These policies have faults and cannot be saved.</p>
          <ul class="lines">
            {comparison.faults.map((line) => (
              <li key={line}>
                <Words text={line} />
              </li>
            ))}
          </ul>
        </div>
      )}
      <dl class="rests">
        <Row title="policies">
          <Ids words="added" ids={comparison.added} />
          <Ids words="changed" ids={comparison.changed} />
          <Ids words="taken away" ids={comparison.removed} />
          {changesNothing(comparison) && <span>They are those in force, word for word.</span>}
          {comparison.files_removed.length > 0 && <p class="small">The files {listed(comparison.files_removed)} go.</p>}
        </Row>
        <Row title="who gains">
          <Shifts shifts={comparison.gains} none={flatly('nobody reaches more than before.')} tone="allow" mark="+" />
        </Row>
        <Row title="who loses">
          <Shifts shifts={comparison.losses} none={flatly('nobody reaches less than before.')} tone="deny" mark="−" />
        </Row>
        <Row title="cut at once">
          {comparison.cut.leases === 0 ? (
            flatly('nothing that is open now.')
          ) : (
            <>
              <Chip tone="deny" mark="✕">
                {count(comparison.cut.leases, 'open lease')}
              </Chip>{' '}
              of {people(comparison.cut.people)}: {some(comparison.cut.who, 6, comparison.cut.people)}
            </>
          )}
        </Row>
        {comparison.warnings.length > 0 && (
          <Row title="worth a look">
            <ul>
              {comparison.warnings.map((line) => (
                <li key={line}>
                  <Words text={line} />
                </li>
              ))}
            </ul>
          </Row>
        )}
      </dl>
      {comparison.incomplete && (
        <p class="warning-words">
          ! Not everything could be compared within the time: more may gain or lose than is listed.
        </p>
      )}
      <p class="small">
        Compared as if everybody had signed in just now, here and now: what only another place, hour, age of a proof or
        proposer would show is not found.
      </p>
    </div>
  );
}

function Row({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Ids({ words, ids }: { words: string; ids: string[] }) {
  if (ids.length === 0) return null;
  return (
    <p>
      <span class="soft">{words}</span>{' '}
      {ids.map((id, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <code>{id}</code>
        </span>
      ))}
    </p>
  );
}

function Shifts({ shifts, none, tone, mark }: { shifts: Shift[]; none: string; tone: 'allow' | 'deny'; mark: string }) {
  if (shifts.length === 0) return <>{none}</>;
  return (
    <ul class="shifts">
      {shifts.map((shift) => (
        <li key={`${shift.what} ${shift.proof}`}>
          <Chip tone={tone} mark={mark}>
            {people(shift.people)}
          </Chip>{' '}
          <code>{shift.what}</code> <span class="soft">{PROOFS[shift.proof] ?? shift.proof}</span>
          <span class="under">{some(shift.who, 6, shift.people)}</span>
        </li>
      ))}
    </ul>
  );
}
