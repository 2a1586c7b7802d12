import { SolveError } from '../errors.ts';
import type { Command, OptionValues } from './command.ts';
import { readNumber } from './option-value.ts';
import { SERVICE_OPTIONS, openSession, readServiceOptions, refuseOperands } from './service.ts';
import type { Terminal } from './terminal.ts';

const WHICH = 'Which jobs';

/** `solve jobs`. */
export const jobsCommand: Command = {
  name: 'jobs',
  summary: 'list your jobs',
  usage: 'jobs [options]',
  about: ['Lists your jobs at a server, the latest first, with what became of each. Each costs the server a request.'],
  options: [
    { name: 'limit', short: 'n', value: 'N', group: WHICH, text: 'the latest N; 10 if not said' },
    { name: 'ids', group: WHICH, text: 'the numbers of all jobs and nothing else: one request' },
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
  const most = readNumber('-n', typeof limit === 'string' ? limit : '10', { low: 1, high: 1000, integer: true });
  const session = await openSession(choice, terminal, typeof tag === 'string');
  const [{ jobsByTag, myJobs }, { Job }] = await Promise.all([import('../nova/account.ts'), import('../nova/job.ts')]);
  const { signal } = terminal;
  const found =
    typeof tag === 'string'
      ? await jobsByTag(session, tag, { signal, exact: values.has('exact') })
      : await myJobs(session, { signal });
  const latest = found.toSorted((a, b) => b - a);
  if (values.has('ids')) {
    for (const id of latest) terminal.out(`${choice.json ? JSON.stringify({ job: id }) : id}\n`);
    return 0;
  }
  const shown = latest.slice(0, most).map(async (id) => {
    const { status, originalFilename: file, calibration } = await Job.attach(session, id).info({ signal });
    return { job: id, status, file, ...(calibration === undefined ? {} : { calibration }) };
  });
  for (const pending of shown) pending.catch(() => {});
  for (const pending of shown) {
    const { job, status, file, calibration } = await pending;
    const place = calibration === undefined ? '' : `  ${calibration.ra.toFixed(4)} ${calibration.dec.toFixed(4)}`;
    terminal.out(
      choice.json ? `${JSON.stringify(await pending)}\n` : `${job}  ${status.padEnd(10)}  ${file}${place}\n`,
    );
  }
  const more = latest.length - shown.length;
  if (more > 0 && !choice.json)
    terminal.note(`and ${more} more: -n says how many are shown, --ids lists their numbers`);
  if (latest.length === 0 && !choice.json) terminal.note('there are no jobs');
  return 0;
}
