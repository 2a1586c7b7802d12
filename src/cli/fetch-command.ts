import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { FAULTS, SolveError } from '../errors.ts';
import type { AskOptions, Job } from '../nova/job.ts';
import { PRODUCTS, type ProductName } from '../nova/product.ts';
import type { Session } from '../session/session.ts';
import type { Command, OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import { worse } from './exit-code.ts';
import { type AnswerName, type Fetching, isAnswer, isThereUnsolved, planFetching } from './fetch-plan.ts';
import { type FaultRecord, faultLine, faultRecord } from './result.ts';
import { isUnknown } from './seen-job.ts';
import { SERVICE_OPTIONS, openSession, readId, readServiceOptions, withinLimit } from './service.ts';
import type { Terminal } from './terminal.ts';

const FILES = 'Files';

/** `solve fetch JOBID [product...]`. */
export const fetchCommand: Command = {
  name: 'fetch',
  summary: 'fetch the files of a job',
  usage: 'fetch [options] JOBID [product...]',
  about: [
    'Fetches files of a job: wcs (the default), new-fits, rdls, axy, corr, image-rdls, annotated, grid, red-green, extraction (these four also with -full), kmz, or all of these but kmz. calibration, info, annotations and log are answers of the server, written as JSON and text. With --submission also image, thumbnail, wwt-image and sky-plot-0 to sky-plot-3.',
    'A file is whole or not there; its first bytes are checked. What cannot be fetched does not stop the others. Needs no API key: a server shows all of this to everybody.',
    'Exit codes: 0 all is there, 1 the job is not solved (yet), 2 wrong usage, 3 a file cannot be written, 5 the service or the network failed.',
  ],
  options: [
    { name: 'out-dir', value: 'DIR', names: 'directory', group: FILES, text: 'where files go; here if not said' },
    {
      name: 'out',
      short: 'o',
      value: 'FILE',
      names: 'file',
      group: FILES,
      text: 'name for a single product; - is standard output',
    },
    { name: 'overwrite', group: FILES, text: 'replace files that are there' },
    {
      name: 'submission',
      value: 'SUBID',
      group: FILES,
      text: 'submission of the job: it tells the number of the image',
    },
    ...SERVICE_OPTIONS,
  ],
  examples: [
    ['solve fetch 12345', 'write 12345.wcs'],
    ['solve fetch 12345 corr annotated --out-dir m31', 'write m31/12345.corr and m31/12345.annotated.jpg'],
    ['solve fetch 12345 calibration --out -', 'print the calibration'],
  ],
  run,
};

/** What the fetching of each product needs to know. */
interface Fetch {
  readonly job: Job;
  readonly session: Session;
  /** Numbers that products go by. */
  readonly ids: Ids;
  readonly overwrite: boolean;
  readonly json: boolean;
  readonly ask: () => AskOptions;
  readonly terminal: Terminal;
}

/** The number of the job, and what its submission tells. */
interface Ids {
  readonly job: number;
  readonly image?: number;
  readonly calibration?: number;
}

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  const id = readId('fetch', 'job', operands);
  const fetchings = planFetching(id, operands.slice(1), values);
  const submission = values.get('submission');
  const submissionId = typeof submission === 'string' ? readId('--submission', 'submission', [submission]) : undefined;
  const choice = await readServiceOptions(values);
  const [session, { Job }] = await Promise.all([openSession(choice, terminal, true), import('../nova/job.ts')]);
  const ask = withinLimit(choice, terminal.signal);
  const job = Job.attach(session, id);
  const { json } = choice;
  try {
    await job.refresh(ask());
  } catch (error) {
    if (isUnknown(error)) await explainSubmission(session, id, ask());
    throw error;
  }
  const ids = submissionId === undefined ? { job: id } : await findIds(session, submissionId, id, ask());
  const fetch: Fetch = { job, session, ids, overwrite: values.has('overwrite'), json, ask, terminal };
  const lacking = fetchings.filter(({ name }) => !isThere(job, name));
  if (lacking.length > 0) {
    const names = lacking.map(({ name }) => name);
    if (!json) terminal.note(`solve: ${faultLine(unsolvedFault(job, names))}`);
    else for (const name of names) terminal.out(faultJson(id, name, unsolvedFault(job, [name])));
  }
  let exitCode = lacking.length > 0 ? 1 : 0;
  for (const fetching of fetchings) {
    if (lacking.includes(fetching)) continue;
    try {
      await fetchOne(fetch, fetching);
    } catch (error) {
      terminal.signal.throwIfAborted();
      const fault = faultRecord(error);
      exitCode = worse(exitCode, FAULTS[fault.code].exit);
      if (json) terminal.out(faultJson(id, fetching.name, fault));
      else terminal.note(`solve: ${faultLine(fault)}`);
    } finally {
      terminal.progress('');
    }
  }
  return exitCode;
}

