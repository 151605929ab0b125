// One client of the authorisation server: what it is, how it is registered, and what it may ask for.

import { to } from '../api/client';
import type { Client, Registration, SamlRegistration } from '../api/types';
import { useRead } from '../api/use';
import { at } from '../router';
import { Id } from '../ui/copy';
import { Empty, Shown } from '../ui/notes';
import { OwnedElsewhere } from '../ui/owner';
import { Page, Section } from '../ui/page';
import { Moment, Time } from '../ui/time';
import { count, listed } from '../ui/words';
import { ClientActions } from './client/actions';
import { StateChip, shows } from './client/state';

export function ClientPage({ name }: { name: string }) {
  const reading = useRead<Client>(to('clients', name));
  const client = reading.value;
  return (
    <Page
      title={client?.title ?? name}
      above={<a href="/clients">Clients</a>}
      aside={client && <ClientActions client={client} again={reading.again} />}
    >
      <Shown reading={reading}>
        {(client) => (
          <>
            <p class="lead chips">
              <StateChip client={client} />
            </p>
            {client.configured && <OwnedElsewhere kind="client" by="configuration" />}
            <Facts client={client} />
            {client.registration && <Registered registration={client.registration} />}
            {client.saml && <SpeaksSaml saml={client.saml} />}
            {!client.registration && !client.saml && (
              <Empty title="What is kept of its registration cannot be read">
                <p>It is given nothing until it is declared, or registers, anew.</p>
              </Empty>
            )}
          </>
        )}
      </Shown>
    </Page>
  );
}

function Facts({ client }: { client: Client }) {
  const attributes = Object.entries(client.attributes);
  return (
    <dl class="facts">
      <dt>Client id</dt>
      <dd>
        <Id label="Copy the client id">{client.name}</Id>
      </dd>
      {client.app && (
        <>
          <dt>People sign in to</dt>
          <dd>
            <a href={at('apps', client.app)}>{client.app}</a>
          </dd>
          <dt>People are asked</dt>
          <dd>
            {client.consent === 'ask' ? 'before it is told of them' : 'never: whoever declared it agreed for them'}
          </dd>
        </>
      )}
      <dt>In policies</dt>
      <dd>
        <Id label="Copy how policies name it">{`Client::"${client.id}"`}</Id>
      </dd>
      {client.groups.length > 0 && (
        <>
          <dt>Groups</dt>
          <dd>
            {client.groups.map((group, index) => (
              <span key={group}>
                {index > 0 && ', '}
                <a href={at('groups', group)}>{group}</a>
              </span>
            ))}
          </dd>
        </>
      )}
      {attributes.length > 0 && (
        <>
          <dt>Attributes</dt>
          <dd>
            {attributes.map(([name, value]) => (
              <span class="tag" key={name}>
                {name} = {value}
              </span>
            ))}
          </dd>
        </>
      )}
      {client.tokens_from !== undefined && (
        <>
          <dt>Tokens count since</dt>
          <dd>
            <Moment at={client.tokens_from} />
          </dd>
        </>
      )}
    </dl>
  );
}

function Registered({ registration }: { registration: Registration }) {
  return (
    <>
      <Section id="shows" title="How it shows who it is">
        <dl class="facts">
          <dt>Way</dt>
          <dd>
            {shows(registration)} <code>{registration.authentication}</code>
          </dd>
          {registration.secrets.length > 0 && (
            <>
              <dt>{count(registration.secrets.length, 'secret')}</dt>
              <dd>
                {registration.secrets.map((secret, index) => (
                  <div key={index}>
                    known <Time at={secret.since} />
                    {secret.expires !== undefined && (
                      <>
                        , ends <Time at={secret.expires} />
                      </>
                    )}
                  </div>
                ))}
              </dd>
            </>
          )}
          <Codes title="Keys" all={registration.keys} />
          <Codes title="Keys are at" all={one(registration.keys_uri)} />
          <Codes title="Certificate" all={one(registration.certificate)} />
        </dl>
      </Section>
      <Section id="asks" title="What it may ask for">
        <dl class="facts">
          <Codes title="Grants" all={registration.grant_types} />
          <Codes title="Scopes" all={registration.scopes} />
          <Codes title="Resources" all={registration.resources} />
          <Codes title="Is itself" all={registration.serves} />
          <Codes title="Answers go to" all={registration.redirect_uris} />
          <Codes title="After sign-out" all={registration.post_logout_redirect_uris} />
          <Codes title="Told of ended sessions at" all={one(registration.backchannel_logout_uri)} />
          <Codes title="Classes by default" all={registration.default_acr_values} />
          <dt>Is told people's ids</dt>
          <dd>{registration.sector === undefined ? 'as others are' : `made for ${registration.sector} alone`}</dd>
          <dt>Must have</dt>
          <dd>{listed(musts(registration)) || 'nothing more'}</dd>
        </dl>
      </Section>
    </>
  );
}

function SpeaksSaml({ saml }: { saml: SamlRegistration }) {
  return (
    <Section id="saml" title="How it speaks SAML">
      <dl class="facts">
        <Codes title="Entity id" all={[saml.entity_id]} />
        <Codes title="Answers go to" all={saml.consumers} />
        <Codes title="Told of sign-outs at" all={one(saml.sign_out)} />
        <dt>Its requests</dt>
        <dd>
          {saml.requires_signed ? 'must be signed' : 'may be unsigned'}; {count(saml.certificates, 'certificate')} of
          its own
        </dd>
        <dt>Assertions</dt>
        <dd>{saml.encrypted ? 'signed, and encrypted to it' : 'signed'}</dd>
        <dt>People are named</dt>
        <dd>{NAMES[saml.names]}</dd>
        <dt>It is told</dt>
        <dd>{listed(saml.tells) || 'nothing more'}</dd>
        <dt>People begin</dt>
        <dd>{saml.idp_initiated ? 'there, or at its card in the portal' : 'there'}</dd>
        {saml.valid_until !== undefined && (
          <>
            <dt>Its metadata is good until</dt>
            <dd>
              <Moment at={saml.valid_until} />
            </dd>
          </>
        )}
      </dl>
    </Section>
  );
}

const NAMES = {
  persistent: 'by a name for it alone',
  email: 'by their mail address',
  'user-name': 'by the name that they sign in by',
};

const one = (text: string | undefined): string[] => (text === undefined ? [] : [text]);

function Codes({ title, all }: { title: string; all: string[] }) {
  if (all.length === 0) return null;
  return (
    <>
      <dt>{title}</dt>
      <dd>
        {all.map((text) => (
          <div key={text}>
            <code>{text}</code>
          </div>
        ))}
      </dd>
    </>
  );
}

const musts = (of: Registration): string[] =>
  [
    of.proof_key_required && 'a proof key for each code',
    of.require_pushed && 'pushed requests',
    of.dpop_bound && 'tokens bound to a key',
    of.certificate_bound && 'tokens bound to its certificate',
    of.require_auth_time && 'the time of the sign-in in ID tokens',
  ].filter((must) => must !== false);
