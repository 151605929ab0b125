// Somebody at the console: a browser page, and all that went wrong in it.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const DESKTOP = { width: 1280, height: 860 };
export const PHONE = { width: 360, height: 780 };

/** The narrowest phones; and a desktop whose reader has everything twice as large. */
export const NARROW = { width: 320, height: 640 };
export const ZOOMED = { width: DESKTOP.width / 2, height: DESKTOP.height / 2 };

const PATIENCE_MS = 10_000;

export class Visitor {
  /** What went wrong in the page: errors of scripts, what its policy blocked, anything on the console. */
  errors = [];

  static async arrive(browser, mock, { viewport = DESKTOP, colorScheme = 'light', ...options } = {}) {
    const context = await browser.newContext({ viewport, colorScheme, permissions: ['clipboard-write'], ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    return new Visitor(context, page, mock);
  }

  constructor(context, page, mock) {
    this.context = context;
    this.page = page;
    this.mock = mock;
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      // That the API refused something is for the page to show, and it is no fault of the page.
      if (message.text().startsWith('Failed to load resource') && message.location().url.includes('/v1/')) return;
      if (['error', 'warning'].includes(message.type())) this.errors.push(message.text());
    });
  }

  async open(path) {
    await this.page.goto(this.mock.origin + path);
    await this.settled();
  }

  /** The page is there and nothing of it is on its way any more. */
  async settled() {
    await this.page.locator('h1').waitFor();
    await this.page.waitForFunction(() => !document.querySelector('.loading'));
  }

  heading() {
    return this.page.locator('h1').innerText();
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  field(name) {
    return this.page.getByLabel(name, { exact: true });
  }

  dialog() {
    return this.page.getByRole('dialog');
  }

  /** What has the focus, as a person would name it. */
  focused() {
    return this.page.evaluate(() => {
      const element = document.activeElement;
      return element
        ? `${element.tagName.toLowerCase()}: ${(element.getAttribute('aria-label') ?? element.textContent ?? '').trim()}`
        : '';
    });
  }

  /** By how much the page is wider than the screen; a phone's own width of the window grows with what does not fit. */
  async overflow() {
    return (await this.page.evaluate(() => document.documentElement.scrollWidth)) - this.page.viewportSize().width;
  }

  /** What reaches beyond the screen, or is cut off at its side, though nothing there scrolls or says so by an ellipsis. */
  beyond() {
    return this.page.evaluate(() => {
      const held = (element) => {
        for (let at = element; at; at = at.parentElement) {
          const { overflowX, textOverflow } = getComputedStyle(at);
          if (/auto|scroll/.test(overflowX) || textOverflow === 'ellipsis') return true;
        }
        return false;
      };
      const told = (element) =>
        `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''}: ${element.textContent?.trim().slice(0, 40)}`;
      return [...document.querySelectorAll('body *')]
        .filter((element) => !element.closest('.hidden, .skip, thead, svg, .code-beneath'))
        .filter((element) => {
          const { left, right, width } = element.getBoundingClientRect();
          return width > 0 && (left < -1 || right > innerWidth + 1) && !held(element);
        })
        .map(told);
    });
  }

  /** What axe finds, each as one line. The page's own policy stays on: axe runs in a world beside it. */
  async violations() {
    this.devtools ??= await this.context.newCDPSession(this.page);
    const { frameTree } = await this.devtools.send('Page.getFrameTree');
    const { executionContextId: contextId } = await this.devtools.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'axe',
    });
    const evaluate = async (expression) => {
      const { result, exceptionDetails } = await this.devtools.send('Runtime.evaluate', {
        expression,
        contextId,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    await evaluate(`${axe}; undefined`);
    return evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.target.join(' ') + ': ' + n.failureSummary)))`);
  }

  async leave() {
    await this.context.close();
  }
}
