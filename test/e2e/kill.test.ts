import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyPictures, drawFrames, storm } from '../../bench/kill.mjs';
import { PICTURE } from '../helpers/solved-job.ts';
import { API_KEY, startNova } from '../session/set-up.ts';
import { scratchFolder } from './program.ts';

// The same at full length: node bench/kill.mjs.

const scratch = scratchFolder();
const SEED = Date.now() % 100_000;

test(
  `a batch that is killed 6 times loses nothing and finds no answer twice (seed ${SEED})`,
  { timeout: 120_000 },
  async () => {
    const night = join(scratch, 'here');
    await drawFrames(night, 40);
    const args = ['-j', '2', '--engine', 'embedded'];
    const found = await storm({ night, state: join(scratch, 'state here'), kills: 6, seed: SEED, args });
    expect(found).toMatchObject({ frames: 40, lost: 0, twice: 0, givenTwice: 0, exitCode: 0, messages: '' });
    expect(found.statuses).toEqual({ solved: 40 });
    // Each kill costs at most what was being worked on.
    expect(found.again).toBeLessThanOrEqual(2 * 6);
  },
);

test(`nothing is uploaded again whose number is known (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const night = join(scratch, 'nova');
  copyPictures(night, 20, PICTURE);
  const nova = await startNova();
  nova.onUpload = ({ subid }) => nova.solve(subid, subid + 1000, ['solving', 'failure']);
  // Long enough for a kill to come between an upload and its reply.
  nova.latencyMs = 40;
  const keyFile = join(scratch, 'key');
  writeFileSync(keyFile, API_KEY, { mode: 0o600 });
  const found = await storm({
    night,
    state: join(scratch, 'state nova'),
    kills: 6,
    seed: SEED,
    args: [
      '--engine',
      'nova',
      '--upload',
      'image',
      '--server',
      nova.url,
      '--api-key-file',
      keyFile,
      '--poll',
      '0.05',
      '-j',
      '3',
    ],
    uploads: () => nova.uploads,
  });
  expect(found).toMatchObject({ frames: 20, lost: 0, twice: 0, givenTwice: 0, exitCode: 1, messages: '' });
  expect(found.statuses).toEqual({ unsolved: 20 });
  // The number that the journal has of an image is that of the last upload of it, for each: once it is on the disk nothing
  // is sent any more. What came to the server twice was sent by a process that was killed before the number was on the disk:
  // no more than it had under way, which is three.
  expect(found).toMatchObject({ repeated: 0, uploads: 20 + found.uncertain });
  expect(found.uncertain).toBeLessThanOrEqual(3 * 6);
});
