#!/usr/bin/env node
// Starts fast: what can be answered at once is, everything else is loaded after that.
import { readFileSync } from 'node:fs';

const words = process.argv.slice(2);
if (words[0] === '--version' || words[0] === '-V') {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  process.stdout.write(`${(JSON.parse(manifest) as { version: string }).version}\n`);
} else {
  const { main } = await import('./program.ts');
  await main(words);
}
