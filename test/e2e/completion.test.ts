import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { fixture, run } from './program.ts';

test('bash completes the options of the command that is called', async () => {
  const { out } = await run(['completion', 'bash']);
  const complete = (...words: string[]): string[] => {
    const script = `${out}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _starfix; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8', cwd: fixture('') });
    return stdout.trim().split('\n');
  };
  expect(complete('solve', 'fetch', '--o')).toEqual(['--out-dir', '--out', '--overwrite']);
  expect(complete('solve', 'jobs', '3', '--ex')).toEqual(['--exact']);
  expect(complete('solve', 'login', '--ra')).toEqual(['']);
  expect(complete('solve', 'fetch', '3', '--out-dir', 'nov')).toEqual(['nova']);
  expect(complete('solve', 'log')).toEqual(['login', 'logout']);
  expect(complete('solve', 'm31.fits', '--sca')).toEqual(['--scale-low', '--scale-high', '--scale-units']);
});

test.each(['bash', 'zsh', 'fish'])('the script for %s knows the options of all commands', async (shell) => {
  const { out } = await run(['completion', shell]);
  for (const { load } of COMMANDS) {
    for (const { name, later } of (await load?.())?.options ?? []) {
      if (later !== true) expect(out).toMatch(new RegExp(`(?:--|-l )${name}\\b`));
    }
  }
});
