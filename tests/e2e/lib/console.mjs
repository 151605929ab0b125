// The console as somebody sees it: its pages, opened and moved through by mouse or by keyboard.

import { readFileSync } from 'node:fs';

const CONSOLE = new URL('../../../crates/administration/console/', import.meta.url);
/** More than any page has. */
const MOST_STOPS = 200;

const TYPES = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' };

/**
 * With CONSOLE_FROM_TREE set, the console's script and style come from the working tree; the page
 * that asks for them, its policy and its API are the binary's own.
 */
export async function consoleFromTree(person, origin) {
  if (!process.env.CONSOLE_FROM_TREE) return;
  await person.context.route(`${origin}/assets/*`, (route) => {
    const file = new URL(route.request().url()).pathname.slice(1);
    return route.fulfill({ contentType: TYPES[file.split('.').at(-1)], body: readFileSync(new URL(`assets/${file}`, CONSOLE)) });
  });
}

/** Signs the demo's person in by their printed link, and gives them a passkey. */
export async function enrol(person, gateway) {
  await person.open(gateway.printedLink(person.name));
  await person.press('Sign in');
  await person.open(`${gateway.site('auth')}/#passkeys`);
  await person.press('Add a passkey');
  await person.page.getByRole('button', { name: /add|create/i }).first().click();
  await person.page.waitForURL((url) => !url.pathname.startsWith('/enrol'));
}

export class Console {
  constructor(person, origin) {
    Object.assign(this, { person, page: person.page, origin });
  }

  async open(path) {
    await this.page.goto(this.origin + path);
    await this.settled();
  }

  /** The page is there and nothing of it is on its way any more. */
  async settled() {
    await this.page.locator('h1').waitFor();
    await this.page.waitForFunction(() => !document.querySelector('.loading, [aria-busy="true"]'));
  }

  /** The page of this heading is shown. */
  async at(heading) {
    await this.page.getByRole('heading', { level: 1, name: heading }).waitFor();
    await this.settled();
  }

  field(label) {
    return this.page.getByLabel(label, { exact: true });
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  link(name) {
    return this.page.getByRole('link', { name });
  }

  dialog() {
    return this.page.getByRole('dialog');
  }

  /** What has the focus, as a person would name it. */
  focused() {
    return this.page.evaluate(() => {
      const { activeElement: element } = document;
      return `${element.tagName.toLowerCase()}: ${(element.getAttribute('aria-label') ?? element.textContent).trim()}`;
    });
  }

  /** Presses Tab until something of this name has the focus. */
  async tabTo(name, most = 40) {
    const seen = [];
    for (let n = 0; n < most; n += 1) {
      await this.page.keyboard.press('Tab');
      const now = await this.focused();
      if (name.test(now)) return;
      seen.push(now);
    }
    throw new Error(`nothing like ${name} among: ${seen.join(' | ')}`);
  }

  /**
   * Goes through the whole page by Tab, and says what was not reached and what did not show its focus.
   * Of radio buttons and of live rows one is enough: the arrows lead to the others.
   */
  async walkedByTab() {
    await this.page.evaluate(() => {
      const wanted = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
      const reachable = (element) =>
        element.checkVisibility() && element.tabIndex >= 0 && !element.disabled && !(element.type === 'radio' && !element.checked);
      // What a focus may change: of the element, or of the shape that it draws.
      globalThis.look = (element) =>
        [element, ...element.children]
          .map((part) => getComputedStyle(part))
          .map((style) => [style.outline, style.boxShadow, style.borderColor, style.stroke, style.strokeWidth].join())
          .join('; ');
      const all = [...document.querySelectorAll(`main :is(${wanted})`)].filter(reachable);
      globalThis.unreached = new Map(all.map((element) => [element, globalThis.look(element)]));
      globalThis.unseen = [];
      document.querySelector('main').focus();
    });
    for (let n = 0; n < MOST_STOPS; n += 1) {
      await this.page.keyboard.press('Tab');
      const left = await this.page.evaluate(() => {
        const { activeElement: element } = document;
        if (globalThis.unreached.get(element) === globalThis.look(element)) globalThis.unseen.push(element.outerHTML);
        globalThis.unreached.delete(element);
        return !element.closest('main');
      });
      if (left) break;
    }
    return this.page.evaluate(() => ({
      unreached: [...globalThis.unreached.keys()].filter((element) => element.isConnected).map((element) => element.outerHTML),
      unseen: globalThis.unseen,
    }));
  }

  /** By how much the page is wider than the window. */
  overflow() {
    return this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  }
}
