import type { OptionSpec } from './command.ts';

const KNOWN = 'What is known of the picture';
const FILES = 'Reading';
const SEARCH = 'Solving';
const OUTPUT = 'Printing';
const PRODUCTS = 'Files of the solution';
const SERVICE = 'nova.astrometry.net and servers like it';

/** The options of `solve`, in the order of the help. */
export const SOLVE_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'ra',
    value: 'ANGLE',
    group: KNOWN,
    text: 'right ascension of the centre: degrees, or 12:34:56, or 12h34m56s',
  },
  { name: 'dec', value: 'ANGLE', group: KNOWN, text: 'declination of the centre: degrees, or +45:10:30, or +45d10m' },
  { name: 'radius', value: 'DEG', group: KNOWN, text: 'how far off --ra and --dec may be, degrees; 5 if not said' },
  { name: 'scale-low', value: 'N', group: KNOWN, text: 'lower bound of the scale, in --scale-units' },
  { name: 'scale-high', value: 'N', group: KNOWN, text: 'upper bound of the scale' },
  {
    name: 'scale-units',
    value: 'UNITS',
    group: KNOWN,
    choices: ['degwidth', 'arcminwidth', 'arcsecperpix', 'dw', 'aw', 'app'],
    text: 'degwidth (dw, the default), arcminwidth (aw) or arcsecperpix (app)',
  },
  { name: 'fov', value: 'DEG', group: KNOWN, text: 'width of the field, degrees, right within 20 %' },
  {
    name: 'parity',
    value: 'SIGN',
    group: KNOWN,
    choices: ['pos', 'neg', 'both'],
    text: 'pos: as a FITS image usually is (det CD < 0), neg: mirrored, both',
  },
  { name: 'no-hints', group: KNOWN, text: 'ignore what the header says' },

  { name: 'recursive', short: 'r', group: FILES, text: 'look for images in the folders of folders too' },
  {
    name: 'extension',
    value: 'N',
    group: FILES,
    text: 'HDU of a FITS file that holds the image, 0 being the primary one, or all: an answer for each; the first if not said',
  },

  {
    name: 'engine',
    value: 'LIST',
    group: SEARCH,
    choices: ['embedded', 'solve-field', 'nova'],
    text: 'engines in the order in which they are tried; embedded, then nova where an API key is configured',
  },
  { name: 'downsample', value: 'N', group: SEARCH, text: 'bin N by N pixels before looking for stars' },
  { name: 'tweak-order', value: 'N', group: SEARCH, text: 'highest order of the SIP distortion; 0: plain TAN' },
  { name: 'crpix-center', group: SEARCH, text: 'put the reference pixel of the WCS at the centre of the image' },
  { name: 'timeout', value: 'S', group: SEARCH, text: 'give an image up after S seconds' },
  {
    name: 'jobs',
    short: 'j',
    value: 'N',
    group: SEARCH,
    text: 'images at once; 1 if not said, 3 where only a server is asked',
  },
  {
    name: 'index-dir',
    value: 'DIR',
    many: true,
    group: SEARCH,
    names: 'directory',
    text: 'a folder of index files to use in place of the usual ones, for narrow fields; may be given several times',
  },
  { name: 'resume', group: SEARCH, text: 'take the answers that earlier runs have found, and go on with what is left' },

  { name: 'json', group: OUTPUT, text: 'print one JSON object a line, in order of completion' },
  {
    name: 'objects',
    group: OUTPUT,
    text: 'list what lies in the field: galaxies, nebulae, clusters, stars with names',
  },
  { name: 'quiet', short: 'q', group: OUTPUT, text: 'no progress and no notes: answers and errors only' },
  { name: 'verbose', short: 'v', group: OUTPUT, text: 'tell the hints and their keywords, the stages and their times' },

  {
    name: 'wcs',
    value: 'FILE',
    endings: ['.wcs'],
    names: 'file',
    group: PRODUCTS,
    text: 'write the WCS header; FILE if it ends in .wcs (else --wcs=FILE), or the name of the image with .wcs',
  },
  {
    name: 'out-dir',
    value: 'DIR',
    names: 'directory',
    group: PRODUCTS,
    text: 'where files go; beside the image if not said',
  },
  { name: 'overwrite', group: PRODUCTS, text: 'replace files that are there' },
  {
    name: 'new-fits',
    value: 'FILE',
    endings: ['.new'],
    names: 'file',
    group: PRODUCTS,
    text: 'write the image as FITS with its WCS: all of a FITS file, or the pixels of another picture; ends in .new',
  },
  {
    name: 'update',
    group: PRODUCTS,
    text: 'write the WCS into the FITS file itself: its data and all other cards stay, stale WCS cards go',
  },
  { name: 'backup', group: PRODUCTS, text: 'with --update: keep the old file beside it, as .bak, .bak.2 and so on' },
  { name: 'dry-run', group: PRODUCTS, text: 'with --update: tell the cards that would come and go, and write nothing' },
  {
    name: 'annotate',
    value: 'FILE',
    endings: ['.png', '.svg'],
    names: 'file',
    group: PRODUCTS,
    text: 'draw the grid, objects and stars over the image; FILE ends in .png or .svg, else .annotated.png is made',
  },
  {
    name: 'sources',
    value: 'FILE',
    endings: ['.axy', '.xyls'],
    names: 'file',
    group: PRODUCTS,
    text: 'write the sources found as solve-field takes them; ends in .axy',
  },
  {
    name: 'corr',
    value: 'FILE',
    endings: ['.corr'],
    names: 'file',
    group: PRODUCTS,
    text: 'write the pairs of sources and stars as solve-field does; ends in .corr',
  },
  {
    name: 'rdls',
    value: 'FILE',
    endings: ['.rdls'],
    names: 'file',
    group: PRODUCTS,
    text: 'write the stars matched, RA and Dec; ends in .rdls',
  },
  {
    name: 'stars',
    value: 'FILE',
    endings: ['.csv', '.json'],
    names: 'file',
    group: PRODUCTS,
    text: 'write the stars matched with their residuals, as .csv or .json; ends in .stars.csv',
  },
  {
    name: 'ini',
    value: 'FILE',
    endings: ['.ini'],
    names: 'file',
    group: PRODUCTS,
    text: 'write the result as ASTAP does; ends in .ini',
  },
  { name: 'csv', value: 'FILE', names: 'file', group: PRODUCTS, text: 'write a table with one line for each image' },

  {
    name: 'keep-failed',
    value: 'DIR',
    names: 'directory',
    group: PRODUCTS,
    text: 'store the header, the sources, the options and the log of images without a solution in DIR',
  },
  { name: 'keep-pixels', group: PRODUCTS, text: 'with --keep-failed: the image itself too' },

  { name: 'server', value: 'URL', group: SERVICE, text: 'another server; https://nova.astrometry.net if not said' },
  {
    name: 'api-key-file',
    value: 'FILE',
    names: 'file',
    group: SERVICE,
    text: 'file that holds the API key; else ASTROMETRY_API_KEY, or what solve login has stored',
  },
  {
    name: 'upload',
    value: 'WHAT',
    choices: ['image', 'sources', 'auto'],
    group: SERVICE,
    text: 'the image, the sources found in it (kilobytes), or auto: sources if there are enough (the default)',
  },
  { name: 'public', group: SERVICE, text: 'let everybody see the upload on the web pages of the server' },
  { name: 'poll', value: 'S', group: SERVICE, text: 'first interval between two looks at the server; 2 s, growing' },
];
