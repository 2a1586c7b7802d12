// Writes the tables of the README that come from data: the faults. Run after a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { FAULTS } from '../dist/errors.js';

/** The table of faults in Markdown. */
export function faultTable() {
  const rows = Object.entries(FAULTS).map(([code, { exit, remedy }]) => `| \`${code}\` | ${exit} | ${remedy} |`);
  return ['| code | exit | what to do |', '| --- | --- | --- |', ...rows].join('\n');
}

/** The text with what stands between the marks of that name replaced. */
export function between(text, name, content) {
  const pattern = new RegExp(`(<!-- ${name}[^>]*-->\n)[^]*?(<!-- /${name} -->)`);
  if (!pattern.test(text)) throw new Error(`README.md has no marks for ${name}`);
  return text.replace(pattern, (_, open, close) => `${open}\n${content}\n\n${close}`);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const file = new URL('../README.md', import.meta.url);
  writeFileSync(file, between(readFileSync(file, 'utf8'), 'faults', faultTable()));
}
