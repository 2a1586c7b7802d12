// Watches a folder and prints a line of JSON for each event. Arguments: the folder, and options as JSON.
import { watchFolder } from '../../dist/pipeline/folder-watch.js';

const [folder, options = '{}'] = process.argv.slice(2);
const say = (line) => console.log(JSON.stringify(line));
for await (const { kind, reason, file } of watchFolder(folder, {
  accepts: (name) => name.endsWith('.fits'),
  settleMs: 150,
  onWarning: (warning) => say({ warning }),
  ...JSON.parse(options),
})) {
  say({ kind, ...(reason && { reason }), ...(file && { file: file.path.slice(folder.length + 1), size: file.size }) });
}
