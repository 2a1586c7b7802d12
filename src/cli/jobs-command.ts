import { SolveError } from '../errors.ts';
import type { Command, OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import { readNumber } from './option-value.ts';
import { type SeenJob, lookAtJob } from './seen-job.ts';
import { SERVICE_OPTIONS, openSession, readServiceOptions, refuseOperands, withinLimit } from './service.ts';
import type { Terminal } from './terminal.ts';

const WHICH = 'Which jobs';

/** Each costs a request. */
const DEFAULT_LIMIT = 10;

/** `solve jobs`. */
export const jobsCommand: Command = {
  name: 'jobs',
  summary: 'list your jobs',
  usage: 'jobs [options]',
  about: ['Lists your jobs at a server, the latest first, with what became of each. Each costs the server a request.'],
  options: [
    { name: 'limit', short: 'n', value: 'N', group: WHICH, text: 'the latest N; 10 if not said, with --ids all' },
    { name: 'ids', group: WHICH, text: 'numbers and nothing else: a single request' },
    { name: 'tag', value: 'TEXT', group: WHICH, text: "anybody's jobs with this in a tag: NGC 7000. Needs no API key" },
    { name: 'exact', group: WHICH, text: 'the whole tag must be as --tag says; case does not count' },
    ...SERVICE_OPTIONS,
  ],
  examples: [
    ['solve jobs -n 3', 'the three latest'],
    ['solve jobs --tag "M 31" --exact --ids', 'the numbers of all jobs that show it'],
  ],
  run,
};

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  refuseOperands('jobs', operands);
  const choice = await readServiceOptions(values);
  const tag = values.get('tag');
  if (values.has('exact') && tag === undefined) throw new SolveError('BAD_OPTION', '--exact needs --tag');
  const limit = values.get('limit');
  const all = values.has('ids') && limit === undefined;
  const given = typeof limit === 'string' ? limit : String(DEFAULT_LIMIT);
  const most = all ? Infinity : readNumber('-n', given, { low: 1, high: 1_000_000, integer: true });
  const session = await openSession(choice, terminal, typeof tag === 'string');
  const [{ jobsByTag, myJobs }, { Job }] = await Promise.all([import('../nova/account.ts'), import('../nova/job.ts')]);
  const ask = withinLimit(choice, terminal.signal);
  const found =
    typeof tag === 'string'
      ? await jobsByTag(session, tag, { ...ask(), exact: values.has('exact') })
      : await myJobs(session, ask());
  const latest = found.toSorted((a, b) => b - a);
  const shown = latest.slice(0, most);
  if (values.has('ids')) {
    for (const id of shown) terminal.out(`${choice.json ? JSON.stringify({ job: id }) : id}\n`);
  } else {
    // Asked a few at a time, and shown in order as they are known.
    const looks = shown.map(async (id) => await lookAtJob(Job.attach(session, id), ask()));
    for (const look of looks) look.catch(() => {});
    for (const [i, look] of looks.entries()) {
      terminal.progress(`job ${shown[i]}: ${i} of ${shown.length}`);
      const job = await look;
      terminal.out(choice.json ? `${JSON.stringify(job)}\n` : `${escapeControls(line(job))}\n`);
    }
    terminal.progress('');
  }
  const more = latest.length - shown.length;
  if (more > 0 && !choice.json)
    terminal.note(`and ${more} more: -n says how many are shown, --ids lists their numbers`);
  if (latest.length === 0 && !choice.json) terminal.note('there are no jobs');
  return 0;
}

function line({ job, status, file, calibration }: SeenJob): string {
  const place = calibration === undefined ? '' : `  ${calibration.ra.toFixed(4)} ${calibration.dec.toFixed(4)}`;
  return `${job}  ${status.padEnd(10)}  ${file ?? ''}${place}`.trimEnd();
}
