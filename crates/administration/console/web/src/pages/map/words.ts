// Each edge of the map as a sentence.

import { listed, people } from '../../ui/words';
import { type Flow, STRANGERS } from './aggregate';

export const whoWords = (flow: Flow): string =>
  flow.from === STRANGERS ? 'Strangers, without signing in,' : `${flow.from} (${people(flow.people)})`;

export function sentence(flow: Flow): string {
  const how =
    flow.access === 'always' ? 'always' : `on a condition: ${listed(flow.conditions) || 'as its policies say'}`;
  return `${whoWords(flow)} can reach ${flow.to} ${how}.`;
}

export function routeSentence(flow: Flow, label: string): string {
  const how =
    flow.access === 'always' ? 'always' : `on a condition: ${listed(flow.conditions) || 'as its policies say'}`;
  return `${label} of ${flow.from} is open to ${people(flow.people)} ${how}.`;
}
