// A server as one line: its address, and its weight where it has one.

import type { Server } from '../../api/types';

export const serverWords = (server: Server): string =>
  typeof server === 'string' ? server : `${server.address} weight ${server.weight}`;

export function serverOf(line: string): Server {
  const [, address, weight] = /^(\S+)\s+weight\s+(\d+)$/.exec(line) ?? [];
  return address !== undefined && weight !== undefined ? { address, weight: Number(weight) } : line;
}
