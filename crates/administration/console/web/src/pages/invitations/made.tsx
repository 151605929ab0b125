// An invitation that was made just now: its token, shown once, and what is done with it.

import { useLayoutEffect, useRef } from 'preact/hooks';

import type { Invite, MadeInvitation } from '../../api/types';
import { CopyButton, Id } from '../../ui/copy';
import { Time } from '../../ui/time';
import { count } from '../../ui/words';
import { CODES } from './grants';

export interface Made {
  made: MadeInvitation;
  asked: Invite;
}

/** It takes the focus, since the form that led to it is gone. */
export function Made({ made, asked }: Made) {
  const top = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => top.current?.focus(), []);
  return (
    <section class="card pad" aria-labelledby="made">
      <h2 id="made" ref={top} tabIndex={-1}>
        The invitation is made
      </h2>
      <p class="after">
        Whoever has its token registers {made.uses === 1 ? 'a client' : count(made.uses, 'client')} by it. Give it over
        a channel that you trust. It is shown only now, and ends <Time at={made.expires} />.
      </p>
      <div class="secret">
        <code class="whole">{made.token}</code>
      </div>
      <div class="buttons">
        <CopyButton text={made.token} label="Copy the token" wordy />
      </div>
      <dl class="facts">
        <dt>Clients register at</dt>
        <dd>
          <Id label="Copy the address">{made.endpoint}</Id>
        </dd>
        <dt>It is listed as</dt>
        <dd>
          <Id label="Copy the id of the invitation">{made.id}</Id>
        </dd>
      </dl>
      <h3>What they do with it</h3>
      <p class="after">
        A program that registers itself asks for that address and for an initial access token, which this is. For any
        other, one request does it; the answer has its <code>client_id</code>, its secret where it has one, and a token
        by which its registration is changed and ended.
      </p>
      <div class="secret">
        <pre class="value">{request(made.endpoint, asked)}</pre>
      </div>
      <div class="buttons end">
        <a class="button first" href="/invitations">
          Done
        </a>
      </div>
    </section>
  );
}

/** A registration within the bounds, to be filled in: the token is left out, so that it may be kept. */
function request(endpoint: string, { hosts, grants }: Invite): string {
  const client = {
    client_name: 'What people know it as',
    grant_types: grants,
    ...(grants.includes(CODES) && { redirect_uris: [`https://${hosts[0]}/callback`] }),
  };
  return [
    `curl ${endpoint} \\`,
    '  -H "Authorization: Bearer $TOKEN" \\',
    '  -H "Content-Type: application/json" \\',
    "  -d '{",
    Object.entries(client)
      .map(([name, value]) => `    "${name}": ${JSON.stringify(value)}`)
      .join(',\n'),
    "  }'",
  ].join('\n');
}
