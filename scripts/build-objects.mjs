// Builds data/objects.bin: `node scripts/build-objects.mjs` after `npm run build`, a second.
// The catalogues lie in scripts/catalogues/ (README.md there says whose they are).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { writeObjectFile } from '../dist/objects/object-file.js';

/** Rows of a CSV without quotes, as objects by the names of the first line. */
function rowsOf(name, separator) {
  const packed = readFileSync(new URL(`catalogues/${name}.csv.gz`, import.meta.url));
  const [head, ...lines] = gunzipSync(packed).toString('utf8').trim().split(/\r?\n/);
  const keys = head.split(separator);
  return lines.map((line) => Object.fromEntries(line.split(separator).map((value, i) => [keys[i], value])));
}

const TYPES = {
  '*': 'star',
  '**': 'double-star',
  '*Ass': 'association',
  OCl: 'open-cluster',
  GCl: 'globular-cluster',
  'Cl+N': 'cluster-with-nebula',
  G: 'galaxy',
  GPair: 'galaxy-group',
  GTrpl: 'galaxy-group',
  GGroup: 'galaxy-group',
  PN: 'planetary-nebula',
  HII: 'nebula',
  EmN: 'nebula',
  Neb: 'nebula',
  RfN: 'nebula',
  DrkN: 'dark-nebula',
  SNR: 'supernova-remnant',
  Nova: 'nova',
  Other: 'other',
};

/** `NGC0224` -> `NGC 224`, `IC0080 NED01` -> `IC 80 NED01`, `Mel022` -> `Mel 22`, `ESO056-115` -> `ESO 56-115`. */
const CATALOGUES = { C: 'Caldwell', Cl: 'Cr', H: 'Harvard' };
function designation(name) {
  const [, letters, rest] = /^([A-Za-z]+)0*(.+)$/.exec(name);
  return `${CATALOGUES[letters] ?? letters} ${rest}`;
}

/** Sexagesimal text in its own unit. */
function sexagesimal(text) {
  const [first, minutes, seconds] = text.split(':');
  return (first.startsWith('-') ? -1 : 1) * (Math.abs(Number(first)) + Number(minutes) / 60 + Number(seconds) / 3600);
}

const number = (text) => (text === '' ? undefined : Number(text));
const list = (text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const entries = [...rowsOf('OpenNGC', ';'), ...rowsOf('OpenNGC-addendum', ';')];

/** What an entry that is another one under a second number is called: by the name of the other. */
const aliases = new Map();
for (const row of entries.filter(({ Type }) => Type === 'Dup')) {
  const targets = [...list(row.NGC).map((n) => `NGC${n}`), ...list(row.IC).map((n) => `IC${n}`)];
  for (const target of targets) aliases.set(target, [...(aliases.get(target) ?? []), row.Name]);
}

/** A nebula that the catalogue names on its neighbour. */
const COMMON_NAMES = { IC0434: [], NGC2024: ['Flame Nebula', 'Orion B'] };

/** Of several names, which labels show: the catalogue has them in the order of the alphabet. */
const BEST_KNOWN = new Set([
  'Little Dumbbell Nebula',
  'Orion Nebula',
  'Tarantula Nebula',
  'Carina Nebula',
  'Swan Nebula',
  'Wild Duck Cluster',
  'Coathanger Asterism',
]);

function commonNames(row) {
  const names = COMMON_NAMES[row.Name] ?? list(row['Common names']).map((name) => name.replace(/^the /, ''));
  return names.sort((a, b) => Number(BEST_KNOWN.has(b)) - Number(BEST_KNOWN.has(a)));
}

const FAME = [/^M /, /^NGC /, /^IC /, /^Caldwell /];
const fame = (name) => (FAME.findIndex((pattern) => pattern.test(name)) + FAME.length + 1) % (FAME.length + 1);

function deepSky(row) {
  const major = number(row.MajAx);
  const minor = number(row.MinAx);
  const names = [
    ...(row.M === '' ? [] : [`M${row.M}`]),
    row.Name,
    ...list(row.NGC).map((n) => `NGC${n}`),
    ...list(row.IC).map((n) => `IC${n}`),
    ...(aliases.get(row.Name) ?? []),
  ];
  return {
    designations: [...new Set(names.map(designation))].sort((a, b) => fame(a) - fame(b)),
    commonNames: commonNames(row),
    type: TYPES[row.Type],
    ra: 15 * sexagesimal(row.RA),
    dec: sexagesimal(row.Dec),
    magnitude: number(row['V-Mag']) ?? number(row['B-Mag']),
    majorArcmin: major,
    minorArcmin: minor ?? major,
    positionAngle: number(row.PosAng),
  };
}

function star(row) {
  const parts = (text) => (text === '' ? [] : text.split(' / '));
  return {
    designations: [...parts(row.designations), `HIP ${row.hip}`],
    commonNames: parts(row.names),
    type: 'star',
    ra: Number(row.ra_deg),
    dec: Number(row.dec_deg),
    magnitude: number(row.vmag),
  };
}

const deep = entries.filter((row) => row.RA !== '' && row.Type !== 'Dup' && row.Type !== 'NonEx').map(deepSky);
const unknown = deep.find(({ type }) => type === undefined);
if (unknown !== undefined) throw new Error(`${unknown.designations[0]}: unknown type`);
const stars = rowsOf('bright-stars', ',').map(star);
const bytes = writeObjectFile([...deep, ...stars]);
const out = new URL('../data/objects.bin', import.meta.url);
writeFileSync(out, bytes);
console.log(`${deep.length} objects and ${stars.length} stars, ${bytes.length} bytes: ${fileURLToPath(out)}`);
