// One provider of identities: what its word counts for, and who is known there.

import { query, to } from '../api/client';
import type { List, Provider, User } from '../api/types';
import { useRead } from '../api/use';
import { at } from '../router';
import { Id } from '../ui/copy';
import { Empty, Shown } from '../ui/notes';
import { OwnedElsewhere } from '../ui/owner';
import { Page, Section } from '../ui/page';
import { count, listed, number, people } from '../ui/words';
import { ProviderActions } from './provider/actions';
import { DirectoryPart } from './provider/directory';
import { StateChip } from './provider/state';

const MOST = 12;

export function ProviderPage({ name }: { name: string }) {
  const reading = useRead<Provider>(to('providers', name));
  const provider = reading.value;
  return (
    <Page
      title={provider?.title ?? name}
      above={<a href="/providers">Providers</a>}
      aside={provider && <ProviderActions provider={provider} again={reading.again} />}
    >
      <Shown reading={reading}>
        {(provider) => (
          <>
            <p class="lead chips">
              <StateChip provider={provider} />
              <span>
                {people(provider.linked)}, {count(provider.sessions, 'open session')}
              </span>
            </p>
            {provider.configured && <OwnedElsewhere kind="provider" by="configuration" />}
            <Facts provider={provider} />
            {provider.directory && <DirectoryPart name={provider.name} />}
            <Section id="counts" title="What its word counts for">
              <Counts provider={provider} />
            </Section>
            <Section id="people" title="Who is known there">
              <People provider={provider} />
            </Section>
          </>
        )}
      </Shown>
    </Page>
  );
}

function Facts({ provider }: { provider: Provider }) {
  return (
    <dl class="facts">
      <dt>{provider.scim ? 'Pushes people in at' : provider.directory ? 'Is read at' : 'Issuer'}</dt>
      <dd>
        <code>{provider.issuer}</code>
      </dd>
      <dt>In policies</dt>
      <dd>
        <Id label="Copy how policies name it">
          {provider.scim || provider.directory
            ? `principal is Client && principal.name == "${provider.name}"`
            : `context.authn.providers.contains("${provider.name}")`}
        </Id>
      </dd>
      {provider.client_id && (
        <>
          <dt>Gatewright is there</dt>
          <dd>
            <code>{provider.client_id}</code>
          </dd>
          <dt>Asked for</dt>
          <dd>
            {['openid', ...provider.scopes].map((scope) => (
              <span class="tag" key={scope}>
                {scope}
              </span>
            ))}
          </dd>
        </>
      )}
      {provider.saml && (
        <>
          <dt>People sign in at</dt>
          <dd>
            <code>{provider.saml.sign_on}</code>
          </dd>
          <dt>Keys that are believed</dt>
          <dd>{provider.saml.certificates}</dd>
        </>
      )}
    </dl>
  );
}

const FOUND: Record<Provider['people']['found_by'], string> = {
  link: 'nobody by itself: they link the two, or somebody says who they are',
  name: 'by the name that they sign in with',
  'verified-email': 'by their verified mail address',
};

function Counts({ provider }: { provider: Provider }) {
  const { people: rules, memberships, assurance } = provider;
  if (provider.scim) return <Pushes finds={FOUND[rules.found_by]} made {...provider.scim} />;
  if (provider.directory) return <Pushes finds={FOUND[rules.found_by]} {...provider.directory} />;
  const required = Object.entries(rules.required);
  return (
    <dl class="facts">
      <dt>Lets in</dt>
      <dd>{required.length === 0 ? 'everybody who signs in there' : <Tests tests={required} />}</dd>
      <dt>Finds who is here</dt>
      <dd>{FOUND[rules.found_by]}</dd>
      <dt>Adds who is new</dt>
      <dd>
        {rules.provision ? (
          <>
            yes, called as <code>{rules.name_claim}</code> says
          </>
        ) : (
          'no'
        )}
      </dd>
      <dt>Puts into groups</dt>
      <dd>
        {memberships.length === 0 && 'none'}
        {memberships.map((rule, index) => (
          <div key={index}>
            <Groups names={rule.groups} />{' '}
            {Object.keys(rule.when).length > 0 ? (
              <>
                <span class="soft">where</span> <Tests tests={Object.entries(rule.when)} />
              </>
            ) : (
              <span class="soft">everybody</span>
            )}
          </div>
        ))}
      </dd>
      <dt>More than one factor</dt>
      <dd>
        <Words words={assurance.multi_factor} />
      </dd>
      <dt>Resists phishing</dt>
      <dd>
        <Words words={assurance.phishing_resistant} />
      </dd>
    </dl>
  );
}

interface Pushes {
  finds: string;
  fills: string[];
  over: string[];
  /** Whether it makes groups of its own. */
  made?: boolean;
}

/** What a source that pushes people in, or a directory, may touch. */
function Pushes({ finds, fills, over, made = false }: Pushes) {
  return (
    <dl class="facts">
      <dt>Finds who is here</dt>
      <dd>{finds}</dd>
      <dt>Fills groups</dt>
      <dd>
        {made && 'those that it made'}
        {made && fills.length > 0 && ', and '}
        {!made && fills.length === 0 && 'none'}
        <Groups names={fills} />
      </dd>
      <dt>Is put over</dt>
      <dd>{over.length === 0 ? 'nobody beside' : <Groups names={over} />}</dd>
    </dl>
  );
}

function Tests({ tests }: { tests: [string, string[]][] }) {
  return (
    <>
      {tests.map(([claim, values], index) => (
        <span key={claim}>
          {index > 0 && ', and '}
          <code>{claim}</code> <span class="soft">is</span> {listed(values, 'or')}
        </span>
      ))}
    </>
  );
}

function Groups({ names }: { names: string[] }) {
  return (
    <>
      {names.map((name, index) => (
        <span key={name}>
          {index > 0 && ', '}
          <a href={at('groups', name)}>{name}</a>
        </span>
      ))}
    </>
  );
}

function Words({ words }: { words: { acr: string[]; amr: string[] } }) {
  const all = [...words.acr.map((word) => `acr ${word}`), ...words.amr.map((word) => `amr ${word}`)];
  if (all.length === 0) return <span class="soft">nothing that it says</span>;
  return <>where it says {listed(all, 'or')}</>;
}

function People({ provider }: { provider: Provider }) {
  const reading = useRead<List<User>>(`/v1/users${query({ provider: provider.name, limit: MOST })}`);
  return (
    <Shown reading={reading}>
      {({ items, total }) =>
        items.length === 0 ? (
          <Empty title="Nobody yet">
            <p>Whoever comes by it is listed here, and whomever somebody linked on their page.</p>
          </Empty>
        ) : (
          <>
            <ul class="card list">
              {items.map((user) => (
                <li class="row" key={user.id}>
                  <div class="grow">
                    <a class="strong" href={at('people', user.name)}>
                      {user.display_name || user.name}
                    </a>
                    <span class="under">
                      {user.name} · there <code>{subjects(user, provider)}</code>
                    </span>
                  </div>
                </li>
              ))}
            </ul>
            {total !== undefined && total > items.length && (
              <p class="small after">and {number(total - items.length)} more</p>
            )}
          </>
        )
      }
    </Shown>
  );
}

const subjects = (user: User, provider: Provider): string =>
  user.identities
    .filter((identity) => identity.provider === provider.name)
    .map((identity) => identity.subject)
    .join(', ');
