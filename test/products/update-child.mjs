// Writes two solutions into a file in turn, until it is killed; or once, if it is told to.
import { updateFits } from '../../dist/index.js';

const [path, how] = process.argv.slice(2);
const solutionAt = (ra) => ({
  width: 1000,
  height: 4000,
  wcs: { crval: [ra, 20], crpix: [499.5, 1999.5], cd: [-0.001, 0, 0, 0.001] },
});
process.stdout.write('ready\n');
const update = (ra) => updateFits(path, solutionAt(ra), { backup: how === 'backup' });
if (how === 'once') await update(10);
else for (let i = 0; ; i++) await update(10 + (i % 2));
