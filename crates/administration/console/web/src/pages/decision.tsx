// One decision in full: the sentence, what it rests on, what decided it, what would open it, how it ended, where it is kept.

import { useLayoutEffect, useRef } from 'preact/hooks';

import type { Decision } from '../api/types';
import { useRead } from '../api/use';
import { query, to } from '../api/client';
import { at } from '../router';
import { Outcome } from '../ui/chip';
import { Id } from '../ui/copy';
import { Icon } from '../ui/icon';
import { PersonWithId, usePeopleIn } from '../ui/named';
import { Shown } from '../ui/notes';
import { Page, takesFocus } from '../ui/page';
import { Moment } from '../ui/time';
import { epochWords } from '../ui/words';
import { Ways } from '../ui/ways';
import { DecidedBy, Ended, RestsOn } from './decision/parts';

export function DecisionPage({ id }: { id: string }) {
  const reading = useRead<Decision>(to('decisions', id));
  return (
    <Page
      title={`Decision ${id}`}
      above={<a href="/decisions">Live decisions</a>}
      heading={
        <>
          Decision <Id>{id}</Id>
        </>
      }
    >
      <Shown reading={reading}>{(value) => <InFull value={value} />}</Shown>
    </Page>
  );
}

/** `user`: the id of whose it is, as far as the list beside it knows. */
export function DecisionBeside({ id, user }: { id: string; user: string | undefined }) {
  const reading = useRead<Decision>(to('decisions', id));
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    if (takesFocus()) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <section class="card beside" aria-labelledby="beside">
      <div class="card-head">
        <h2 id="beside" ref={heading} tabIndex={-1}>
          Decision <Id>{id}</Id>
        </h2>
        <a class="icon-button" href={`/decisions${location.search}`} aria-label="Close the decision" title="Close">
          <Icon name="close" />
        </a>
      </div>
      <div class="beside-inside">
        <Shown reading={reading}>{(value) => <InFull value={value} user={user} />}</Shown>
      </div>
    </section>
  );
}

function stepUp(value: Decision): boolean {
  return value.outcome === 'deny' && value.ways.some((way) => way.alone);
}

/** Ways are searched for people who were refused and are still there; for all others they are asked for. */
function AskNow({ value }: { value: Decision }) {
  if (!value.app) return null;
  const user = value.session === undefined ? undefined : value.who;
  return <a href={`/ask${query({ user, app: value.app })}`}>Ask what would open it now</a>;
}

/** Whose it is, in which session, and who is meant by the ids that it names. */
function Who({ value, user }: { value: Decision; user: string | undefined }) {
  const id = value.user_id ?? user;
  const others = usePeopleIn(`${value.sentence} ${value.rests_on.map((fact) => fact.value).join(' ')}`);
  const named = others.filter((other) => other.id !== id);
  const known = id !== undefined || value.session !== undefined;
  if (!known && named.length === 0) return null;
  return (
    <>
      {known && (
        <>
          <dt>who</dt>
          <dd>
            <PersonWithId id={id} name={value.who === id ? undefined : value.who} />
            {value.session && (
              <span class="under">
                in the session <Id label="Copy the id of the session">{value.session}</Id>
              </span>
            )}
          </dd>
        </>
      )}
      {named.length > 0 && (
        <>
          <dt>names</dt>
          <dd>
            {named.map((other) => (
              <div key={other.id}>
                <PersonWithId {...other} />
              </div>
            ))}
          </dd>
        </>
      )}
    </>
  );
}

function InFull({ value, user }: { value: Decision; user?: string | undefined }) {
  return (
    <div class="decision">
      <p class="sentence">
        <Outcome outcome={value.outcome} stepUp={stepUp(value)} /> {value.sentence}
      </p>
      <p class="small">
        <Moment at={value.time} finely />
      </p>
      <dl class="rests">
        <Who value={value} user={user} />
        <dt>rests on</dt>
        <dd>
          <RestsOn value={value} />
        </dd>
        <dt>decided by</dt>
        <dd>
          <DecidedBy value={value} />
        </dd>
        {value.outcome !== 'allow' && value.outcome !== 'change' && (
          <>
            <dt>would open it now</dt>
            <dd>
              {value.ways.length > 0 ? (
                <Ways ways={value.ways} />
              ) : (
                <>
                  No way is known. <AskNow value={value} />
                </>
              )}
            </dd>
          </>
        )}
        {value.valid_until !== undefined && (
          <>
            <dt>holds until</dt>
            <dd>
              <Moment at={value.valid_until} />
            </dd>
          </>
        )}
        {value.ended && (
          <>
            <dt>ended</dt>
            <dd>
              <Ended ended={value.ended} />
            </dd>
          </>
        )}
        <dt>recorded</dt>
        <dd>
          <code>
            {value.recorded.log} · segment {value.recorded.segment} · record {value.recorded.index}
          </code>
          <span class="small"> at epoch {epochWords(value.epoch)}</span>
        </dd>
      </dl>
      <p class="small links">
        {value.session && <a href={`/sessions?user=${encodeURIComponent(value.who)}`}>Sessions of {value.who}</a>}
        {value.app && <a href={at('apps', value.app)}>Who can reach {value.app}</a>}
      </p>
    </div>
  );
}
