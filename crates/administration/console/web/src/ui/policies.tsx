// Policies by their ids, each a link to its text.

import { at } from '../router';

export function PolicyIds({ ids }: { ids: string[] }) {
  if (ids.length === 0) return <span class="soft">nothing permits it</span>;
  return (
    <span class="policy-ids">
      {ids.map((id) => (
        <a key={id} href={at('policies', id)}>
          <code>{id}</code>
        </a>
      ))}
    </span>
  );
}
