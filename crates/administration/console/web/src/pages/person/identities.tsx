// Who a person is at providers of identities.

import { useState } from 'preact/hooks';

import { useChange } from '../../api/change';
import { api, to } from '../../api/client';
import { useBeyond, useWayWith } from '../../api/me';
import { useRefusal } from '../../api/refused';
import type { Identity, List, Provider, UserInFull } from '../../api/types';
import { useRead } from '../../api/use';
import { at } from '../../router';
import { Act, Why } from '../../ui/act';
import { say } from '../../ui/announce';
import { Confirm, Dialog } from '../../ui/dialog';
import { SelectField, TextField } from '../../ui/field';
import { Finish, verb } from '../../ui/finish';
import { count, some } from '../../ui/words';

const ACTION = 'admin.user.link';

interface Rows {
  user: UserInFull;
  again: () => void;
}

/** Nothing where there is no provider at all, and nobody is known at any. */
export function Identities({ user, again }: Rows) {
  const [adding, setAdding] = useState(false);
  const [asked, setAsked] = useState<Identity>();
  const reading = useRead<List<Provider>>('/v1/providers?limit=1000');
  const way = useWayWith(user, ACTION);
  const refused = useRefusal(`identity ${user.id}`);
  const beyond = useBeyond(user, ACTION);
  const why = beyond ?? refused;
  const providers = reading.value?.items ?? [];
  if (providers.length === 0 && user.identities.length === 0) return null;
  const titles = new Map(providers.map(({ name, title }) => [name, title]));
  return (
    <>
      {user.identities.length > 0 && (
        <ul class="card list after" aria-label="Accounts at providers">
          {user.identities.map((identity) => (
            <li class="row" key={`${identity.provider} ${identity.subject}`}>
              <div class="grow">
                <a class="strong" href={at('providers', identity.provider)}>
                  {titles.get(identity.provider) ?? identity.provider}
                </a>
                <span class="under">
                  there <code>{identity.subject}</code>
                  {identity.within && ` · while in no group but ${some(identity.within, 4)}`}
                </span>
              </div>
              {way && (
                <Act class="button small-button" why={why} onClick={() => setAsked(identity)}>
                  {verb(way, 'Take away')}
                  <span class="hidden"> the account at {identity.provider}</span>
                </Act>
              )}
            </li>
          ))}
        </ul>
      )}
      {way && (
        <p class="buttons">
          <Act why={beyond} onClick={() => setAdding(true)}>
            {verb(way, 'Link with a provider')}
          </Act>
        </p>
      )}
      {way && <Why why={refused} />}
      {adding && <Add user={user} providers={providers} again={again} close={() => setAdding(false)} />}
      {asked && <Remove user={user} identity={asked} again={again} close={() => setAsked(undefined)} />}
    </>
  );
}

function Add({ user, providers, again, close }: Rows & { providers: Provider[]; close: () => void }) {
  const [provider, setProvider] = useState(providers[0]?.name ?? '');
  const [subject, setSubject] = useState('');
  const doing = useChange(ACTION, { way: useWayWith(user, ACTION) });
  const known = user.identities.find((identity) => identity.provider === provider);
  const add = async (event: Event) => {
    event.preventDefault();
    const body = { subject: subject.trim() };
    const set = (how: { propose?: string }) =>
      api.put(to('users', user.id, 'identities', provider), body, { over: user.version, ...how });
    if (!(await doing.run(set))) return;
    say(`${user.name} is known at ${provider}`);
    close();
    again();
  };
  return (
    <Dialog title={`Link ${user.name} with a provider`} close={close}>
      <form onSubmit={add}>
        <SelectField
          label="Provider"
          value={provider}
          set={setProvider}
          options={providers.map(({ name, title }): [string, string] => [name, title])}
          problem={doing.problem}
          name="provider"
        />
        <TextField
          label="Who they are there"
          mono
          value={subject}
          set={setSubject}
          hint="The provider's own id for them (sub), not their name or address. Whoever is that there signs in as them."
          problem={doing.problem}
          name="subject"
          required
        />
        {known && (
          <p class="small">
            They are <code>{known.subject}</code> there now: that ends, with the sessions that rest on it.
          </p>
        )}
        <Finish doing={doing} action="Link them" ready={subject.trim() !== ''} leave={close} />
      </form>
    </Dialog>
  );
}

function Remove({ user, identity, again, close }: Rows & { identity: Identity; close: () => void }) {
  const doing = useChange(ACTION, { way: useWayWith(user, ACTION), refusal: `identity ${user.id}` });
  const remove = async () => {
    const path = to('users', user.id, 'identities', identity.provider);
    if (!(await doing.run((how) => api.remove(path, how)))) return;
    say(`${user.name} is no longer known at ${identity.provider}`);
    close();
    again();
  };
  const isLast = user.factors.length === 0 && user.identities.length === 1;
  return (
    <Confirm
      title={`Take away the account at ${identity.provider}?`}
      action="Take it away"
      danger
      doing={doing}
      close={close}
      onConfirm={remove}
    >
      <p>
        Ends those of their {count(user.sessions, 'session')} that rest on it, with what is open there, and the
        memberships that rest on its word.
        {isLast && ` ${user.name} has nothing else to sign in by: they need a link afterwards.`}
      </p>
    </Confirm>
  );
}
