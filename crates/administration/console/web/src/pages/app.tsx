// One app: its routes, its servers, who can reach them and why.

import { useState } from 'preact/hooks';

import { useChange } from '../api/change';
import { api, query, to } from '../api/client';
import { Permitted, type Way, useWay, useWayOfRights } from '../api/me';
import type { AppAccess, AppInFull, List } from '../api/types';
import { useRead } from '../api/use';
import { at, go } from '../router';
import { Act } from '../ui/act';
import { say } from '../ui/announce';
import { AccessChip, Chip } from '../ui/chip';
import { Id } from '../ui/copy';
import { Confirm } from '../ui/dialog';
import { verb } from '../ui/finish';
import { Empty, Shown } from '../ui/notes';
import { OwnedElsewhere } from '../ui/owner';
import { Page, Section } from '../ui/page';
import { PolicyIds } from '../ui/policies';
import { type Column, Table } from '../ui/table';
import { listed, number, people } from '../ui/words';
import { OpenAtApp } from './app/open';
import { RouteList } from './app/routes';
import { Sent } from './app/sent';
import { serverWords } from './app/servers';

export function AppPage({ name }: { name: string }) {
  const reading = useRead<AppInFull>(to('apps', name));
  const app = reading.value;
  return (
    <Page
      title={app?.title ?? name}
      above={<a href="/apps">Apps</a>}
      aside={app && <AppActions app={app} />}
      lead={app?.description || undefined}
    >
      <Shown reading={reading}>
        {(app) => (
          <>
            <ReadOnly app={app} />
            <dl class="facts">
              <dt>Address</dt>
              <dd>
                <a href={app.url} rel="noreferrer" target="_blank">
                  {app.host}
                </a>
              </dd>
              <dt>In policies</dt>
              <dd>
                <Id label="Copy its name in policies">{`App::"${app.name}"`}</Id>
              </dd>
              <dt>{app.upstream.start ? 'Elsewhere' : 'Servers'}</dt>
              <dd>
                {app.upstream.start && <code>{app.upstream.start}</code>}
                {app.built_in && <span class="soft">Gatewright itself</span>}
                {app.upstream.servers.map((server) => (
                  <div key={serverWords(server)}>
                    <code>{serverWords(server)}</code>
                  </div>
                ))}
              </dd>
              <dt>Tags</dt>
              <dd>
                {app.tags.length === 0 ? (
                  <span class="soft">none</span>
                ) : (
                  app.tags.map((tag) => (
                    <span class="tag" key={tag}>
                      {tag}
                    </span>
                  ))
                )}
              </dd>
              {Object.keys(app.attributes).length > 0 && (
                <>
                  <dt>Attributes</dt>
                  <dd>
                    {Object.entries(app.attributes).map(([name, value]) => (
                      <div key={name}>
                        <code>{name}</code> <span class="soft">is</span> <code>{value}</code>
                      </div>
                    ))}
                  </dd>
                </>
              )}
              <dt>In the portal</dt>
              <dd>{app.in_portal ? 'yes, for whom it opens' : 'no'}</dd>
              <dt>Time zone</dt>
              <dd>{app.time_zone ?? <span class="soft">the organisation's</span>}</dd>
            </dl>
            <Section
              id="access"
              title="Who can reach it, and why"
              aside={
                <a class="small" href={`/ask${query({ app: app.name })}`}>
                  Ask about one request
                </a>
              }
            >
              <Permitted action="admin.explain" to="see who reaches an app">
                <Who app={app} />
              </Permitted>
            </Section>
            <Section id="routes" title="Routes">
              <RouteList app={app} />
            </Section>
            {app.upstream.servers.length > 0 && (
              <Section id="sent" title="What its servers are sent">
                <Sent app={app} />
              </Section>
            )}
            <Section
              id="open"
              title="Open now"
              aside={
                <a class="small" href={`/decisions${query({ app: app.name })}`}>
                  Its decisions, live
                </a>
              }
            >
              <OpenAtApp app={app.name} />
            </Section>
          </>
        )}
      </Shown>
    </Page>
  );
}

export const owned = (app: AppInFull): boolean =>
  app.built_in || !['administration', 'declared'].includes(app.managed_by);

export function ReadOnly({ app }: { app: AppInFull }) {
  if (app.managed_by === 'declared') return <OwnedElsewhere kind="app" by="declared" />;
  if (!owned(app)) return null;
  return (
    <p class="note">
      <Chip tone="plain">read-only here</Chip>
      <span class="soft">
        {app.built_in || app.managed_by === 'gatewright'
          ? 'It is a part of Gatewright. Policies decide who may use it.'
          : 'The configuration file owns this app: change it there, and it is read again. Policies decide who may use it.'}
      </span>
    </p>
  );
}

/** Gone and added again, it would be without what decides which policies apply to it. */
const labelled = (app: AppInFull): boolean =>
  app.tags.length > 0 || app.routes.length > 0 || Object.keys(app.attributes).length > 0 || app.time_zone !== undefined;

const LABELLED = 'Its tags, attributes, routes and time zone decide which policies apply to it: ask an owner.';

function useWayToRemove(app: AppInFull): Way {
  const [way, rights] = [useWay('admin.app.change'), useWayOfRights('admin.app.change')];
  return labelled(app) ? rights : way;
}

function AppActions({ app }: { app: AppInFull }) {
  const way = useWay('admin.app.change');
  const toRemove = useWayToRemove(app);
  const [asked, setAsked] = useState(false);
  if (owned(app) || !way) return null;
  return (
    <div class="buttons">
      <a class="button" href={`${at('apps', app.name)}/edit`}>
        {verb(way, 'Change')}
      </a>
      <Act class="button danger" why={toRemove ? undefined : LABELLED} onClick={() => setAsked(true)}>
        {verb(toRemove, 'Remove')}
      </Act>
      {asked && <Remove app={app} close={() => setAsked(false)} />}
    </div>
  );
}

function Remove({ app, close }: { app: AppInFull; close: () => void }) {
  const doing = useChange('admin.app.change', { way: useWayToRemove(app) });
  const leases = useRead<List<unknown>>(`/v1/leases${query({ app: app.name, limit: 1 })}`);
  const open = leases.value?.total;
  const remove = async () => {
    if (!(await doing.run((how) => api.remove(to('apps', app.name), { over: app.version, ...how })))) return;
    say(`${app.title} is removed`);
    go('/apps');
  };
  return (
    <Confirm
      title={`Remove ${app.title}?`}
      action={`Remove ${app.title}`}
      danger
      ready={!leases.busy}
      doing={doing}
      close={close}
      onConfirm={remove}
    >
      <p>
        {open === undefined ? 'What is open there' : `${number(open)} open ${open === 1 ? 'lease' : 'leases'}`} will be
        cut at once, and <b>{app.host}</b> answers nobody any more. Policies that name it stay and match nothing.
      </p>
    </Confirm>
  );
}

function Who({ app }: { app: AppInFull }) {
  const reading = useRead<List<AppAccess>>(to('apps', app.name, 'access'));
  return (
    <Shown reading={reading}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title="Nobody can reach it yet">
            <p>
              What no policy permits is refused. Write one that names a group and <code>App::"{app.name}"</code>, and
              see whom it lets in before you save it.
            </p>
            <p>
              <a class="button" href="/policies/edit">
                Write a policy
              </a>
            </p>
          </Empty>
        ) : (
          <Table
            caption={`Who can reach ${app.title}`}
            columns={WHO}
            rows={items}
            id={(item) => `${item.route} ${item.who.kind === 'group' ? item.who.group : ''} ${item.because.join()}`}
          />
        )
      }
    </Shown>
  );
}

const WHO: Column<AppAccess>[] = [
  {
    title: 'Who',
    kind: 'main',
    cell: (item) =>
      item.who.kind === 'group' ? (
        <>
          <a class="strong" href={at('groups', item.who.group)}>
            {item.who.group}
          </a>
          <span class="under">{people(item.who.people)}</span>
        </>
      ) : (
        <>
          <span class="strong">Strangers</span>
          <span class="under">whoever comes, without signing in</span>
        </>
      ),
  },
  { title: 'Route', cell: (item) => <code>{item.route}</code> },
  {
    title: 'Access',
    cell: (item) => (
      <>
        <AccessChip access={item.access} />
        {item.conditions.length > 0 && <span class="under">needs {listed(item.conditions)}</span>}
      </>
    ),
  },
  { title: 'Because', cell: (item) => <PolicyIds ids={item.because} /> },
];
