// What a browser fetches, as it is and as it travels.

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

let all = 0;
for (const name of ['index.html', 'assets/console.js', 'assets/console.css']) {
  const bytes = readFileSync(new URL(`../../assets/${name}`, import.meta.url));
  const small = gzipSync(bytes, { level: 9 }).length;
  all += small;
  process.stdout.write(
    `${name.padEnd(20)} ${String(bytes.length).padStart(7)} B  ${String(small).padStart(6)} B gzip\n`,
  );
}
process.stdout.write(`${'together'.padEnd(20)} ${' '.repeat(9)}  ${String(all).padStart(6)} B gzip\n`);
