// Keys, the clock, networks, and what the files declare.

import { Fragment } from 'preact';
import { useState } from 'preact/hooks';

import { api, to } from '../api/client';
import { Permitted, useMay } from '../api/me';
import type { Clock, Drift, Key, List, Settings } from '../api/types';
import { useDoing, useRead } from '../api/use';
import { say } from '../ui/announce';
import { Chip } from '../ui/chip';
import { Id } from '../ui/copy';
import { Confirm } from '../ui/dialog';
import { Empty, ProblemNote, Shown } from '../ui/notes';
import { Page, Section } from '../ui/page';
import { Moment, Time } from '../ui/time';
import { listed } from '../ui/words';

export function SettingsPage() {
  return (
    <Page title="Settings">
      <Section id="clock" title="Clock">
        <ClockShown />
      </Section>
      <Section id="keys" title="Keys">
        <Keys />
      </Section>
      <Section id="networks" title="Networks and time zone">
        <Networks />
      </Section>
      <Section id="declared" title="Declared state">
        <Declared />
      </Section>
    </Page>
  );
}

function ClockShown() {
  const reading = useRead<Clock>('/v1/clock');
  const doing = useDoing();
  const agree = async () => {
    if (!(await doing.run(() => api.post('/v1/clock/confirm')))) return;
    say('The time is confirmed');
    reading.again();
  };
  return (
    <Shown reading={reading}>
      {(clock) =>
        clock.fault === undefined ? (
          <p>
            <Chip tone="allow" mark="✓">
              trusted
            </Chip>{' '}
            It is <Moment at={clock.now} /> at the gateway.
          </p>
        ) : (
          <div class="fault">
            <p class="strong">{clock.fault}</p>
            <p>
              The gateway takes it to be <Moment at={clock.now} />. Until somebody confirms it, policies that speak of the time deny.
            </p>
            <ProblemNote problem={doing.problem} />
            <p>
              <button type="button" class="button" disabled={doing.busy} onClick={agree}>
                That is the time
              </button>
            </p>
          </div>
        )
      }
    </Shown>
  );
}

const PURPOSES: Record<string, string> = {
  assertion: 'signs who a person is, for apps',
  'hand-over': 'hands a sign-in over to an app',
  session: 'seals what a browser keeps',
  ledger: 'signs the heads of the ledger',
};

function Keys() {
  const reading = useRead<List<Key>>('/v1/keys');
  const [asked, setAsked] = useState<string>();
  const may = useMay('admin.key.rotate');
  return (
    <Shown reading={reading}>
      {({ items }) => {
        const now = Date.now();
        const current = new Map<string, string>();
        for (const key of items) if (key.active_from <= now && key.replaced_at === undefined) current.set(key.purpose, key.kid);
        return (
          <>
            <ul class="card list">
              {items.map((key) => (
                <li class="row" key={key.kid}>
                  <div class="grow">
                    <span class="strong">{key.purpose}</span> <Id label={`Copy the id of the ${key.purpose} key`}>{key.kid}</Id>
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
        A new key is made and its public half published; it signs once everybody had time to fetch it. The present one is kept for as long as something that it signed is valid. Nobody is signed out, and nothing is cut.
      </p>
    </Confirm>
  );
}

function Networks() {
  const reading = useRead<Settings>('/v1/settings');
  return (
    <Shown reading={reading}>
      {(settings) => (
        <>
          <p class="small">
            Read-only here: these live in <code>{settings.file}</code>.
          </p>
          <dl class="facts">
            <dt>Time zone</dt>
            <dd>{settings.time_zone}</dd>
            {settings.networks.map((network) => (
              <Fragment key={network.name}>
                <dt>{network.name}</dt>
                <dd>
                  {network.prefixes.map((prefix) => (
                    <div key={prefix}>
                      <code>{prefix}</code>
                    </div>
                  ))}
                </dd>
              </Fragment>
            ))}
          </dl>
          {settings.networks.length === 0 && (
            <Empty title="No network has a name">
              <p>
                Name the office's addresses in the configuration file, and policies can speak of them: <code>context.network.names.contains("office")</code>.
              </p>
            </Empty>
          )}
        </>
      )}
    </Shown>
  );
}

const ACTIONS = { add: ['allow', '+', 'added since'], change: ['step', '~', 'changed since'], remove: ['deny', '−', 'removed since'] } as const;

function Declared() {
  const reading = useRead<Drift>('/v1/declared/drift');
  return (
    <Permitted action="admin.read" to="see the declared state">
      <Shown reading={reading}>
        {(drift) =>
          !drift.declared ? (
            <Empty title="Nothing is declared">
              <p>
                People, groups, apps and policies can be kept as files and applied as a whole: <code>gatewright export</code> writes them, <code>gatewright apply --dry-run</code> shows the plan with who gains and who loses, <code>gatewright apply</code> makes it so. What differs afterwards is shown here.
              </p>
            </Empty>
          ) : (
            <>
              <p>
                {drift.at !== undefined && (
                  <>
                    Last applied <Time at={drift.at} />
                    {drift.by && ` by ${drift.by}`}.{' '}
                  </>
                )}
                {drift.changes.length === 0 ? 'Everything still is as the files say.' : 'What is different from the files now:'}
              </p>
              {drift.changes.length > 0 && (
                <ul class="card list after">
                  {drift.changes.map((change) => {
                    const [tone, mark, words] = ACTIONS[change.action];
                    return (
                      <li class="row" key={`${change.kind} ${change.name}`}>
                        <span class="drift">
                          <Chip tone={tone} mark={mark}>
                            {words}
                          </Chip>
                        </span>
                        <div class="grow">
                          <span class="soft">{change.kind.replace('-', ' ')}</span> <span class="strong">{change.name}</span>
                          {change.fields && change.fields.length > 0 && <span class="under">{listed(change.fields)}</span>}
                        </div>
                      </li>
                    );
                  })}
                </ul>
              )}
            </>
          )
        }
      </Shown>
    </Permitted>
  );
}
