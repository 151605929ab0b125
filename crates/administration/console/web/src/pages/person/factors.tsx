// Passkeys, a password with an authenticator app, recovery codes.

import { useState } from 'preact/hooks';

import { useChange } from '../../api/change';
import { api, to } from '../../api/client';
import { useBeyond, useWayWith } from '../../api/me';
import { useRefusal } from '../../api/refused';
import type { Factor, UserInFull } from '../../api/types';
import { Act, Why } from '../../ui/act';
import { say } from '../../ui/announce';
import { Confirm } from '../../ui/dialog';
import { verb } from '../../ui/finish';
import { Empty } from '../../ui/notes';
import { Time } from '../../ui/time';
import { count } from '../../ui/words';

const KINDS: Record<string, string> = {
  passkey: 'passkey',
  'recovery-codes': 'recovery codes',
  password: 'password',
  totp: 'authenticator app',
};

export function FactorRows({ user, again }: { user: UserInFull; again: () => void }) {
  const [asked, setAsked] = useState<Factor>();
  const way = useWayWith(user);
  const refused = useRefusal(`factor ${user.id}`);
  const why = useBeyond(user) ?? refused;
  if (user.factors.length === 0) {
    return (
      <Empty title="No passkey yet">
        <p>
          Until there is one, {user.name} signs in by link only, and what needs a passkey stays shut. An enrolment link
          lets them add the first.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <ul class="card list">
        {user.factors.map((factor) => (
          <li class="row" key={factor.id}>
            <div class="grow">
              <span class="strong">{factor.name || KINDS[factor.kind] || factor.kind}</span>
              <span class="under">
                {KINDS[factor.kind] ?? factor.kind} · added <Time at={factor.enrolled_at} />
                {factor.authenticator?.aaguid && ` · model ${factor.authenticator.aaguid}`}
                {factor.authenticator?.attestation === 'certified' && ', attested'}
              </span>
            </div>
            {way && (
              <Act class="button small-button" why={why} onClick={() => setAsked(factor)}>
                {verb(way, 'Remove')}
                <span class="hidden"> {factor.name}</span>
              </Act>
            )}
          </li>
        ))}
      </ul>
      {way && <Why why={refused} />}
      {asked && <Remove user={user} factor={asked} again={again} close={() => setAsked(undefined)} />}
    </>
  );
}

function Remove({
  user,
  factor,
  again,
  close,
}: {
  user: UserInFull;
  factor: Factor;
  again: () => void;
  close: () => void;
}) {
  const doing = useChange('admin.user.change', { way: useWayWith(user), refusal: `factor ${user.id}` });
  const last = factor.kind === 'passkey' && user.factors.filter((other) => other.kind === 'passkey').length === 1;
  const remove = async () => {
    if (!(await doing.run((how) => api.remove(to('users', user.id, 'factors', factor.id), how)))) return;
    say(`${factor.name} is removed`);
    close();
    again();
  };
  return (
    <Confirm
      title={`Remove ${factor.name || KINDS[factor.kind] || factor.kind}?`}
      action="Remove it"
      danger
      doing={doing}
      close={close}
      onConfirm={remove}
    >
      <p>
        Ends those of their {count(user.sessions, 'session')} that rest on it, with what is open there.
        {last && ` It is the last passkey of ${user.name}: they need an enrolment or recovery link afterwards.`}
      </p>
    </Confirm>
  );
}
