// node examples/attach-and-fetch.mjs SUBMISSION FOLDER: picks up the wait for a submission that another process has made,
// and keeps what the server made of it. Needs no key: a server shows submissions to everybody.
import { join } from 'node:path';
import { Session, Submission } from 'starfix';

const [id, folder] = process.argv.slice(2);
const session = new Session({ server: process.env.NOVA_SERVER ?? 'https://nova.astrometry.net', keyOptional: true });
const submission = Submission.attach(session, Number(id));
for await (const job of submission.ended({ timeoutMs: 600_000, onStatus: ({ phase }) => console.error(phase) })) {
  if (job.status !== 'success') continue;
  for (const [product, ending] of [
    ['wcs', 'wcs'],
    ['corr', 'corr.fits'],
  ]) {
    const path = join(folder, `${job.id}.${ending}`);
    console.log(`${path}: ${await job.save(product, path, { overwrite: true })} bytes`);
  }
}
