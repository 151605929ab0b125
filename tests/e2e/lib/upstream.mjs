// An app behind the gateway that records what reaches it and does as it is told, good or bad.

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { until } from './until.mjs';

const CHUNK = Buffer.alloc(1 << 20, 'gatewright ');

/** Starts it on a free loopback port. */
export async function startUpstream({ pages = {} } = {}) {
  const upstream = new RecordingUpstream(pages);
  await new Promise((resolve, reject) => {
    upstream.server.once('error', reject);
    upstream.server.listen(0, '127.0.0.1', resolve);
  });
  return upstream;
}

class RecordingUpstream {
  /** Every request that arrived: `{ method, url, headers, rawHeaders, body }`; bodies as byte counts. */
  requests = [];
  /** Every WebSocket that was opened. */
  sockets = [];
  /** Event streams that are open now. */
  streams = new Set();
  /** Downloads that are under way now. */
  downloads = new Set();

  constructor(pages) {
    this.pages = pages;
    this.server = createServer((request, response) => this.answer(request, response));
    this.webSockets = new WebSocketServer({ server: this.server });
    this.webSockets.on('connection', (socket, request) => {
      this.requests.push(record(request));
      this.sockets.push(socket);
      socket.on('error', () => {});
      socket.on('message', (data) => socket.send(`echo ${data}`));
      socket.send('hello');
    });
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  async answer(request, response) {
    const entry = record(request);
    this.requests.push(entry);
    const { pathname, searchParams } = new URL(request.url, 'http://upstream.invalid');
    const route = pathname.split('/')[1];
    if (this.pages[pathname]) return this.pages[pathname](request, response);
    if (route === 'download') {
      this.downloads.add(response);
      response.on('close', () => this.downloads.delete(response));
      return download(response, Number(searchParams.get('bytes')));
    }
    if (route === 'events') return this.stream(response);
    for await (const chunk of request) entry.body += chunk.length;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(entry));
  }

  stream(response) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('data: open\n\n');
    this.streams.add(response);
    response.on('error', () => {});
    response.on('close', () => this.streams.delete(response));
  }

  /** What arrived at a path. */
  at(path) {
    return this.requests.filter((entry) => entry.url === path);
  }

  /** Resolves with the first request that fits. */
  arrived(fits) {
    return until('the app gets the request', () => this.requests.find(fits));
  }

  async stop() {
    for (const socket of this.sockets) socket.terminate();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function record(request) {
  const { method, url, headers, rawHeaders } = request;
  return { method, url, headers, rawHeaders, body: 0 };
}

/** Streams `bytes` bytes, as fast as they are taken. */
function download(response, bytes) {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
  let left = bytes;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      const chunk = left >= CHUNK.length ? CHUNK : CHUNK.subarray(0, left);
      left -= chunk.length;
      if (!response.write(chunk)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}
