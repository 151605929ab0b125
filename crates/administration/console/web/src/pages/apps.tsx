// Every app behind the gateway.

import { useEffect, useState } from 'preact/hooks';

import { useWay } from '../api/me';
import type { App, Apps } from '../api/types';
import { useAll } from '../api/use-all';
import { at, refine, useAddress } from '../router';
import { verb } from '../ui/finish';
import { More, STEP } from '../ui/more';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { Words } from '../ui/sentence';
import { type Column, Table } from '../ui/table';
import { Time } from '../ui/time';
import { count, number, unit } from '../ui/words';

export function AppsPage() {
  const { search } = useAddress();
  const reading = useAll<Apps>('/v1/apps');
  const [text, setText] = useState(search.get('q') ?? '');
  const [shown, setShown] = useState(STEP);
  const way = useWay('admin.app.change');
  useEffect(() => {
    refine({ q: text.trim() });
    setShown(STEP);
  }, [text]);
  return (
    <Page
      title="Apps"
      wide
      aside={
        way && (
          <a class="button first" href="/apps/add">
            {verb(way, 'Add an app')}
          </a>
        )
      }
    >
      <Shown reading={reading}>
        {(apps) => {
          const wanted = apps.items.filter((app) =>
            `${app.name} ${app.title} ${app.host} ${app.tags.map((tag) => `tag:${tag}`).join(' ')}`
              .toLowerCase()
              .includes(text.trim().toLowerCase()),
          );
          return (
            <>
              <Refused apps={apps} />
              <div class="filters" role="search" aria-label="Filter the apps">
                <input
                  class="filter wide-filter"
                  type="search"
                  aria-label="Name, host or tag"
                  placeholder="Name, host or tag:crown-jewel"
                  value={text}
                  onInput={(event) => setText(event.currentTarget.value)}
                />
                <span class="spring" />
                <span class="small" role="status">
                  {count(wanted.length, 'app')}
                </span>
              </div>
              {wanted.length === 0 ? (
                <NoApp filtered={text.trim() !== ''} />
              ) : (
                <Table
                  caption="Apps"
                  columns={COLUMNS}
                  rows={wanted.slice(0, shown)}
                  id={(app) => app.name}
                  busy={reading.busy}
                />
              )}
              <More shown={shown} of={wanted.length} what="apps" show={setShown} />
            </>
          );
        }}
      </Shown>
    </Page>
  );
}

/** The configuration that stands on the disk is not the one in force: nobody should have to guess. */
function Refused({ apps }: { apps: Apps }) {
  const config = apps.config;
  if (config?.state !== 'refused') return null;
  return (
    <div class="fault" role="status">
      <p class="strong">
        The configuration file as it stands is refused; the apps below are those of before, in force since{' '}
        <Time at={config.since} />.
      </p>
      <ul class="lines">
        {(config.faults ?? []).map((line) => (
          <li key={line}>
            <Words text={line} />
          </li>
        ))}
      </ul>
      <p>
        Correct <code>{config.file}</code>: it is read again by itself.
      </p>
    </div>
  );
}

function NoApp({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty title="No app matches">
        <p>Names, hosts and tags are searched.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No app yet">
      <p>
        An app is a host name and the servers behind it. Nobody reaches it until a policy permits somebody: add the app,
        then the policy.
      </p>
    </Empty>
  );
}

export const OWNERS: Record<App['managed_by'], string> = {
  configuration: 'configuration file',
  administration: 'administration',
  declared: 'declared files',
  gatewright: 'part of Gatewright',
};

const COLUMNS: Column<App>[] = [
  {
    title: 'App',
    kind: 'main',
    cell: (app) => (
      <>
        <a class="strong" href={at('apps', app.name)}>
          {app.title}
        </a>
        <span class="under">{app.host}</span>
      </>
    ),
  },
  { title: 'Sends to', kind: 'quiet', cell: (app) => <code>{app.upstream}</code> },
  {
    title: 'Routes',
    kind: 'number',
    // The named ones, and the rest.
    unit: (app) => unit(app.routes.length + 1, 'route'),
    cell: (app) => number(app.routes.length + 1),
  },
  {
    title: 'Tags',
    cell: (app) =>
      app.tags.length === 0 ? (
        <span class="soft">no tags</span>
      ) : (
        app.tags.map((tag) => (
          <span class="tag" key={tag}>
            {tag}
          </span>
        ))
      ),
  },
  { title: 'Owned by', kind: 'quiet', cell: (app) => <span class="soft">{OWNERS[app.managed_by]}</span> },
];
