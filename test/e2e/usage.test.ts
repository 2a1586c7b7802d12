import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { SOLVE_OPTIONS } from '../../src/cli/solve-options.ts';
import { fixture, ROOT, run } from './program.ts';

const IMAGE = fixture('real/pocs_unsolved.fits');

test('--version prints the version of the package and nothing else', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  for (const flag of ['--version', '-V'])
    expect(await run([flag])).toMatchObject({ code: 0, out: `${version}\n`, err: '' });
});

test('help is printed for the program and for each command that is there, and is an error for others', async () => {
  const { out, code, err } = await run(['--help']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  for (const { name } of SOLVE_OPTIONS) expect(out).toContain(`--${name}`);
  for (const { name } of COMMANDS) expect(out).toContain(name);
  expect((await run(['-h'])).out).toBe(out);
  expect((await run(['help'])).out).toBe(out);
  expect((await run(['--json', 'x.fits', '--help'])).out).toBe(out);
  for (const { name, load } of COMMANDS) {
    const help = await run(['help', name]);
    if (load === undefined) {
      expect(help).toMatchObject({ code: 2, out: '', err: expect.stringContaining('not there yet') });
    } else {
      expect(help).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^Usage: [^]*Examples:/) });
      expect((await run([name, '--help'])).out).toBe(help.out);
    }
  }
  expect((await run(['help', 'nonsense'])).code).toBe(2);
});

/** Wrong usage: the words, and what the one line must say. */
const WRONG: readonly (readonly [words: readonly string[], ...parts: (string | RegExp)[]])[] = [
  [[], 'no image'],
  [['--jsno', IMAGE], '--jsno', 'Did you mean --json?'],
  [['--scale-hi', '3', IMAGE], '--scale-hi', 'Did you mean --scale-high?'],
  [['--radius', '-3', '--ra', '1', '--dec', '2', IMAGE], '--radius', "'-3'"],
  [['--radius', '3', IMAGE], '--radius needs --ra and --dec'],
  [['--ra', '10', IMAGE], '--ra needs --dec'],
  [['--dec', '-10', IMAGE], '--dec needs --ra'],
  [['--ra', '370', '--dec', '0', IMAGE], '--ra', "'370'"],
  [['--ra', '25:00:00', '--dec', '0', IMAGE], '--ra', "'25:00:00'"],
  [['--ra', '10', '--dec', '91', IMAGE], '--dec', "'91'"],
  [['--ra', '10', '--dec', '', IMAGE], '--dec', "''"],
  [['--fov', '0', IMAGE], '--fov', 'above 0'],
  [['--fov', 'wide', IMAGE], '--fov', "'wide'"],
  [['--fov', '2', '--scale-low', '1', IMAGE], '--fov', 'not both'],
  [['--scale-low', '3', '--scale-high', '2', IMAGE], '--scale-low 3', '--scale-high 2'],
  [['--scale-low', '1', '--scale-units', 'furlongs', IMAGE], '--scale-units', 'arcsecperpix', "'furlongs'"],
  [['--scale-units', 'app', IMAGE], '--scale-units needs'],
  [['--parity', 'odd', IMAGE], '--parity', 'pos, neg, both', "'odd'"],
  [['--downsample', '1.5', IMAGE], '--downsample', 'whole number'],
  [['--tweak-order', '99', IMAGE], '--tweak-order'],
  [['--extension', 'one', IMAGE], '--extension'],
  [['--timeout', '0', IMAGE], '--timeout'],
  [['--timeout', 'Infinity', IMAGE], '--timeout'],
  [['-j', '0', IMAGE], '-j'],
  [['-j', IMAGE], '-j'],
  [['--timeout'], '--timeout', 'argument missing'],
  [['--engine', 'magic', IMAGE], '--engine', "'magic'"],
  [['--wcs=one.wcs', IMAGE, 'other.fits'], '--wcs', 'one.wcs', '2 images'],
  [['completion'], 'bash, zsh, fish'],
  [['completion', 'tcsh'], "'tcsh'"],
];

for (const [words, ...parts] of WRONG) {
  test(`wrong usage: solve ${words.join(' ').replace(IMAGE, 'IMAGE')}`, async () => {
    const { code, out, notes } = await run(words);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^solve: .*\. [A-Z].*\.$/);
    for (const part of parts) expect(notes[0]).toMatch(part instanceof RegExp ? part : new RegExp(escape(part)));
  });
}

/** What is announced only: never done halfway, never silently left out. */
const LATER: readonly (readonly string[])[] = [
  ...SOLVE_OPTIONS.filter(({ later }) => later).map(({ name, value, endings }) =>
    value === undefined || endings !== undefined ? [`--${name}`, IMAGE] : [`--${name}`, 'x', IMAGE],
  ),
  ...COMMANDS.filter(({ load }) => load === undefined).map(({ name }) => [name]),
];

test('what comes later says so, with exit code 2', { timeout: 120_000 }, async () => {
  expect(LATER.length).toBeGreaterThan(0);
  for (const words of LATER) {
    const { code, out, err } = await run(words);
    expect({ words, code, out }).toEqual({ words, code: 2, out: '' });
    expect(err).toMatch(/^solve: [^\n]* is not there yet\. [^\n]*\n$/);
  }
});

test('a folder that cannot be made is one line, and no endless wait', async () => {
  const { code, err } = await run(['--out-dir', '/proc/nowhere/x', '--wcs', IMAGE]);
  expect(code).toBe(3);
  expect(err).toMatch(/^[^\n]*pocs_unsolved\.fits: [^\n]+\n$/);
  expect(err).not.toMatch(/\n\s+at /);
});

for (const [shell, check] of [
  ['bash', ['bash', '-n']],
  ['zsh', ['zsh', '-n']],
  ['fish', ['fish', '-n']],
] as const) {
  test(`the completion script is good ${shell}`, async (context) => {
    const { out, code } = await run(['completion', shell]);
    expect(code).toBe(0);
    for (const { name } of SOLVE_OPTIONS.filter(({ later }) => !later)) expect(out).toContain(name);
    const [program, ...args] = check;
    const checked = spawnSync(program, args, { input: out, encoding: 'utf8' });
    if (checked.error) context.skip(`${shell} is not installed`);
    expect(checked.stderr).toBe('');
    expect(checked.status).toBe(0);
  });
}

test('bash completes options, their words, and commands', async () => {
  const { out } = await run(['completion', 'bash']);
  const complete = (...words: string[]): string[] => {
    const script = `${out}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _starfix; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', script], { encoding: 'utf8', cwd: fixture('') })
      .stdout.trim()
      .split('\n');
  };
  expect(complete('solve', '--scale-')).toEqual(['--scale-low', '--scale-high', '--scale-units']);
  expect(complete('solve', '--parity', '')).toEqual(['pos', 'neg', 'both']);
  expect(complete('solve', 'comp')).toEqual(['completion']);
  expect(complete('solve', 'completion', 'z')).toEqual(['zsh']);
  expect(complete('solve', '--json', 'PROV')).toEqual(['PROVENANCE.md']);
});

/** A plain text as a pattern. */
function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
