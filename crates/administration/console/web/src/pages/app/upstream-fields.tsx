// The fields of what an app's servers are sent, and of their health and bounds: folded, until they say something.

import { useRef } from 'preact/hooks';

import type { Problem } from '../../api/problem';
import type { AppDraft, Upstream } from '../../api/types';
import { Check, NumberField, SelectField, TextField, about } from '../../ui/field';
import { bytes } from '../../ui/words';
import { LIMITS, PROTOCOLS } from './upstream';

interface Fields {
  app: AppDraft;
  change: (values: Partial<AppDraft>) => void;
  problem: Problem | undefined;
}

const HEADERS = [
  ['user', 'X-Remote-User', 'Their name.'],
  ['email', 'X-Remote-Email', 'Their address, where it is known.'],
  ['groups', 'X-Remote-Groups', 'Their groups, between commas.'],
] as const;

/** Open where it says something from the beginning, or once something in it was wrong; afterwards as one likes. */
function useOpen(said: boolean, faulty: boolean): boolean {
  const open = useRef(said);
  open.current ||= faulty;
  return open.current;
}

export function SentFields({ app, change, problem }: Fields) {
  const headers = app.identity_headers;
  const open = useOpen(Object.values(headers).some(Boolean), about(problem, 'identity_headers'));
  return (
    <details class="card pad" open={open}>
      <summary>What the servers are sent</summary>
      <p class="small">
        Every request has a signed <code>Gatewright-Assertion</code> that says who came. For apps that cannot verify it,
        plain headers can say so too; then nobody may reach the servers but through Gatewright.
      </p>
      <div class="field-row">
        {HEADERS.map(([fact, placeholder, hint]) => (
          <TextField
            key={fact}
            label={`Header for the ${fact}`}
            mono
            value={headers[fact] ?? ''}
            set={(value) => change({ identity_headers: { ...headers, [fact]: value } })}
            placeholder={placeholder}
            hint={hint}
            problem={problem}
            name={`identity_headers.${fact}`}
          />
        ))}
      </div>
      <Check
        label="Keep the host"
        checked={app.preserve_host}
        set={(preserve_host) => change({ preserve_host })}
        hint="The servers see the host that people open, not their own."
      />
    </details>
  );
}

export function ServerFields({ app, change, problem }: Fields) {
  const { upstream } = app;
  const { health, limits = {} } = upstream;
  const put = (values: Partial<Upstream>) => change({ upstream: { ...upstream, ...values } });
  const said =
    health !== undefined || Object.keys(limits).length > 0 || Boolean(upstream.server_name) || isChosen(upstream);
  const faulty = ['protocol', 'server_name', 'health', 'limits'].some((name) => about(problem, `upstream.${name}`));
  return (
    <details class="card pad" open={useOpen(said, faulty)}>
      <summary>How the servers are spoken to, their health and bounds</summary>
      <div class="field-row">
        <SelectField
          label="Spoken over TLS and Unix sockets"
          value={upstream.protocol ?? 'auto'}
          set={(protocol) => put({ protocol: protocol as NonNullable<Upstream['protocol']> })}
          options={Object.entries(PROTOCOLS)}
          problem={problem}
          name="upstream.protocol"
        />
        <TextField
          label="Server name"
          mono
          value={upstream.server_name ?? ''}
          set={(server_name) => put({ server_name })}
          hint="The name that the servers' certificate is for, where it is not the host."
          problem={problem}
          name="upstream.server_name"
        />
      </div>
      <div class="field-row">
        <TextField
          label="Path to ask for health"
          mono
          value={health?.path ?? ''}
          set={(path) => put({ health: { ...health, path } })}
          placeholder="/health"
          hint="Empty: not asked. A healthy server answers with a status below 400."
          problem={problem}
          name="upstream.health.path"
        />
        <NumberField
          label="Seconds between two questions"
          value={health?.interval_ms}
          scale={1000}
          set={(interval_ms) => put({ health: { path: health?.path ?? '', ...(interval_ms && { interval_ms }) } })}
          placeholder="10"
          problem={problem}
          name="upstream.health.interval_ms"
        />
      </div>
      <p class="small apart">Bounds of this app's own; empty: the gateway's.</p>
      <div class="field-row">
        {LIMITS.map(({ key, label, unit }) => (
          <NumberField
            key={key}
            label={label}
            value={limits[key] ?? undefined}
            scale={unit === 'ms' ? 1000 : 1}
            set={(value) => put({ limits: without(limits, key, value) })}
            hint={unit === 'bytes' && limits[key] ? bytes(limits[key]) : undefined}
            problem={problem}
            name={`upstream.limits.${key}`}
          />
        ))}
      </div>
    </details>
  );
}

const isChosen = ({ protocol }: Upstream): boolean => protocol !== undefined && protocol !== 'auto';

function without(limits: Record<string, number>, key: string, value: number | undefined): Record<string, number> {
  const { [key]: _, ...others } = limits;
  return value === undefined ? others : { ...others, [key]: value };
}
