// Ports that are free on both loopback addresses now; the gateway refuses to start where one is taken meanwhile.
// They lie below those that the system gives to outgoing connections, so that no connection takes one.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

function listen(host, port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

const close = (server) => new Promise((resolve) => server.close(resolve));

/** `count` different free ports. */
export async function freePorts(count) {
  const held = [];
  const ports = [];
  while (ports.length < count) {
    const port = randomInt(20_000, 32_000);
    try {
      held.push(await listen('127.0.0.1', port));
      held.push(await listen('::1', port));
      ports.push(port);
    } catch (error) {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') ports.push(port); // no IPv6 here
      else if (error.code !== 'EADDRINUSE') throw error;
    }
  }
  await Promise.all(held.map(close));
  return ports;
}
