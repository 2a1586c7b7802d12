// node examples/own-server.mjs SERVER KEY-FILE IMAGE: solves here if that can be done, and asks a server of one's own
// for the rest. Both end in the same Solution.
import { Session, createNovaSolver, solve } from 'starfix';

const [server, keyFile, image] = process.argv.slice(2);
const session = new Session({ server, keyFile });
const outcome = await solve(image, {
  engines: ['embedded', createNovaSolver(session, { intervalMs: 500 })],
  timeoutMs: 600_000,
  onSubmitted: ({ submissionId, jobId }) => console.error(`submission ${submissionId}, job ${jobId ?? 'not yet'}`),
});
if (outcome.status === 'solved') {
  const { engine, calibration } = outcome.solution;
  console.log(`${engine}: ${calibration.ra.toFixed(3)} ${calibration.dec.toFixed(3)}`);
} else {
  console.log(outcome.message);
}
