// Whether a client is given tokens, and by what it shows who it is.

import type { Client, Registration } from '../../api/types';
import { Chip } from '../../ui/chip';

export function StateChip({ client }: { client: Client }) {
  if (client.state === 'on')
    return (
      <Chip tone="allow" mark="✓">
        {client.owner === 'itself' ? 'on, registered itself' : 'on'}
      </Chip>
    );
  if (client.state === 'suspended')
    return (
      <Chip tone="deny" mark="✕">
        suspended
      </Chip>
    );
  return <Chip tone="plain">{client.configured ? 'off by the file' : 'off, no longer in the file'}</Chip>;
}

const WAYS: Record<string, string> = {
  none: 'not at all: it is public',
  client_secret_basic: 'by a secret',
  client_secret_post: 'by a secret',
  private_key_jwt: 'by a key',
  tls_client_auth: 'by a certificate',
  self_signed_tls_client_auth: 'by a certificate of its own',
};

export const shows = (registration: Registration | undefined): string =>
  registration ? (WAYS[registration.authentication] ?? registration.authentication) : '';
