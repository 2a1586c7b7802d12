import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Whether fitsverify is there; says so once if not. */
export const hasFitsverify: boolean = isThere('fitsverify');
/** Whether solve-field is there. */
export const hasSolveField: boolean = isThere('solve-field');

function isThere(name: string): boolean {
  const found = existsSync(`/usr/bin/${name}`);
  if (!found) console.warn(`left out: what ${name} says of our files, since it is not installed`);
  return found;
}

/** What fitsverify finds wrong with a file; `''` if nothing. Warnings count as well. */
export function faultsOf(path: string): string {
  const { stdout, status } = spawnSync('fitsverify', ['-l', path], { encoding: 'utf8' });
  const isSound = stdout.includes('Verification found 0 warning(s) and 0 error(s)');
  return status === 0 && isSound ? '' : stdout;
}
