// The parts of a decision: what it rests on, what decided it, how it ended.

import type { Decision, DecidingPolicy } from '../../api/types';
import { at } from '../../router';
import { Cedar } from '../../ui/cedar';
import { Chip, Outcome } from '../../ui/chip';
import { span } from '../../ui/time';
import { bytes } from '../../ui/words';

export function RestsOn({ value }: { value: Decision }) {
  const alone = value.rests_on.length === 0;
  if (alone && value.grounds.length === 0) return <span class="soft">nothing but the request itself</span>;
  return (
    <>
      {alone ? (
        'who asked, how they signed in, and the policies'
      ) : (
        <ul class="facts-list">
          {value.rests_on.map((fact) => (
            <li key={`${fact.name} ${fact.value}`}>
              <code>{fact.name}</code> <span class="soft">is</span> <code>{fact.value || 'not known'}</code>
            </li>
          ))}
        </ul>
      )}
      {value.grounds.length > 0 && (
        <details>
          <summary>Which versions of which facts were read</summary>
          <ul class="grounds">
            {value.grounds.map((ground) => (
              <li key={ground.fact}>
                <code>{ground.fact}</code> <span class="small">version {ground.version}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

export function DecidedBy({ value }: { value: Decision }) {
  return (
    <>
      {value.policies.length === 0 && <span>Nothing permits it. What no policy permits is refused.</span>}
      {value.policies.map((policy) => (
        <PolicyShown key={policy.id} policy={policy} open={value.policies.length === 1} />
      ))}
      {value.faults.map((fault) => (
        <p class="field-fault" key={fault}>
          ✕ {fault}
        </p>
      ))}
      {value.report && (
        <p class="small">
          Policies in report mode would have said <Chip tone="plain">{value.report.outcome}</Chip> because of{' '}
          {value.report.because.join(', ') || 'nothing that permits it'}.
        </p>
      )}
    </>
  );
}

export function PolicyShown({ policy, open = false }: { policy: DecidingPolicy; open?: boolean }) {
  return (
    <div class="policy-shown">
      <a href={at('policies', policy.id)}>
        <code>{policy.id}</code>
      </a>{' '}
      <span class="small">
        {policy.effect}
        {policy.in_force === false && ' · no longer in force'}
      </span>
      {policy.description && <p class="small">{policy.description}</p>}
      {policy.text && (
        <details open={open}>
          <summary>Its text</summary>
          <Cedar text={policy.text} />
        </details>
      )}
    </div>
  );
}

export function Ended({ ended }: { ended: NonNullable<Decision['ended']> }) {
  return (
    <>
      {ended.how === 'cut' ? <Outcome outcome="cut" /> : ended.how} after {span(ended.duration_ms)}
      {ended.why && `: ${ended.why}`}
      <span class="small">
        {' '}
        {ended.status !== undefined && `· status ${ended.status} `}· {bytes(ended.bytes_up)} up,{' '}
        {bytes(ended.bytes_down)} down
      </span>
    </>
  );
}
