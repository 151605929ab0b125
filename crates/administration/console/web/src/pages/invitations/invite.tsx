// Inviting somebody to register a client: what it may be, then the token, shown once.

import { useId, useState } from 'preact/hooks';

import { api } from '../../api/client';
import { Permitted } from '../../api/me';
import { Problem } from '../../api/problem';
import type { Invite, MadeInvitation } from '../../api/types';
import { useDoing } from '../../api/use';
import { say } from '../../ui/announce';
import { AppField } from '../../ui/choose';
import { Check, LinesField, NumberField, about, filled } from '../../ui/field';
import { Finish } from '../../ui/finish';
import { Page } from '../../ui/page';
import { Words } from '../../ui/sentence';
import { capital } from '../../ui/words';
import { CODES, GRANTS, USUAL } from './grants';
import { Made } from './made';

const HOUR_SECS = 3600;

export function InvitePage() {
  return (
    <Page
      title="Invite a client"
      above={<a href="/invitations">Invitations</a>}
      lead="Somebody registers a client by themselves, once or as often as you say, and as nothing beyond what you say here."
    >
      <Permitted action="admin.client.change" to="invite clients">
        <Inviting />
      </Permitted>
    </Page>
  );
}

function Inviting() {
  const [done, setDone] = useState<Made>();
  return done ? <Made {...done} /> : <Form done={setDone} />;
}

interface Draft {
  app: string;
  hosts: string[];
  grants: string[];
  scopes: string[];
  proof_key_optional: boolean;
  uses: number | undefined;
  lifetime_secs: number | undefined;
}

const EMPTY: Draft = {
  app: '',
  hosts: [''],
  grants: USUAL,
  scopes: [''],
  proof_key_optional: false,
  uses: 1,
  lifetime_secs: 24 * HOUR_SECS,
};

/** As it is sent: what is left empty is the server's to say. */
function tidied({ app, hosts, grants, scopes, proof_key_optional, uses, lifetime_secs }: Draft): Invite {
  if (grants.length === 0)
    throw new Problem(
      0,
      'invalid',
      'Nothing chosen',
      'It may ask for nothing so far.',
      'Choose one at least.',
      'grants',
    );
  return {
    ...(app.trim() && { app: app.trim() }),
    hosts: filled(hosts),
    grants,
    scopes: filled(scopes),
    ...(proof_key_optional && grants.includes(CODES) && { proof_key_optional }),
    ...(uses !== undefined && { uses }),
    ...(lifetime_secs !== undefined && { lifetime_secs }),
  };
}

function Form({ done }: { done: (what: Made) => void }) {
  const [draft, setDraft] = useState(EMPTY);
  const doing = useDoing();
  const change = (values: Partial<Draft>) => setDraft({ ...draft, ...values });
  const invite = async (event: Event) => {
    event.preventDefault();
    const made = await doing.run(async () => {
      const asked = tidied(draft);
      done({ made: await api.post<MadeInvitation>('/v1/clients', asked), asked });
    });
    if (made) say('The invitation is made');
  };
  const { problem } = doing;
  return (
    <form class="card pad form" onSubmit={invite}>
      <AppField
        label="App"
        value={draft.app}
        set={(app) => change({ app })}
        hint="People sign in through the client to this app alone. Empty: a program that nobody signs in to."
        problem={problem}
        name="app"
      />
      <LinesField
        label="Hosts"
        value={draft.hosts}
        set={(hosts) => change({ hosts })}
        hint="One a line: notes.example.com. People are sent back to these alone, by https; to 127.0.0.1, on their own device, by http too."
        problem={problem}
        name="hosts"
      />
      <Grants chosen={draft.grants} choose={(grants) => change({ grants })} problem={problem} />
      <LinesField
        label="Scopes"
        rows={1}
        value={draft.scopes}
        set={(scopes) => change({ scopes })}
        hint="One a line. Empty: those of a sign-in, which are openid, profile, email and groups."
        problem={problem}
        name="scopes"
      />
      {draft.grants.includes(CODES) && (
        <Check
          label="Codes need no proof key"
          checked={draft.proof_key_optional}
          set={(proof_key_optional) => change({ proof_key_optional })}
          hint="Only for an app that knows none (PKCE): it has to check nonce instead."
        />
      )}
      <div class="field-row">
        <NumberField
          label="For how many clients"
          value={draft.uses}
          set={(uses) => change({ uses })}
          hint="At most 100."
          problem={problem}
          name="uses"
        />
        <NumberField
          label="For how many hours"
          scale={HOUR_SECS}
          value={draft.lifetime_secs}
          set={(lifetime_secs) => change({ lifetime_secs })}
          hint="At most 720, which is 30 days."
          problem={problem}
          name="lifetime_secs"
        />
      </div>
      <Finish doing={doing} action="Make the invitation">
        <a class="button" href="/invitations">
          Back
        </a>
      </Finish>
    </form>
  );
}

interface Grants {
  chosen: string[];
  choose: (names: string[]) => void;
  problem: Problem | undefined;
}

function Grants({ chosen, choose, problem }: Grants) {
  const fault = useId();
  const wrong = about(problem, 'grants');
  const turn = (turned: string, on: boolean) =>
    choose(GRANTS.map(([name]) => name).filter((name) => (name === turned ? on : chosen.includes(name))));
  return (
    <fieldset class={wrong ? 'choices wrong' : 'choices'} aria-describedby={wrong ? fault : undefined}>
      <legend class="strong">What it may ask for</legend>
      {GRANTS.map(([name, words, hint]) => (
        <Check
          key={name}
          label={capital(words)}
          checked={chosen.includes(name)}
          set={(on) => turn(name, on)}
          hint={hint}
        />
      ))}
      {wrong && (
        <p class="field-fault" id={fault}>
          <span aria-hidden="true">✕ </span>
          <Words text={[problem?.detail, problem?.help].filter(Boolean).join(' ')} />
        </p>
      )}
    </fieldset>
  );
}
