// The keys that sign and seal, each for one purpose, and their rotation.

import { useState } from 'preact/hooks';

import { api, to } from '../../api/client';
import { useMay } from '../../api/me';
import type { Key, List } from '../../api/types';
import { useDoing, useRead } from '../../api/use';
import { say } from '../../ui/announce';
import { Id } from '../../ui/copy';
import { Confirm } from '../../ui/dialog';
import { Shown } from '../../ui/notes';
import { Time } from '../../ui/time';

const PURPOSES: Record<string, string> = {
  assertion: 'signs who a person is, for apps',
  'hand-over': 'hands a sign-in over to an app',
  session: 'seals what a browser keeps',
  ledger: 'signs the heads of the ledger',
  'saml-apps': 'signs who a person is, for apps that speak SAML',
  'saml-providers': 'signs what SAML providers are asked, and reads what is encrypted to us',
};

export function Keys() {
  const reading = useRead<List<Key>>('/v1/keys');
  const [asked, setAsked] = useState<string>();
  const may = useMay('admin.key.rotate');
  return (
    <Shown reading={reading}>
      {({ items }) => {
        const now = Date.now();
        const current = new Map<string, string>();
        for (const key of items)
          if (key.active_from <= now && key.replaced_at === undefined) current.set(key.purpose, key.kid);
        return (
          <>
            <ul class="card list">
              {items.map((key) => (
                <li class="row" key={key.kid}>
                  <div class="grow">
                    <span class="strong">{key.purpose}</span>{' '}
                    <Id label={`Copy the id of the ${key.purpose} key`}>{key.kid}</Id>
                    <span class="under">
                      {PURPOSES[key.purpose] && `${PURPOSES[key.purpose]} · `}
                      {key.replaced_at !== undefined ? (
                        <>
                          replaced <Time at={key.replaced_at} />, kept until all that it signed is over
                        </>
                      ) : key.active_from > now ? (
                        <>
                          signs <Time at={key.active_from} />
                        </>
                      ) : (
                        <>
                          signs since <Time at={key.active_from} />
                        </>
                      )}
                    </span>
                  </div>
                  {may && current.get(key.purpose) === key.kid && (
                    <button type="button" class="button small-button" onClick={() => setAsked(key.purpose)}>
                      Rotate<span class="hidden"> the {key.purpose} key</span>
                    </button>
                  )}
                </li>
              ))}
            </ul>
            {asked && (
              <Rotate
                purpose={asked}
                close={() => setAsked(undefined)}
                rotated={() => {
                  setAsked(undefined);
                  reading.again();
                }}
              />
            )}
          </>
        );
      }}
    </Shown>
  );
}

function Rotate({ purpose, close, rotated }: { purpose: string; close: () => void; rotated: () => void }) {
  const doing = useDoing();
  const rotate = async () => {
    if (!(await doing.run(() => api.post(`${to('keys', purpose)}/rotate`)))) return;
    say(`A new ${purpose} key is published`);
    rotated();
  };
  return (
    <Confirm title={`Rotate the ${purpose} key?`} action="Rotate it" doing={doing} close={close} onConfirm={rotate}>
      <p>
        A new key is made and its public half published; it signs once everybody had time to fetch it. The present one
        is kept for as long as something that it signed is valid. Nobody is signed out, and nothing is cut.
      </p>
      {purpose.startsWith('saml-') && (
        <p>
          For SAML that takes days: {purpose === 'saml-apps' ? 'apps' : 'providers'} that do not read our metadata by
          themselves need the new certificate by then.
        </p>
      )}
    </Confirm>
  );
}
