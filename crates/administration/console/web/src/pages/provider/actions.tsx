// Switching a provider off and on, and forgetting one: what each does to people is said before it is done.

import { useState } from 'preact/hooks';

import { useChange } from '../../api/change';
import { api, to } from '../../api/client';
import { useWay } from '../../api/me';
import type { Provider } from '../../api/types';
import { go } from '../../router';
import { Act } from '../../ui/act';
import { say } from '../../ui/announce';
import { Confirm } from '../../ui/dialog';
import { verb } from '../../ui/finish';
import { count, people } from '../../ui/words';

interface Asked {
  provider: Provider;
  close: () => void;
  again: () => void;
}

export function ProviderActions({ provider, again }: Omit<Asked, 'close'>) {
  const [asked, setAsked] = useState<'suspend' | 'resume' | 'forget'>();
  const [off, change] = [useWay('admin.provider.suspend'), useWay('admin.provider.change')];
  const close = () => setAsked(undefined);
  const isForgettable = provider.state === 'off' && !provider.configured;
  return (
    <div class="buttons">
      {provider.suspended
        ? change && (
            <Act why={undefined} onClick={() => setAsked('resume')}>
              {verb(change, 'Resume')}
            </Act>
          )
        : off && (
            <Act class="button danger" why={undefined} onClick={() => setAsked('suspend')}>
              {verb(off, 'Suspend')}
            </Act>
          )}
      {change && isForgettable && (
        <Act class="button danger" why={undefined} onClick={() => setAsked('forget')}>
          {verb(change, 'Forget')}
        </Act>
      )}
      {asked === 'suspend' && <Suspend provider={provider} close={close} again={again} />}
      {asked === 'resume' && <Resume provider={provider} close={close} again={again} />}
      {asked === 'forget' && <Forget provider={provider} close={close} />}
    </div>
  );
}

function Suspend({ provider, close, again }: Asked) {
  const doing = useChange('admin.provider.suspend');
  const suspend = async () => {
    if (!(await doing.run((how) => api.post(`${to('providers', provider.name)}/suspend`, {}, how)))) return;
    say(`${provider.title} is suspended`);
    close();
    again();
  };
  return (
    <Confirm
      title={`Suspend ${provider.title}?`}
      action={`Suspend ${provider.name}`}
      danger
      doing={doing}
      close={close}
      onConfirm={suspend}
    >
      <p>
        Nobody signs in by it from now on. {count(provider.sessions, 'open session')} that rest on its word end at once,
        with what is open there, and its people are in no group by its word.
      </p>
      <p>Who its {people(provider.linked)} are is kept. It stays off, whatever the file says, until it is resumed.</p>
    </Confirm>
  );
}

function Resume({ provider, close, again }: Asked) {
  const doing = useChange('admin.provider.change');
  const resume = async () => {
    const change = (how: { propose?: string }) =>
      api.post(`${to('providers', provider.name)}/resume`, {}, { over: provider.version, ...how });
    if (!(await doing.run(change))) return;
    say(`${provider.title} is no longer suspended`);
    close();
    again();
  };
  return (
    <Confirm
      title={`Resume ${provider.title}?`}
      action={`Resume ${provider.name}`}
      doing={doing}
      close={close}
      onConfirm={resume}
    >
      {provider.state === 'off' ? (
        <p>The configuration file has it off, or does not name it any more: nobody signs in by it all the same.</p>
      ) : (
        <p>{people(provider.linked)} can sign in by it again. No session comes back by itself.</p>
      )}
    </Confirm>
  );
}

function Forget({ provider, close }: Omit<Asked, 'again'>) {
  const doing = useChange('admin.provider.change');
  const forget = async () => {
    const change = (how: { propose?: string }) =>
      api.remove(to('providers', provider.name), { over: provider.version, ...how });
    if (!(await doing.run(change))) return;
    say(`${provider.title} is forgotten`);
    go('/providers');
  };
  return (
    <Confirm
      title={`Forget ${provider.title}?`}
      action={`Forget ${provider.name}`}
      danger
      doing={doing}
      close={close}
      onConfirm={forget}
    >
      <p>
        The configuration file does not name it any more. {people(provider.linked)} are then known by it no longer, and
        sign in otherwise or not at all. Should it be declared again, each of them is linked anew.
      </p>
    </Confirm>
  );
}
