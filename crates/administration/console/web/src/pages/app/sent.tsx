// What an app's servers are sent, how they are asked whether they live, and how long they are waited for.

import type { AppInFull, Upstream } from '../../api/types';
import { bytes, listed } from '../../ui/words';
import { LIMITS, PROTOCOLS } from './upstream';

const FACTS = { user: 'their name', email: 'their address', groups: 'their groups' } as const;

/** Every request has it; apps that cannot verify it get plain headers beside it. */
const ASSERTION = 'Gatewright-Assertion';

export function Sent({ app }: { app: AppInFull }) {
  const { upstream } = app;
  return (
    <dl class="facts first">
      <dt>Who came</dt>
      <dd>
        <div>
          <code>{ASSERTION}</code> <span class="soft">signed, for this app alone</span>
        </div>
        {(['user', 'email', 'groups'] as const).map((fact) => {
          const header = app.identity_headers[fact];
          return (
            header && (
              <div key={fact}>
                <code>{header}</code> <span class="soft">{FACTS[fact]}</span>
              </div>
            )
          );
        })}
        {!Object.values(app.identity_headers).some(Boolean) && <span class="small">No plain header beside it.</span>}
      </dd>
      <dt>Host</dt>
      <dd>
        {app.preserve_host ? (
          <>
            <code>{app.host}</code> <span class="soft">as people open it</span>
          </>
        ) : (
          "the servers' own"
        )}
      </dd>
      <dt>Spoken</dt>
      <dd>
        {PROTOCOLS[upstream.protocol ?? 'auto']}
        {upstream.server_name && (
          <span class="under">
            their certificates are for <code>{upstream.server_name}</code>
          </span>
        )}
      </dd>
      <dt>Health</dt>
      <dd>{healthWords(upstream)}</dd>
      <dt>Bounds</dt>
      <dd>
        <Bounds upstream={upstream} />
      </dd>
    </dl>
  );
}

/** As it was written, not to the nearest. */
const seconds = (ms: number): string => `${ms / 1000} s`;

function healthWords({ health }: Upstream) {
  if (!health) return <span class="soft">not asked: each request finds out</span>;
  return (
    <>
      <code>{health.path}</code> is asked of each server every {seconds(health.interval_ms ?? 10_000)}
    </>
  );
}

function Bounds({ upstream: { limits = {} } }: { upstream: Upstream }) {
  const own = LIMITS.flatMap(({ key, words, unit }) => {
    const bound = limits[key];
    return typeof bound === 'number' ? [`${unit === 'ms' ? seconds(bound) : bytes(bound)} ${words}`] : [];
  });
  return own.length === 0 ? <span class="soft">the gateway's own</span> : <>at most {listed(own)}</>;
}
