import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { arch, cpus, freemem, release, tmpdir, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { IndexFile } from '../engines/index-folders.ts';
import { cacheFolder, configFolder, stateFolder } from '../io/user-folders.ts';
import type { Command, OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import { ownVersion } from './own-version.ts';
import { refuseOperands } from './service.ts';
import type { Terminal } from './terminal.ts';

/** What was looked at, and how it is. */
interface Finding {
  readonly check: string;
  /** `off`: it is not there, and need not be. */
  readonly state: 'ok' | 'off' | 'bad';
  readonly text: string;
}

/** `solve doctor`. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'tell what is installed and which fields it covers',
  usage: 'doctor [options]',
  about: [
    'Tells versions, the engines found, which API key would be used (masked), which widths of field the indexes cover, and whether folders can be written; draws a picture of the sky and solves it. Asks no server.',
    'Exit codes: 0, or 3 if something is broken.',
  ],
  options: [
    { name: 'json', group: 'Printing', text: 'print one JSON object a line' },
    {
      name: 'server',
      value: 'URL',
      group: 'Looking',
      text: 'the server whose API key is looked for; nova.astrometry.net if not said',
    },
    {
      name: 'index-dir',
      value: 'DIR',
      names: 'directory',
      group: 'Looking',
      text: 'a folder of index files, beside the usual ones',
    },
  ],
  examples: [
    ['solve doctor', 'is everything there?'],
    ['solve doctor --json | grep \'"bad"\'', 'what is broken?'],
  ],
  run,
};

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  refuseOperands('doctor', operands);
  const json = values.has('json');
  let broken = false;
  for (const look of CHECKS) {
    terminal.signal.throwIfAborted();
    for (const { check, state, text } of await look(values, terminal.signal)) {
      broken ||= state === 'bad';
      const mark = state === 'ok' ? 'ok ' : state === 'off' ? '-  ' : 'BAD';
      terminal.out(
        json ? `${JSON.stringify({ check, state, text })}\n` : `${mark} ${check.padEnd(12)} ${escapeControls(text)}\n`,
      );
    }
  }
  return broken ? 3 : 0;
}

type Check = (values: OptionValues, signal: AbortSignal) => Promise<Finding[]>;

const CHECKS: readonly Check[] = [versions, keys, solveField, indexes, folders, selfTests];

async function versions(): Promise<Finding[]> {
  const version = await ownVersion();
  const gigabytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);
  const machine = `${process.platform} ${release()} ${arch()}, ${cpus().length} cores, ${gigabytes(freemem())} of ${gigabytes(totalmem())} GB free`;
  return [
    {
      check: 'starfix',
      state: 'ok',
      text: `${version}, in ${dirname(new URL('../../package.json', import.meta.url).pathname)}`,
    },
    { check: 'node', state: 'ok', text: `${process.version} at ${process.execPath}` },
    { check: 'machine', state: 'ok', text: machine },
    await imageLibrary(),
  ];
}

async function imageLibrary(): Promise<Finding> {
  try {
    const sharp = createRequire(import.meta.url)('sharp') as { versions: Record<string, string> };
    return {
      check: 'sharp',
      state: 'ok',
      text: `${sharp.versions['sharp']}, libvips ${sharp.versions['vips']}: JPEG, PNG, TIFF and WebP are read`,
    };
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0];
    return { check: 'sharp', state: 'bad', text: `cannot be loaded, only FITS is read: ${reason}` };
  }
}

async function keys(values: OptionValues): Promise<Finding[]> {
  const [{ listKeys }, { maskKey }, { PUBLIC_SERVER, parseServer }] = await Promise.all([
    import('./key-list.ts'),
    import('../session/secrets.ts'),
    import('../session/server-address.ts'),
  ]);
  const named = values.get('server');
  const server = parseServer(typeof named === 'string' ? named : PUBLIC_SERVER);
  const [first, ...others] = listKeys(server, undefined, configFolder());
  const check = 'nova';
  if (first === undefined) {
    return [
      { check, state: 'off', text: `no API key for ${server}: solve login stores one; images are solved here alone` },
    ];
  }
  if ('fault' in first) return [{ check, state: 'bad', text: `${first.source.name}: ${first.fault.message}` }];
  const more = others.length === 0 ? '' : `; ${others.length} more that are not asked: solve whoami lists them`;
  return [
    {
      check,
      state: 'ok',
      text: `${server} with the API key ${maskKey(first.apiKey)} from ${first.source.name}${more}`,
    },
  ];
}

async function solveField(_: OptionValues, signal: AbortSignal): Promise<Finding[]> {
  const check = 'solve-field';
  try {
    const { stdout } = await promisify(execFile)('solve-field', ['--version'], { signal, timeout: 20_000 });
    return [{ check, state: 'ok', text: `${stdout.trim()}: --engine solve-field` }];
  } catch (error) {
    signal.throwIfAborted();
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const text = missing ? 'not installed, and not needed' : `does not run: ${(error as Error).message.split('\n')[0]}`;
    return [{ check, state: missing ? 'off' : 'bad', text }];
  }
}

async function indexes(values: OptionValues): Promise<Finding[]> {
  const bundled: Finding = {
    check: 'index',
    state: 'ok',
    text: 'in the package: fields 0.6 to 60 degrees wide, stars of Tycho-2 to about magnitude 12',
  };
  const dir = values.get('index-dir');
  const { listIndexFiles, usualIndexFolders } = await import('../engines/index-folders.ts');
  const usual = await listIndexFiles(usualIndexFolders(), false);
  const named = typeof dir === 'string' ? await listIndexFiles([dir], true) : { files: [], broken: [] };
  const folders = byFolder([...named.files, ...usual.files]);
  return [
    bundled,
    ...[...folders].map(([folder, files]): Finding => ({
      check: 'index',
      state: 'ok',
      text: `${folder}: ${describe(files)}`,
    })),
    ...[...named.broken, ...usual.broken].map(({ error }): Finding => ({
      check: 'index',
      state: 'bad',
      text: error.message,
    })),
  ];
}

function byFolder(files: readonly IndexFile[]): Map<string, IndexFile[]> {
  const folders = new Map<string, IndexFile[]>();
  for (const file of files) {
    const folder = dirname(file.path);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  return folders;
}

/** A quad serves fields from its own size to ten times that. */
const QUADS_A_FIELD = 10;

function describe(files: readonly IndexFile[]): string {
  const degrees = (radians: number): string => `${Number(((radians * 180) / Math.PI).toPrecision(2))}`;
  const low = Math.min(...files.map(({ quadLow }) => quadLow));
  const high = Math.max(...files.map(({ quadHigh }) => quadHigh));
  const megabytes = files.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  const tiles = files.some(({ tile }) => tile !== undefined) ? ', some of parts of the sky' : '';
  const wide = Math.min(Math.PI, high * QUADS_A_FIELD);
  return `${files.length} index files, ${megabytes.toFixed(0)} MB, for fields ${degrees(low)} to ${degrees(wide)} degrees wide${tiles}`;
}

async function folders(): Promise<Finding[]> {
  const places: readonly (readonly [string, string])[] = [
    ['keys', configFolder()],
    ['sessions', cacheFolder()],
    ['journals', stateFolder()],
    ['temporary', tmpdir()],
    ['here', process.cwd()],
  ];
  return await Promise.all(
    places.map(async ([what, folder]): Promise<Finding> => {
      const there = await nearest(folder);
      const writable = await access(there, constants.W_OK).then(
        () => true,
        () => false,
      );
      const text = `${what} in ${folder}${there === folder ? '' : ', which will be made'}`;
      if (writable) return { check: 'folder', state: 'ok', text };
      return { check: 'folder', state: what === 'here' ? 'off' : 'bad', text: `${text}: cannot be written` };
    }),
  );
}

/** The folder, or the nearest one above it that is there. */
async function nearest(folder: string): Promise<string> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const there = await stat(path).then(
      () => true,
      () => false,
    );
    if (there || dirname(path) === path) return path;
  }
}

async function selfTests(_: OptionValues, signal: AbortSignal): Promise<Finding[]> {
  const { selfTest } = await import('../engines/self-test.ts');
  try {
    const { passed, text, elapsedMs } = await selfTest(signal);
    return [
      { check: 'self-test', state: passed ? 'ok' : 'bad', text: `${text}, in ${(elapsedMs / 1000).toFixed(2)} s` },
    ];
  } catch (error) {
    signal.throwIfAborted();
    return [{ check: 'self-test', state: 'bad', text: (error as Error).message }];
  }
}
