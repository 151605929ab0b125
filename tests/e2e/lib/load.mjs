// Clients that ask again and again and forgive nothing: what was sent must be answered.
//
// A request is sent on another connection only where nothing of it was sent, because the one that
// was kept had been closed by then, or where HTTP/2 says that it was not looked at.

import http2 from 'node:http2';
import { connect } from 'node:tls';

/** Asks over HTTP/1.1 on a kept connection, one request after another. */
export class Http1 {
  connections = 0;

  constructor({ port, host, ca }) {
    Object.assign(this, { port, host, ca });
  }

  async get(path) {
    if (!this.socket || this.socket.closedByPeer || this.socket.destroyed) this.socket = await this.connect();
    const { socket } = this;
    const answer = read(socket);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.host}\r\n\r\n`);
    const { status, headers, body } = await answer;
    if (/^connection: close$/im.test(headers)) this.drop();
    return { status, body };
  }

  connect() {
    this.connections += 1;
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port: this.port,
        servername: this.host,
        ca: this.ca,
        ALPNProtocols: ['http/1.1'],
        noDelay: true,
      });
      socket.once('secureConnect', () => resolve(socket));
      socket.once('error', reject);
      socket.on('end', () => (socket.closedByPeer = true));
      socket.on('close', () => (socket.closedByPeer = true));
    });
  }

  drop() {
    this.socket?.on('error', () => {});
    this.socket?.end();
    this.socket = undefined;
  }
}

/** One answer with a length. */
function read(socket) {
  return new Promise((resolve, reject) => {
    let text = '';
    const done = (then) => {
      socket.off('data', more).off('close', lost).off('error', lost);
      then();
    };
    const lost = (error) =>
      done(() => reject(new Error(`no whole answer (${error?.code ?? 'closed'}): ${JSON.stringify(text.slice(0, 200))}`)));
    const more = (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const headers = text.slice(0, end);
      const length = Number(/^content-length: (\d+)$/im.exec(headers)?.[1] ?? NaN);
      const body = text.slice(end + 4);
      if (Number.isNaN(length)) return done(() => reject(new Error(`an answer without a length: ${headers}`)));
      if (body.length < length) return;
      done(() => resolve({ status: Number(headers.split(' ')[1]), headers, body }));
    };
    socket.on('data', more).on('close', lost).on('error', lost);
  });
}

/** Asks over HTTP/2, any number at once on one connection. */
export class Http2 {
  connections = 0;

  constructor({ port, host, ca }) {
    Object.assign(this, { port, host, ca });
  }

  async get(path) {
    for (;;) {
      const asked = await this.ask(path);
      if (!asked.refused) return asked;
    }
  }

  async ask(path) {
    const session = await this.open();
    let stream;
    try {
      stream = session.request({ ':path': path, ':authority': this.host });
    } catch (error) {
      if (error.code === 'ERR_HTTP2_INVALID_SESSION' || error.code === 'ERR_HTTP2_GOAWAY_SESSION') return { refused: true };
      throw error;
    }
    return new Promise((resolve, reject) => {
      let status;
      let body = '';
      stream.setEncoding('latin1');
      stream.on('response', (headers) => (status = headers[':status']));
      stream.on('data', (text) => (body += text));
      stream.on('error', (error) => {
        const unseen = stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM || error.code === 'ERR_HTTP2_GOAWAY_SESSION';
        if (unseen && status === undefined) resolve({ refused: true });
        else reject(new Error(`no whole answer (${error.code}, reset with ${stream.rstCode})`));
      });
      stream.on('end', () => status && resolve({ status, body }));
      stream.on('close', () => reject(new Error(`a stream ended without an answer (${stream.rstCode})`)));
      stream.end();
    });
  }

  open() {
    if (this.session && !this.session.closed && !this.session.destroyed) return this.opened;
    this.connections += 1;
    const session = http2.connect(`https://${this.host}:${this.port}`, {
      ca: this.ca,
      lookup: (_, options, found) => (options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4)),
    });
    this.session = session;
    this.opened = new Promise((resolve, reject) => {
      session.once('connect', () => resolve(session));
      session.once('error', reject);
    });
    session.on('error', () => {});
    return this.opened;
  }

  drop() {
    this.session?.close();
  }
}

/** Keeps asking on `lanes` until told to stop; what failed is told with what it was. */
export class Load {
  answered = 0;
  failed = [];
  stopped = false;

  constructor(lanes, pathOf) {
    this.lanes = lanes.map((client, lane) => this.run(client, lane, pathOf));
  }

  async run(client, lane, pathOf) {
    for (let n = 0; !this.stopped; n += 1) {
      const path = pathOf(lane, n);
      try {
        const { status, body } = await client.get(path);
        if (status === 200 && body.includes(`"${path}"`)) this.answered += 1;
        else this.failed.push(`${path}: ${status} ${body.slice(0, 200)}`);
      } catch (error) {
        this.failed.push(`${path}: ${error.message}`);
        client.drop();
      }
    }
    client.drop();
  }

  async stop() {
    this.stopped = true;
    await Promise.all(this.lanes);
  }
}
