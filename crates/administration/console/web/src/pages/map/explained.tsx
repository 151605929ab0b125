// One line of the map, explained.

import { at } from '../../router';
import { AccessChip } from '../../ui/chip';
import { PolicyIds } from '../../ui/policies';
import { count, listed } from '../../ui/words';
import { type Drawn, type Flow, STRANGERS } from './aggregate';
import { routeSentence, sentence } from './words';

/** What the chosen line means: the sentence, the condition, the policies. */
export function Explained({ drawn, flow }: { drawn: Drawn; flow: Flow | undefined }) {
  if (!flow) return <p class="explained soft">Choose a line to read what it means and which policies make it.</p>;
  const app = drawn.apps.find((candidate) => candidate.name === flow.from);
  const route = app?.routes.find((candidate) => candidate.name === flow.to);
  return (
    <div class="explained card">
      <p>
        <AccessChip access={flow.access} />{' '}
        <span class="strong">{app && route ? routeSentence(flow, route.label) : sentence(flow)}</span>
      </p>
      <p class="small">
        Because of <PolicyIds ids={flow.because} />
      </p>
      <p class="small links">
        {!app && flow.from !== STRANGERS && <a href={at('groups', flow.from)}>The group {flow.from}</a>}
        <a href={at('apps', app ? flow.from : flow.to)}>The app {app ? flow.from : flow.to}</a>
        {!app && flow.routes.length > 0 && (
          <span>
            {count(flow.routes.length, 'route')}: {listed(flow.routes.slice(0, 4))}
          </span>
        )}
      </p>
    </div>
  );
}
