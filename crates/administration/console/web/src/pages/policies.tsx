// The policies in force, file by file.

import { useState } from 'preact/hooks';

import type { Policies, Policy } from '../api/types';
import { useRead } from '../api/use';
import { at } from '../router';
import { Chip } from '../ui/chip';
import { Empty, Shown } from '../ui/notes';
import { Page, Section } from '../ui/page';
import { Words } from '../ui/sentence';
import { count, epochWords, number } from '../ui/words';

const MOST = 40;

export function PoliciesPage() {
  const reading = useRead<Policies>('/v1/policies');
  const [text, setText] = useState('');
  return (
    <Page
      title="Policies"
      lead="Nothing is allowed unless a permit holds; any forbid that holds denies, whatever permits there are."
      aside={
        <div class="buttons">
          <a class="button" href="/ask">
            Ask
          </a>
          <a class="button" href="/policies/history">
            History
          </a>
          <a class="button first" href="/policies/edit">
            Edit
          </a>
        </div>
      }
    >
      <Shown reading={reading}>
        {(value) => (
          <>
            {value.warnings.length > 0 && <Warnings lines={value.warnings} />}
            <div class="filters" role="search" aria-label="Filter the policies">
              <input
                class="filter wide-filter"
                type="search"
                aria-label="Id, description or text"
                placeholder="Id, description or text"
                value={text}
                onInput={(event) => setText(event.currentTarget.value)}
              />
              <span class="spring" />
              <span class="small">
                {count(value.policies.length, 'policy', 'policies')} since epoch{' '}
                <span class="mono">{epochWords(value.epoch)}</span>
              </span>
            </div>
            {value.files.length === 0 && (
              <Empty title="No policy of your own yet">
                <p>
                  Only the built-in ones hold: people can sign in, see their portal, and owners can administer. Nobody
                  reaches an app before a policy permits it.
                </p>
                <p>
                  <a class="button" href="/policies/edit">
                    Write the first
                  </a>
                </p>
              </Empty>
            )}
            {[...value.files.map((file) => file.name), 'gatewright'].map((file) => (
              <File
                key={file}
                name={file}
                policies={value.policies.filter((policy) => policy.file === file && fits(policy, text))}
              />
            ))}
          </>
        )}
      </Shown>
    </Page>
  );
}

const fits = (policy: Policy, text: string): boolean =>
  `${policy.id} ${policy.description ?? ''} ${policy.text}`.toLowerCase().includes(text.trim().toLowerCase());

function Warnings({ lines }: { lines: string[] }) {
  return (
    <div class="warned">
      <Chip tone="step" mark="!">
        worth a look
      </Chip>
      <ul>
        {lines.map((line) => (
          <li key={line}>
            <Words text={line} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function File({ name, policies }: { name: string; policies: Policy[] }) {
  const [all, setAll] = useState(false);
  if (policies.length === 0) return null;
  const builtIn = name === 'gatewright';
  const shown = all ? policies : policies.slice(0, MOST);
  return (
    <Section
      id={`file-${name.replace(/\W/g, '-')}`}
      title={builtIn ? 'Built in' : name}
      aside={
        !builtIn && (
          <a class="small" href={`/policies/edit?file=${encodeURIComponent(name)}`}>
            Edit<span class="hidden"> {name}</span>
          </a>
        )
      }
    >
      <ul class="card list">
        {shown.map((policy) => (
          <li class="row" key={policy.id}>
            <span class="effect">
              <Effect policy={policy} />
            </span>
            <div class="grow">
              <a href={at('policies', policy.id)}>
                <code class="policy-id">{policy.id}</code>
              </a>
              {policy.description && <span class="under">{policy.description}</span>}
            </div>
            {policy.mode === 'report' && <Chip tone="plain">report only</Chip>}
          </li>
        ))}
      </ul>
      {shown.length < policies.length && (
        <p class="buttons">
          <button type="button" class="button" onClick={() => setAll(true)}>
            Show all {number(policies.length)}
          </button>
        </p>
      )}
    </Section>
  );
}

export function Effect({ policy }: { policy: { effect: 'permit' | 'forbid' } }) {
  return policy.effect === 'permit' ? (
    <Chip tone="allow" mark="✓">
      permit
    </Chip>
  ) : (
    <Chip tone="deny" mark="✕">
      forbid
    </Chip>
  );
}
