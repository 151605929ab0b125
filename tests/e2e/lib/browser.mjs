// Chromium as people have it, with a virtual authenticator for passkeys.

import { X509Certificate, createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

export const SCREENSHOTS = new URL('../../../target/e2e/', import.meta.url).pathname;

const PATIENCE_MS = 10_000;

export const DESKTOP = { width: 1180, height: 820 };
export const PHONE = { width: 390, height: 844 };

/**
 * Starts a browser; close it in the test's `after`. `trust` is the PEM file of a certificate that is
 * as good as any: its pages then have service workers and passkeys.
 */
export function launch({ trust } = {}) {
  const trusted = trust ? [`--ignore-certificate-errors-spki-list=${keyHash(trust)}`] : [];
  return chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...trusted,
    ],
  });
}

function keyHash(file) {
  const key = new X509Certificate(readFileSync(file)).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

/** A person at a browser of their own: a profile, a page, and, if wanted, an authenticator. */
export class Person {
  static async arrive(browser, { name, viewport = DESKTOP, dark = false, passkeys = true, ...options } = {}) {
    const context = await browser.newContext({ viewport, colorScheme: dark ? 'dark' : 'light', ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const person = new Person(name, context, page);
    if (passkeys) await person.addAuthenticator();
    return person;
  }

  constructor(name, context, page) {
    this.name = name;
    this.context = context;
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico')) this.errors.push(message.text());
    });
  }

  /** What went wrong in the page: script errors, blocked content. */
  errors = [];

  /** A built-in authenticator that verifies its user and says yes. */
  async addAuthenticator(page = this.page) {
    this.devtools = await this.context.newCDPSession(page);
    await this.devtools.send('WebAuthn.enable');
    const { authenticatorId } = await this.devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    this.authenticatorId = authenticatorId;
  }

  async passkeys() {
    const { credentials } = await this.devtools.send('WebAuthn.getCredentials', {
      authenticatorId: this.authenticatorId,
    });
    return credentials;
  }

  /** Copies a passkey into this person's authenticator (a borrowed device). */
  async takePasskey(credential) {
    await this.devtools.send('WebAuthn.addCredential', { authenticatorId: this.authenticatorId, credential });
  }

  async open(url) {
    return this.page.goto(url);
  }

  /** Presses a button or link by its words and waits for the page that follows. */
  async press(name) {
    const target = this.page.getByRole('button', { name }).or(this.page.getByRole('link', { name })).first();
    await Promise.all([this.page.waitForEvent('framenavigated'), target.click()]);
    await this.page.waitForLoadState('load');
  }

  heading() {
    return this.page.locator('h1').first().innerText();
  }

  text() {
    return this.page.locator('body').innerText();
  }

  /** Keeps a picture of the whole page under target/e2e. */
  async picture(file) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: `${SCREENSHOTS}${file}.png`, fullPage: true });
  }

  /** Keeps pictures at desktop and phone width, light and dark. */
  async pictures(file) {
    for (const [width, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      await this.page.setViewportSize(viewport);
      for (const colorScheme of ['light', 'dark']) {
        await this.page.emulateMedia({ colorScheme });
        await this.picture(`${file}-${width}-${colorScheme}`);
      }
    }
    await this.page.setViewportSize(DESKTOP);
    await this.page.emulateMedia({ colorScheme: 'light' });
  }

  async leave() {
    await this.context.close();
  }
}
