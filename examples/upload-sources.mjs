// node examples/upload-sources.mjs IMAGE: asks a nova server where a picture points and sends no pixel of it. The
// server and the key come from NOVA_SERVER (default: the public one) and ASTROMETRY_API_KEY or solve login.
import { Session, findSources, upload } from 'starfix';

const [image] = process.argv.slice(2);
const session = new Session({ server: process.env.NOVA_SERVER ?? 'https://nova.astrometry.net' });
const sources = await findSources(image);
const submission = await upload(session, sources, { settings: { tweakOrder: 2 } });
console.log(`${sources.x.length} sources are submission ${submission.id}`);
const [job] = await submission.until({ timeoutMs: 600_000 });
if (job.status === 'success') {
  const { ra, dec } = await job.calibration();
  console.log(`job ${job.id}: ${ra.toFixed(3)} ${dec.toFixed(3)}`);
} else {
  console.log(`job ${job.id}: ${job.status}`);
}
