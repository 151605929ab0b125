// One question, put to policy: under a draft, or as things are.

import { useState } from 'preact/hooks';

import { api } from '../../api/client';
import { Permitted } from '../../api/me';
import type { Explanation, List, PolicyFile, Provider, Question } from '../../api/types';
import { useDoing, useRead } from '../../api/use';
import { useAddress } from '../../router';
import { Outcome } from '../../ui/chip';
import { AppField, UserField } from '../../ui/choose';
import { SelectField, TextField } from '../../ui/field';
import { ProblemNote } from '../../ui/notes';
import { Page } from '../../ui/page';
import { Moment, typedTime } from '../../ui/time';
import { Ways } from '../../ui/ways';
import { PolicyShown } from '../decision/parts';

const PROOFS: [string, string][] = [
  ['passkey', 'a passkey'],
  ['sign-in-link', 'a sign-in link'],
  ['nothing', 'nothing'],
];

/** How the word of a provider begins among the proofs. */
const WORD = 'provider:';

function proven(proof: string, acr: string, amr: string): Pick<Question, 'proof' | 'said'> {
  if (!proof.startsWith(WORD)) return { proof };
  const said = {
    provider: proof.slice(WORD.length),
    ...(acr.trim() && { acr: acr.trim() }),
    amr: amr.split(/\s+/).filter(Boolean),
  };
  return { proof: 'provider', said };
}

export function AskPage() {
  return (
    <Page
      title="Ask a question"
      above={<a href="/policies">Policies</a>}
      lead="Who may do what, as policies stand now, and why. Nothing is opened and nothing is changed by asking."
    >
      <Ask />
    </Page>
  );
}

export function Ask({ files }: { files?: PolicyFile[] }) {
  const { search } = useAddress();
  const [user, setUser] = useState(search.get('user') ?? '');
  const [app, setApp] = useState(search.get('app') ?? '');
  const [method, setMethod] = useState('GET');
  const [path, setPath] = useState('/');
  const [proof, setProof] = useState('passkey');
  const [acr, setAcr] = useState('');
  const [amr, setAmr] = useState('');
  const providers = useRead<List<Provider>>('/v1/providers?limit=1000').value?.items ?? [];
  const by = proof.startsWith(WORD) ? proof.slice(WORD.length) : undefined;
  const [address, setAddress] = useState('');
  const [at, setAt] = useState('');
  const [answer, setAnswer] = useState<{ of: PolicyFile[] | undefined; explanation: Explanation }>();
  const doing = useDoing();
  const ask = (event: Event) => {
    event.preventDefault();
    const question = (): Question => ({
      user: user.trim() || null,
      app: app.trim(),
      method,
      path: path.trim() || '/',
      ...proven(user.trim() ? proof : 'nothing', acr, amr),
      ...(address.trim() && { address: address.trim() }),
      ...(at && { at: typedTime(at, 'at') }),
    });
    void doing.run(async () => {
      const explanation = await api.post<Explanation>('/v1/explain', { ...question(), ...(files && { files }) });
      setAnswer({ of: files, explanation });
    });
  };
  return (
    <Permitted action="admin.explain" to="ask questions of policy">
      <form class="card pad form" onSubmit={ask}>
        <div class="field-row">
          <UserField
            label="Who"
            value={user}
            set={setUser}
            hint="Empty: a stranger."
            problem={doing.problem}
            name="user"
          />
          <AppField label="App" value={app} set={setApp} problem={doing.problem} name="app" />
          <SelectField
            label="Having proved with"
            value={proof}
            set={setProof}
            options={[
              ...PROOFS,
              ...providers.map(({ name, title }): [string, string] => [WORD + name, `the word of ${title}`]),
            ]}
            problem={doing.problem}
            name="proof"
          />
        </div>
        {by && (
          <div class="field-row">
            <TextField
              label="It says the class (acr)"
              mono
              value={acr}
              set={setAcr}
              hint="Empty: none. What it counts for, its declaration says."
              problem={doing.problem}
              name="said"
            />
            <TextField
              label="And the methods (amr)"
              mono
              value={amr}
              set={setAmr}
              placeholder="pwd otp"
              hint="With spaces between."
            />
          </div>
        )}
        <div class="field-row method-row">
          <SelectField
            label="Method"
            value={method}
            set={setMethod}
            options={['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].map((name): [string, string] => [name, name])}
          />
          <TextField label="Path" mono value={path} set={setPath} problem={doing.problem} name="path" />
        </div>
        <div class="field-row">
          <TextField
            label="From the address"
            mono
            value={address}
            set={setAddress}
            placeholder="10.0.0.1"
            problem={doing.problem}
            name="address"
          />
          <TextField
            label="At"
            type="datetime-local"
            value={at}
            set={setAt}
            hint="Empty: now."
            problem={doing.problem}
            name="at"
          />
        </div>
        <div class="buttons">
          <button class="button first" disabled={doing.busy || app.trim() === ''}>
            Ask
          </button>
        </div>
      </form>
      <ProblemNote problem={doing.problem} />
      <div aria-live="polite">{answer && <Answer explanation={answer.explanation} behind={answer.of !== files} />}</div>
    </Permitted>
  );
}

function Answer({ explanation, behind }: { explanation: Explanation; behind: boolean }) {
  return (
    <div class="card pad answer">
      {behind && <p class="small">The draft has changed since this was asked.</p>}
      <p class="sentence">
        <Outcome outcome={explanation.outcome} stepUp={explanation.ways.some((way) => way.alone)} />{' '}
        {explanation.sentence}
      </p>
      <dl class="rests">
        <dt>decided by</dt>
        <dd>
          {explanation.policies.length === 0 && 'Nothing permits it. What no policy permits is refused.'}
          {explanation.policies.map((policy) => (
            <PolicyShown key={policy.id} policy={policy} />
          ))}
          {explanation.faults.map((fault) => (
            <p class="field-fault" key={fault}>
              ✕ {fault}
            </p>
          ))}
        </dd>
        {explanation.attributes.length > 0 && (
          <>
            <dt>rests on</dt>
            <dd>
              <ul class="facts-list">
                {explanation.attributes.map((attribute) => (
                  <li key={attribute.name}>
                    <code>{attribute.name}</code> <span class="soft">is</span> <code>{attribute.value}</code>
                  </li>
                ))}
              </ul>
            </dd>
          </>
        )}
        {explanation.outcome === 'deny' && (
          <>
            <dt>would open it</dt>
            <dd>
              <Ways ways={explanation.ways} />
            </dd>
          </>
        )}
        {explanation.report && (
          <>
            <dt>in report mode</dt>
            <dd>
              would be {explanation.report.outcome} because of{' '}
              {explanation.report.because.join(', ') || 'nothing that permits it'}
            </dd>
          </>
        )}
        {explanation.valid_until !== undefined && (
          <>
            <dt>holds until</dt>
            <dd>
              <Moment at={explanation.valid_until} />
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
