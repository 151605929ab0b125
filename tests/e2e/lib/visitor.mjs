// A person at curl: cookies kept, redirects followed on demand, forms posted as a browser would.

import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from './child.mjs';
import { until } from './until.mjs';

const NAVIGATION = ['-H', 'Accept: text/html', '-H', 'Sec-Fetch-Mode: navigate', '-H', 'Sec-Fetch-Dest: document'];

/** Runs curl against a gateway; every answer as `{ status, version, headers, body, url }`. */
export async function curl(gateway, ...args) {
  const format = '\n%{json}';
  const { code, stdout, stderr } = await run('curl', [
    '--silent', '--show-error', '--include', '--max-time', '60',
    '--cacert', gateway.authority, '--write-out', format, ...args,
  ]);
  if (code !== 0) throw new CurlFailure(code, stderr);
  return readAnswer(stdout);
}

/** curl's own failure, with its exit code: 52 is an empty answer, 56 a reset connection. */
export class CurlFailure extends Error {
  constructor(code, stderr) {
    super(`curl ended with ${code}: ${stderr.trim()}`);
    this.code = code;
  }
}

function readAnswer(stdout) {
  const cut = stdout.lastIndexOf('\n{');
  const facts = JSON.parse(stdout.slice(cut));
  let rest = stdout.slice(0, cut);
  let heads = [];
  while (/^HTTP\/[\d.]+ \d{3}/.test(rest)) {
    const end = rest.indexOf('\r\n\r\n');
    heads.push(rest.slice(0, end));
    rest = rest.slice(end + 4);
  }
  return {
    status: facts.response_code,
    version: facts.http_version,
    url: facts.url_effective,
    redirects: facts.num_redirects,
    downloaded: facts.size_download,
    headers: readHeaders(heads.at(-1) ?? ''),
    body: rest,
    get json() {
      return JSON.parse(this.body);
    },
  };
}

/** Lower-case names to values; `set-cookie` to a list, and challenges to all of them. */
function readHeaders(text) {
  const headers = { 'set-cookie': [] };
  for (const line of text.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'set-cookie') headers['set-cookie'].push(value);
    else if (name === 'www-authenticate' && headers[name]) headers[name] += `, ${value}`;
    else headers[name] = value;
  }
  return headers;
}

/** curl's exit codes for a transfer that broke off: partial file, reset, empty, h2 stream error. */
export const BROKEN_OFF = [18, 52, 55, 56, 92];

export class Visitor {
  static async arrive(gateway) {
    const folder = await mkdtemp(join(gateway.folder, 'visitor-'));
    return new Visitor(gateway, join(folder, 'cookies'));
  }

  constructor(gateway, jar) {
    this.gateway = gateway;
    this.jar = jar;
  }

  /** One request with this visitor's cookies, as an API client would send it. */
  request(url, ...args) {
    return curl(this.gateway, '--url', url, '--cookie', this.jar, '--cookie-jar', this.jar, ...args);
  }

  /** The same, without keeping cookies: for many at once. */
  ask(url, ...args) {
    return curl(this.gateway, '--url', url, '--cookie', this.jar, ...args);
  }

  /** A navigation; redirects are followed. */
  navigate(url, ...args) {
    return this.request(url, ...NAVIGATION, '--location', '--max-redirs', '10', ...args);
  }

  /** A navigation whose redirect is looked at, not followed. */
  knock(url, ...args) {
    return this.request(url, ...NAVIGATION, ...args);
  }

  /** Sends the first form of a page that this visitor got, as a browser on that page would. */
  async submit(answer, fields = {}) {
    const form = readForm(answer.body);
    const data = new URLSearchParams({ ...form.fields, ...fields }).toString();
    const target = new URL(form.action || answer.url, answer.url);
    return this.navigate(
      target.href,
      '-H', `Origin: ${new URL(answer.url).origin}`,
      '-H', 'Sec-Fetch-Site: same-origin',
      '--data-raw', data,
    );
  }

  /** Opens a link and presses its button. */
  async signInByLink(url) {
    const page = await this.navigate(url);
    if (page.status !== 200) throw new Error(`the link's page answered ${page.status}: ${page.body}`);
    return this.submit(page);
  }

  /** Uploads `bytes` zeroes from a file that has no blocks on disk. */
  async upload(url, bytes, ...args) {
    const file = join(dirname(this.jar), `zeroes-${bytes}`);
    await (await open(file, 'w')).close();
    await truncate(file, bytes);
    return this.request(
      url, '--request', 'POST', '-H', 'Sec-Fetch-Site: same-origin', '--max-time', '300', '--upload-file', file, ...args,
    );
  }

  /** Starts a download and stops reading after its beginning. */
  async readSlowly(url) {
    const child = spawn('curl', [
      '--silent', '--no-buffer', '--http1.1', '--cacert', this.gateway.authority, '--cookie', this.jar, url,
    ], { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.pause();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    return {
      /** Resolves once the whole way is full and the gateway has come to rest. */
      stalled: () => atRest(this.gateway.pid),
      resume: () => child.stdout.resume(),
      hangUp: () => child.kill('SIGKILL'),
      ended,
    };
  }

  /** Opens a stream and leaves it open; `ended` is curl's exit code. */
  openStream(url, ...args) {
    const child = spawn('curl', [
      '--silent', '--no-buffer', '--cacert', this.gateway.authority, '--cookie', this.jar, ...args, url,
    ], { stdio: ['ignore', 'pipe', 'ignore'] });
    const stream = {
      text: '',
      over: false,
      ended: new Promise((resolve) => child.once('exit', resolve)),
      said: (words) => until(`the stream says "${words}"`, () => stream.text.includes(words)),
      hangUp: () => {
        child.kill('SIGTERM');
        return stream.ended;
      },
    };
    child.stdout.on('data', (chunk) => (stream.text += chunk));
    child.once('exit', () => (stream.over = true));
    return stream;
  }

  /** The value of a cookie in the jar. */
  async cookie(host, name) {
    const lines = (await readFile(this.jar, 'utf8')).split('\n').map((line) => line.replace(/^#HttpOnly_/, '').split('\t'));
    return lines.find(([domain, , , , , key]) => domain === host && key === name)?.[6];
  }
}

/** Resolves once a process has used no processor time for ten looks in a row. */
async function atRest(pid) {
  let last;
  let quiet = 0;
  await until('the gateway comes to rest', async () => {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' ');
    const used = Number(fields[11]) + Number(fields[12]);
    quiet = used === last ? quiet + 1 : 0;
    last = used;
    return quiet >= 10;
  });
}

/** The first POST form in a page: where it goes and its hidden fields. */
function readForm(html) {
  const form = /<form\b[^>]*method="?post"?[^>]*>([\s\S]*?)<\/form>/i.exec(html);
  if (!form) throw new Error(`no form in the page:\n${html}`);
  const attribute = (tag, name) => unescape(new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(tag)?.[1] ?? '');
  const fields = {};
  for (const [tag] of form[1].matchAll(/<(?:input|button)\b[^>]*>/gi)) {
    const name = attribute(tag, 'name');
    if (name) fields[name] = attribute(tag, 'value');
  }
  return { action: attribute(/<form\b[^>]*>/i.exec(form[0])[0], 'action'), fields };
}

function unescape(text) {
  return text
    .replace(/&quot;|&#34;|&#x22;/g, '"')
    .replace(/&#x27;|&#39;/g, "'")
    .replace(/&lt;|&#60;/g, '<')
    .replace(/&gt;|&#62;/g, '>')
    .replace(/&amp;|&#38;/g, '&');
}
