// Whether anybody signs in by a provider.

import type { Provider } from '../../api/types';
import { Chip } from '../../ui/chip';

export function StateChip({ provider }: { provider: Provider }) {
  if (provider.state === 'declared')
    return (
      <Chip tone="allow" mark="✓">
        on
      </Chip>
    );
  if (provider.state === 'suspended')
    return (
      <Chip tone="deny" mark="✕">
        suspended
      </Chip>
    );
  return <Chip tone="plain">{provider.configured ? 'off by the file' : 'off, no longer in the file'}</Chip>;
}
