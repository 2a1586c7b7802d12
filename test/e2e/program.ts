import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

/** The project's own folder. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));
/** The built program, as npm links it. */
export const BIN: string = join(ROOT, 'dist/cli/main.js');

if (!existsSync(BIN)) throw new Error('dist/ is missing: npm run build, then the tests');

/** Where the journals of the runs of a test file go, in place of the user's. */
const STATE = mkdtempSync(join(tmpdir(), 'starfix-state-'));
afterAll(() => rmSync(STATE, { recursive: true, force: true }));

/** A file that comes with the project. */
export function fixture(name: string): string {
  return join(ROOT, 'fixtures', name);
}

/** A folder of its own for a test file, gone afterwards. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'starfix-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** How a run ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  /** The lines of `err`. */
  readonly notes: string[];
}

/** One line of `--json`. */
export interface JsonLine {
  readonly file: string;
  readonly status: string;
  readonly error?: { readonly code: string; readonly message: string; readonly remedy: string };
  readonly reason?: string;
  readonly reasonCode?: string;
  readonly elapsedMs: number;
  readonly [field: string]: unknown;
}

/** A run: awaits its ending, or is interrupted. */
export interface Run {
  readonly child: ChildProcess;
  readonly ending: Promise<Ending>;
}

/** Starts the program. */
export function start(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Run {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, XDG_STATE_HOME: STATE, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ending = new Promise<Ending>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, out, err, notes: linesOf(err) }));
  });
  return { child, ending };
}

/** Runs the program to its end, with something on its standard input or nothing. */
export async function run(
  args: readonly string[],
  options: { cwd?: string; stdin?: Uint8Array } = {},
): Promise<Ending> {
  const { child, ending } = start(args, options);
  // A program that ends before it has read everything is no concern of the one that feeds it.
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.stdin ?? new Uint8Array(0));
  return ending;
}

/** Runs with `--json` and reads the answers. */
export async function runJson(
  args: readonly string[],
  options: { cwd?: string; stdin?: Uint8Array } = {},
): Promise<Ending & { answers: JsonLine[] }> {
  const ended = await run(['--json', ...args], options);
  return { ...ended, answers: linesOf(ended.out).map((line) => JSON.parse(line) as JsonLine) };
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
