// HTTP/1.1 byte by byte, for requests that no well-behaved client would send.

import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * Sends bytes on a new connection and resolves with all that came back once the other side has closed.
 * `tls` (`{ ca, servername }`) sends them inside TLS.
 */
export function sendRaw(port, bytes, { host = '127.0.0.1', tls, atMost = 15_000 } = {}) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    const socket = tls ? connectTls({ host, port, ALPNProtocols: ['http/1.1'], ...tls }) : connect({ host, port });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no close within ${atMost} ms; got ${JSON.stringify(Buffer.concat(chunks).toString('latin1'))}`));
    }, atMost);
    const done = () => {
      clearTimeout(timer);
      resolve(readResponses(Buffer.concat(chunks).toString('latin1')));
    };
    socket.on(tls ? 'secureConnect' : 'connect', () => socket.write(Buffer.from(bytes, 'latin1')));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => (error.code === 'ECONNRESET' ? done() : reject(error)));
    socket.on('end', () => socket.end());
    socket.on('close', done);
  });
}

/** The text with the status of every response that begins in it. */
function readResponses(text) {
  const statuses = [...text.matchAll(/(?:^|\n)HTTP\/1\.[01] (\d{3})/g)].map((match) => Number(match[1]));
  return { text, statuses, status: statuses[0] };
}

/** A request head with its lines joined as RFC 9112 wants them. */
export function head(...lines) {
  return `${lines.join('\r\n')}\r\n\r\n`;
}
