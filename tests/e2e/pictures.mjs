// Takes the pictures of the README. usage: pictures.mjs FOLDER

import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PHONE, Person, launch } from './lib/browser.mjs';
import { Console, consoleFromTree, enrol } from './lib/console.mjs';
import { startDemo } from './lib/gateway.mjs';

const DESKTOP = { width: 1200, height: 700 };
const MAX_BYTES = 150_000;
const ROUNDS = 60;
const folder = resolve(process.argv[2] ?? '.');
const gateway = await startDemo();
const browser = await launch();

async function take(person, name) {
  const path = join(folder, `${name}.png`);
  await person.page.screenshot({ path });
  const { size } = await stat(path);
  if (size > MAX_BYTES) throw new Error(`${path} has ${size} bytes, more than ${MAX_BYTES}`);
}

async function arrives(name, viewport) {
  const person = await Person.arrive(browser, { name, viewport });
  await person.open(gateway.printedLink(name));
  await person.press('Sign in');
  return person;
}

/** People at work: what the overview then shows. */
async function traffic(person, paths) {
  for (let round = 0; round < ROUNDS; round += 1) await person.open(paths[round % paths.length]);
}

async function console(ana, bo) {
  const admin = await Person.arrive(browser, { name: 'admin', viewport: DESKTOP });
  await consoleFromTree(admin, gateway.site('admin'));
  await enrol(admin, gateway);
  const pages = new Console(admin, gateway.site('admin'));
  await pages.open('/map');
  await admin.page.getByRole('button', { name: /^staff .* can reach payroll/ }).focus();
  await admin.page.keyboard.press('Enter');
  await take(admin, 'console-map');
  await editor(admin, pages);
  const [wiki, payroll, reports] = ['wiki', 'payroll', 'reports'].map((app) => `${gateway.site(app)}/`);
  const busy = Promise.all([traffic(ana, [wiki, reports, wiki, payroll]), traffic(bo, [reports, payroll, reports, wiki])]);
  await pages.open('/');
  await busy;
  await ana.open(wiki);
  await pages.settled();
  await take(admin, 'console-overview');
  await pages.open('/decisions?outcome=deny&app=payroll');
  await admin.page.setViewportSize({ width: 1000, height: 860 });
  await admin.page.getByRole('link', { name: /^ana → payroll/ }).first().click();
  await admin.page.locator('.decision').waitFor();
  await admin.page.mouse.move(0, 0);
  await take(admin, 'console-decision');
  await admin.page.setViewportSize(PHONE);
  await admin.page.emulateMedia({ colorScheme: 'dark' });
  await pages.open('/');
  await take(admin, 'console-phone');
}

/** A policy for contractors, as far as its effect on people. */
async function editor(admin, pages) {
  await pages.open('/policies/edit');
  const area = admin.page.getByLabel('Text of demo.cedar');
  const text = await area.inputValue();
  await area.fill(text.replace('@id("wiki-for-staff")\npermit (\n    principal in Group::"staff"', '@id("wiki-for-staff")\npermit (\n    principal in Group::"contractors"'));
  await admin.page.getByText('✓ No fault').waitFor();
  await pages.button('Compare with what is in force').click();
  await pages.button(/^Save:/).waitFor();
  await admin.page.setViewportSize({ width: 1100, height: 860 });
  // The changed policy above, what it does below.
  await area.evaluate((element) => (element.scrollTop = 0));
  await pages.button(/^Save:/).evaluate((element) => element.scrollIntoView({ block: 'end' }));
  await take(admin, 'console-policy');
  await admin.page.setViewportSize(DESKTOP);
}

try {
  const ana = await arrives('ana', { width: 1080, height: 620 });
  const bo = await arrives('bo');
  await ana.open(`${gateway.site('portal')}/`);
  await take(ana, 'portal');
  await ana.open(`${gateway.site('payroll')}/`);
  await ana.page.getByText('For support').click();
  await take(ana, 'refused');
  await console(ana, bo);
} finally {
  await browser.close();
  await gateway.stop();
}
