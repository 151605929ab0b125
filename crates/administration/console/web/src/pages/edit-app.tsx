// Adding and changing an app: one form, faults beside the fields that they name.

import { useMemo, useState } from 'preact/hooks';

import { useChange } from '../api/change';
import { api, to } from '../api/client';
import { Permitted, useWayOfRights } from '../api/me';
import type { AppDraft, AppInFull } from '../api/types';
import { useRead } from '../api/use';
import { at, go } from '../router';
import { say } from '../ui/announce';
import { Chip } from '../ui/chip';
import { Check, LinesField, TextField } from '../ui/field';
import { Finish } from '../ui/finish';
import { Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { PairsField } from '../ui/pairs';
import { ReadOnly, owned } from './app';
import { RouteFields, newRoute } from './app/route-fields';
import { serverWords } from './app/servers';
import { tidied } from './app/tidy';
import { SentFields, ServerFields } from './app/upstream-fields';

const EMPTY: AppDraft = {
  name: '',
  title: '',
  description: '',
  host: '',
  tags: [],
  attributes: {},
  upstream: { servers: [''] },
  in_portal: true,
  preserve_host: true,
  identity_headers: {},
  routes: [],
};

export function AddAppPage() {
  return (
    <Page title="Add an app" above={<a href="/apps">Apps</a>} lead="Nobody reaches it until a policy permits somebody.">
      <Permitted action="admin.app.change" to="add apps" proposable>
        <Form draft={EMPTY} />
      </Permitted>
    </Page>
  );
}

export function EditAppPage({ name }: { name: string }) {
  const reading = useRead<AppInFull>(to('apps', name));
  return (
    <Page
      title={`Change ${reading.value?.title ?? name}`}
      above={<a href={at('apps', name)}>{reading.value?.title ?? name}</a>}
    >
      <Shown reading={reading}>
        {(app) =>
          !owned(app) ? (
            <Permitted action="admin.app.change" to="change apps" proposable>
              <Form draft={app} over={app.version} again={reading.again} />
            </Permitted>
          ) : (
            <ReadOnly app={app} />
          )
        }
      </Shown>
    </Page>
  );
}

interface Form {
  draft: AppDraft;
  over?: number;
  again?: () => void;
}

function Form({ draft, over, again }: Form) {
  const [app, setApp] = useState<AppDraft>(draft);
  const doing = useChange('admin.app.change');
  const once = useMemo(() => crypto.randomUUID(), []);
  const change = (values: Partial<AppDraft>) => setApp({ ...app, ...values });
  const added = over === undefined;
  const save = async (event: Event) => {
    event.preventDefault();
    const document = tidied(app);
    const send = (how: { propose?: string }) =>
      added
        ? api.post('/v1/apps', document, { once, ...how })
        : api.put(to('apps', app.name), document, { over, ...how });
    if (!(await doing.run(send))) return;
    say(`${document.title} is saved`);
    go(at('apps', document.name));
  };
  const { problem } = doing;
  return (
    <form class="form" onSubmit={save}>
      <Labels />
      <fieldset class="card pad">
        <legend>The app</legend>
        <div class="field-row">
          <TextField
            label="Title"
            value={app.title}
            set={(title) => change({ title })}
            hint="As people know it: Wiki."
            problem={problem}
            name="title"
            required
          />
          <TextField
            label="Name"
            mono
            value={app.name}
            set={(name) => change({ name })}
            hint="Lower case, as policies name it: wiki."
            problem={problem}
            name="name"
            required
            disabled={!added}
          />
        </div>
        <TextField
          label="Description"
          value={app.description}
          set={(description) => change({ description })}
          problem={problem}
          name="description"
          hint="One line, as the portal shows it."
        />
        <div class="field-row">
          <TextField
            label="Host"
            mono
            value={app.host}
            set={(host) => change({ host })}
            hint="Where people open it: wiki.example.com."
            problem={problem}
            name="host"
            required
          />
          <TextField
            label="Time zone"
            value={app.time_zone ?? ''}
            set={(time_zone) => change({ time_zone })}
            hint="Empty: the organisation's."
            placeholder="Europe/Madrid"
            problem={problem}
            name="time_zone"
          />
        </div>
        {app.upstream.start !== undefined && (
          <TextField
            label="Begins at"
            mono
            value={app.upstream.start}
            set={(start) => change({ upstream: { ...app.upstream, start } })}
            hint="This app is elsewhere: people begin there, and sign in to it through a client."
            problem={problem}
            name="upstream.start"
          />
        )}
        <LinesField
          label="Servers"
          value={app.upstream.servers.map(serverWords)}
          set={(servers) => change({ upstream: { ...app.upstream, servers } })}
          hint="One a line: http://10.0.0.7:3000. Several share the load; “weight 3” behind one gives it three times as much."
          problem={problem}
          name="upstream.servers"
        />
        <LinesField
          label="Tags"
          rows={1}
          value={app.tags}
          set={(tags) => change({ tags })}
          hint='One a line. Policies read them: resource in Tag::"crown-jewel".'
          problem={problem}
          name="tags"
        />
        <PairsField
          label="Attributes"
          value={app.attributes}
          set={(attributes) => change({ attributes })}
          hint='Policies read them: resource.app.getTag("owner").'
          problem={problem}
          name="attributes"
        />
        <Check
          label="In the portal"
          checked={app.in_portal}
          set={(in_portal) => change({ in_portal })}
          hint="Shown to the people for whom it opens."
        />
      </fieldset>
      <RouteFields app={app} change={change} problem={problem} />
      <div class="buttons">
        <button type="button" class="button" onClick={() => change({ routes: [...app.routes, newRoute()] })}>
          Name another route
        </button>
      </div>
      <SentFields app={app} change={change} problem={problem} />
      <ServerFields app={app} change={change} problem={problem} />
      <Finish doing={doing} action={added ? 'Add the app' : 'Save the app'} again={problem?.stale ? again : undefined}>
        <a class="button" href={added ? '/apps' : at('apps', app.name)}>
          Back
        </a>
      </Finish>
    </form>
  );
}

/** Said before it is filled in: whose part of it is. */
function Labels() {
  const way = useWayOfRights('admin.app.change');
  if (way === 'make') return null;
  return (
    <p class="note">
      <Chip tone="plain">{way ? 'takes somebody else' : "an owner's to change"}</Chip>
      <span class="soft">
        Tags, attributes and routes decide which policies apply:{' '}
        {way
          ? 'what changes them is proposed, and somebody else approves it.'
          : 'leave them as they are, or ask an owner.'}
      </span>
    </p>
  );
}
