import { join } from 'node:path';
import { SolveError } from '../errors.ts';
import type { Job } from '../nova/job.ts';
import type { JobProduct, ProductKind } from '../nova/product.ts';
import type { Command, OptionValues } from './command.ts';
import { SERVICE_OPTIONS, openSession, readId, readServiceOptions } from './service.ts';
import type { Terminal } from './terminal.ts';

const FILES = 'Files';

/** What is fetched beside files: answers of the API. */
const ANSWERS = ['calibration', 'info', 'annotations', 'log'] as const;
type AnswerName = (typeof ANSWERS)[number];

/** `solve fetch JOBID [product...]`. */
export const fetchCommand: Command = {
  name: 'fetch',
  summary: 'fetch the files of a job',
  usage: 'fetch [options] JOBID [product...]',
  about: [
    'Fetches files of a job: wcs (the default), new-fits, rdls, axy, corr, image-rdls, annotated, grid, red-green, extraction (these four also with -full), kmz, or all. calibration, info, annotations and log are answers of the server, written as JSON and text.',
    'A file is whole or not there; its first bytes are checked. Needs no API key: a server shows all of this to everybody.',
  ],
  options: [
    { name: 'out-dir', value: 'DIR', names: 'directory', group: FILES, text: 'where files go; here if not said' },
    {
      name: 'out',
      value: 'FILE',
      names: 'file',
      group: FILES,
      text: 'name for a single product; - is standard output',
    },
    { name: 'overwrite', group: FILES, text: 'replace files that are there' },
    ...SERVICE_OPTIONS,
  ],
  examples: [
    ['solve fetch 12345', 'write 12345.wcs'],
    ['solve fetch 12345 corr annotated --out-dir m31', 'write m31/12345.corr and m31/12345.annotated.jpg'],
    ['solve fetch 12345 calibration --out -', 'print the calibration'],
  ],
  run,
};

/** One thing to fetch, and where it goes. */
interface Fetching {
  readonly name: JobProduct | AnswerName;
  readonly path: string;
}

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  const id = readId('fetch', 'job', operands);
  const [{ PRODUCTS }, choice] = await Promise.all([import('../nova/product.ts'), readServiceOptions(values)]);
  const fetchings = plan(id, operands.slice(1), values, PRODUCTS);
  const [session, { Job }] = await Promise.all([openSession(choice, terminal, true), import('../nova/job.ts')]);
  const job = Job.attach(session, id);
  const limits = {
    signal: terminal.signal,
    ...(choice.timeoutMs === undefined ? {} : { timeoutMs: choice.timeoutMs }),
  };
  for (const { name, path } of fetchings) {
    if (path === '-') {
      await writeOut(isAnswer(name) ? await answer(job, name, limits) : await job.bytes(name, limits));
      continue;
    }
    const { makeFolder } = await import('./products.ts');
    await makeFolder(join(path, '..'));
    const overwrite = values.has('overwrite');
    const bytes = isAnswer(name)
      ? await saveAnswer(path, await answer(job, name, limits), overwrite)
      : await job.save(name, path, {
          ...limits,
          overwrite,
          onProgress: (received, total) =>
            terminal.progress(`${path}: ${total === undefined ? `${received} bytes` : percent(received, total)}`),
        });
    terminal.progress('');
    terminal.out(
      choice.json ? `${JSON.stringify({ job: id, product: name, path, bytes })}\n` : `${path}  ${bytes} bytes\n`,
    );
  }
  return 0;
}

function plan(
  id: number,
  words: readonly string[],
  values: OptionValues,
  products: Readonly<Record<string, ProductKind>>,
): Fetching[] {
  const known = Object.keys(products).filter((name) => products[name]!.of === 'job') as JobProduct[];
  // The public server has switched KMZ off.
  const all = known.filter((name) => name !== 'kmz');
  const names = words.length === 0 ? ['wcs' as const] : words.flatMap((word) => (word === 'all' ? all : [word]));
  const wanted = [...new Set(names)].map((name): JobProduct | AnswerName => {
    const found = [...known, ...ANSWERS].find((one) => one === name);
    if (found === undefined) {
      throw new SolveError(
        'BAD_OPTION',
        `fetch: there is no product '${name}'; there are ${[...known, ...ANSWERS].join(', ')}`,
      );
    }
    return found;
  });
  const out = values.get('out');
  const folder = values.get('out-dir');
  if (typeof out === 'string') {
    if (wanted.length > 1)
      throw new SolveError('BAD_OPTION', `--out names one file, ${out}, for ${wanted.length} products`);
    return wanted.map((name) => ({ name, path: out }));
  }
  return wanted.map((name) => {
    const ending = isAnswer(name) ? `.${name}.${name === 'log' ? 'txt' : 'json'}` : products[name]!.ending;
    return { name, path: join(typeof folder === 'string' ? folder : '', `${id}${ending}`) };
  });
}

function isAnswer(name: string): name is AnswerName {
  return ANSWERS.some((one) => one === name);
}

async function answer(job: Job, name: AnswerName, limits: { signal: AbortSignal }): Promise<Uint8Array> {
  if (name === 'log') return new TextEncoder().encode(await job.log(limits));
  const value = await job[name](limits);
  if (value === undefined) throw new SolveError('NOT_ON_SERVER', `job ${job.id}: is not solved, so it has no ${name}`);
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

async function saveAnswer(path: string, bytes: Uint8Array, overwrite: boolean): Promise<number> {
  const { writeFileAtomic } = await import('../io/atomic-write.ts');
  await writeFileAtomic(path, bytes, { overwrite });
  return bytes.length;
}

async function writeOut(bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.write(bytes, () => resolve()));
}

function percent(received: number, total: number): string {
  return `${Math.round((100 * received) / Math.max(1, total))} %`;
}
