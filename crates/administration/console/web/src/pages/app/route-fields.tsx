// The fields of each route.

import type { Problem } from '../../api/problem';
import type { AppDraft, Route } from '../../api/types';
import { Check, LinesField, SelectField, TextField } from '../../ui/field';

export const newRoute = (): Route => ({
  name: '',
  paths: [''],
  methods: [],
  tags: [],
  credential: 'cookie',
  sender_constrained: false,
  origins: [],
  recorded_parameters: [],
  accept_encoded_slash: false,
  accept_override_headers: false,
  upgrades: [],
});

/** What is only said of tokens goes when none are taken, and the header is treated as usual. */
const taking = (credential: Route['credential']): Partial<Route> => ({
  credential,
  authorization: credential === 'bearer' ? 'strip' : 'pass',
  ...(credential === 'cookie' && { scopes: [], sender_constrained: false }),
});

interface Fields {
  app: AppDraft;
  change: (values: Partial<AppDraft>) => void;
  problem: Problem | undefined;
}

export function RouteFields({ app, change, problem }: Fields) {
  const put = (index: number, values: Partial<Route>) =>
    change({ routes: app.routes.map((route, i) => (i === index ? { ...route, ...values } : route)) });
  return (
    <>
      {app.routes.map((route, index) => (
        <OneRoute
          key={index}
          route={route}
          field={`routes[${index}]`}
          problem={problem}
          put={(values) => put(index, values)}
          remove={() => change({ routes: app.routes.filter((_, i) => i !== index) })}
        />
      ))}
    </>
  );
}

interface One {
  route: Route;
  field: string;
  problem: Problem | undefined;
  put: (values: Partial<Route>) => void;
  remove: () => void;
}

function OneRoute({ route, field, problem, put, remove }: One) {
  return (
    <fieldset class="card pad">
      <legend>Route {route.name && <code>{route.name}</code>}</legend>
      <TextField
        label="Name"
        mono
        value={route.name}
        set={(name) => put({ name })}
        hint="As policies name it, behind the app's: editor."
        problem={problem}
        name={`${field}.name`}
        required
      />
      <LinesField
        label="Paths"
        value={route.paths}
        set={(paths) => put({ paths })}
        hint="One a line: /edit/* for all below, /login for one."
        problem={problem}
        name={`${field}.paths`}
      />
      <div class="field-row">
        <LinesField
          label="Methods"
          rows={1}
          value={route.methods}
          set={(methods) => put({ methods })}
          hint="One a line; empty: every method."
          problem={problem}
          name={`${field}.methods`}
        />
        <LinesField
          label="Tags"
          rows={1}
          value={route.tags}
          set={(tags) => put({ tags })}
          hint="One a line."
          problem={problem}
          name={`${field}.tags`}
        />
      </div>
      <details>
        <summary>More of this route</summary>
        <SelectField
          label="Credential"
          value={route.credential}
          set={(value) => put(taking(value === 'bearer' ? 'bearer' : 'cookie'))}
          options={[
            ['cookie', 'cookie: the session of whoever is signed in'],
            ['bearer', 'bearer: an access token for this app'],
          ]}
          problem={problem}
          name={`${field}.credential`}
        />
        {route.credential === 'bearer' && (
          <>
            <LinesField
              label="Scopes"
              rows={1}
              value={route.scopes ?? []}
              set={(scopes) => put({ scopes })}
              hint="One a line. A token must be good for all of them."
              problem={problem}
              name={`${field}.scopes`}
            />
            <Check
              label="Bound tokens only"
              checked={route.sender_constrained}
              set={(sender_constrained) => put({ sender_constrained })}
              hint="Whoever shows one must prove the key that it is bound to: DPoP, or a client's certificate."
            />
          </>
        )}
        <SelectField
          label="Authorization"
          value={route.authorization ?? (route.credential === 'bearer' ? 'strip' : 'pass')}
          set={(value) => put({ authorization: value === 'strip' ? 'strip' : 'pass' })}
          options={[
            ['pass', 'pass: the app gets it as it came'],
            ['strip', 'strip: the app gets none'],
          ]}
          problem={problem}
          name={`${field}.authorization`}
        />
        <LinesField
          label="Origins that may call it"
          value={route.origins}
          set={(origins) => put({ origins })}
          hint="One a line: https://dashboard.example.com. Empty: its own pages only."
          problem={problem}
          name={`${field}.origins`}
        />
        <LinesField
          label="Query parameters to record"
          rows={1}
          value={route.recorded_parameters}
          set={(recorded_parameters) => put({ recorded_parameters })}
          hint="One a line. All others are never recorded."
          problem={problem}
          name={`${field}.recorded_parameters`}
        />
        <Check
          label="May become a WebSocket"
          checked={route.upgrades.includes('websocket')}
          set={(on) =>
            put({
              upgrades: on ? [...route.upgrades, 'websocket'] : route.upgrades.filter((name) => name !== 'websocket'),
            })
          }
        />
        <Check
          label="Accept %2F in paths"
          checked={route.accept_encoded_slash}
          set={(accept_encoded_slash) => put({ accept_encoded_slash })}
          hint="Only where the app needs it: servers disagree about what it means."
        />
        <Check
          label="Accept override headers"
          checked={route.accept_override_headers}
          set={(accept_override_headers) => put({ accept_override_headers })}
          hint="X-HTTP-Method-Override and kin, which change what a request is after policy saw it."
        />
      </details>
      <div class="buttons end">
        <button type="button" class="button small-button danger" onClick={remove}>
          Leave this route out
        </button>
      </div>
    </fieldset>
  );
}