/** Has the job, as it was at the last look, such a thing? */
function isThere({ status }: Job, name: Fetching['name']): boolean {
  return status === 'success' || (isThereUnsolved(name) && (status === 'failure' || isAnswer(name)));
}

function unsolvedFault({ id, status }: Job, names: readonly string[]): FaultRecord {
  const failed = status === 'failure';
  const fact = failed ? 'was not solved' : `is not solved yet (${status})`;
  return {
    code: 'NOT_ON_SERVER',
    message: `job ${id}: ${fact}, so it has no ${names.join(', ')}`,
    remedy: failed ? 'Of such a job there are axy, extraction, info and log.' : 'Try again when it is solved.',
  };
}

function faultJson(job: number, product: string, error: FaultRecord): string {
  return `${JSON.stringify({ job, product, error })}\n`;
}

async function fetchOne(fetch: Fetch, { name, path }: Fetching): Promise<void> {
  const { job, overwrite, json, ask, terminal } = fetch;
  if (path === '-') {
    if (terminal.outIsTerminal && !isAnswer(name))
      throw new SolveError('BAD_OPTION', `${name} is no text for a terminal: --out FILE, or > FILE, keeps it`);
    terminal.out(isAnswer(name) ? await answer(job, name, ask()) : await bytesOf(fetch, name));
    return;
  }
  if (!overwrite && existsSync(path)) throw new SolveError('FILE_EXISTS', `${path}: already there`);
  const { makeFolder } = await import('./products.ts');
  await makeFolder(dirname(path));
  terminal.progress(path);
  const bytes = isAnswer(name) ? await saveAnswer(fetch, name, path) : await saveFile(fetch, name, path);
  terminal.out(
    json
      ? `${JSON.stringify({ job: job.id, product: name, path, bytes })}\n`
      : `${escapeControls(path)}  ${bytes} bytes\n`,
  );
}

async function bytesOf({ session, ids, ask }: Fetch, name: ProductName): Promise<Uint8Array> {
  const { fetchProduct } = await import('../nova/download.ts');
  return await fetchProduct(session, name, idOf(name, ids), ask());
}

async function saveFile(
  { session, ids, overwrite, ask, terminal }: Fetch,
  name: ProductName,
  path: string,
): Promise<number> {
  const { saveProduct } = await import('../nova/download.ts');
  return await saveProduct(session, name, idOf(name, ids), path, {
    ...ask(),
    overwrite,
    onProgress: (received, total) =>
      terminal.progress(
        `${path}: ${total === undefined ? `${received} bytes` : `${Math.round((100 * received) / total)} %`}`,
      ),
  });
}

/** The number that a product goes by. */
function idOf(name: ProductName, ids: Ids): number {
  const id = ids[PRODUCTS[name].of];
  if (id === undefined)
    throw new SolveError('NOT_ON_SERVER', `job ${ids.job}: the server names no ${PRODUCTS[name].of}`);
  return id;
}

async function saveAnswer({ job, overwrite, ask }: Fetch, name: AnswerName, path: string): Promise<number> {
  const { writeFileAtomic } = await import('../io/atomic-write.ts');
  const bytes = Buffer.from(await answer(job, name, ask()));
  await writeFileAtomic(path, bytes, { overwrite });
  return bytes.length;
}

async function answer(job: Job, name: AnswerName, options: AskOptions): Promise<string> {
  if (name === 'log') return await job.log(options);
  const value = await job[name](options);
  if (value === undefined) throw new SolveError('NOT_ON_SERVER', `job ${job.id}: the server has no ${name} for it`);
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What products go by beside the job: of the lists of a submission, the entries for the job. */
async function findIds(session: Session, submissionId: number, job: number, options: AskOptions): Promise<Ids> {
  const { Submission } = await import('../nova/submission.ts');
  const { jobs, images, calibrations } = await Submission.attach(session, submissionId).refresh(options);
  const place = jobs.indexOf(job);
  if (place < 0) throw new SolveError('BAD_OPTION', `submission ${submissionId} has no job ${job}`);
  const image = images[place];
  const calibration = calibrations.find(({ jobId }) => jobId === job)?.calibrationId;
  return { job, ...(image === undefined ? {} : { image }), ...(calibration === undefined ? {} : { calibration }) };
}

/** @throws {SolveError} if the number is that of a submission */
async function explainSubmission(session: Session, id: number, options: AskOptions): Promise<void> {
  const { Submission } = await import('../nova/submission.ts');
  const submission = Submission.attach(session, id);
  try {
    await submission.refresh(options);
  } catch {
    // The first error tells.
    return;
  }
  const jobs = submission.jobs.map((job) => job.id);
  const fact =
    jobs.length === 0 ? 'which has no job yet' : `with the ${jobs.length === 1 ? 'job' : 'jobs'} ${jobs.join(', ')}`;
  throw new SolveError('NOT_ON_SERVER', `${id} is no job, but there is a submission of this number, ${fact}`);
}
