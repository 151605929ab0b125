// Takes the pictures of the README. usage: pictures.mjs FOLDER

import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Person, launch } from './lib/browser.mjs';
import { startDemo } from './lib/gateway.mjs';

const MAX_BYTES = 150_000;
const folder = resolve(process.argv[2] ?? '.');
const gateway = await startDemo();
const browser = await launch();

async function take(person, name) {
  const path = join(folder, `${name}.png`);
  await person.page.screenshot({ path });
  const { size } = await stat(path);
  if (size > MAX_BYTES) throw new Error(`${path} has ${size} bytes, more than ${MAX_BYTES}`);
}

try {
  const ana = await Person.arrive(browser, { name: 'ana', viewport: { width: 1080, height: 620 } });
  await ana.open(gateway.printedLink('ana'));
  await ana.press('Sign in');
  await ana.open(`${gateway.site('portal')}/`);
  await take(ana, 'portal');
  await ana.open(`${gateway.site('payroll')}/`);
  await ana.page.getByText('For support').click();
  await take(ana, 'refused');
} finally {
  await browser.close();
  await gateway.stop();
}
