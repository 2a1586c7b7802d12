import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The Python of the system: Debian's python3-astropy lives there. */
export const PYTHON = '/usr/bin/python3';

/** True if astropy can be asked; says so once if not. */
export const hasAstropy: boolean =
  existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import astropy, numpy']).status === 0;

if (!hasAstropy) console.warn('left out: comparisons with astropy, since python3-astropy is not installed');

/** Runs a script; gives what it printed. */
export function python(...args: string[]): string {
  const run = spawnSync(PYTHON, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (run.status !== 0) throw new Error(run.stderr);
  return run.stdout;
}
