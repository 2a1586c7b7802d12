// Builds data/glyphs.json: `node scripts/build-glyphs.mjs [FONT.ttf]`. Outlines of the letters that annotations use, from
// a TrueType font, by default the one in Debian's package fonts-dejavu-core (its licence: data/glyphs.LICENSE).
import { readFileSync, writeFileSync } from 'node:fs';

const path = process.argv[2] ?? '/usr/share/fonts/truetype/dejavu/DejaVuSansCondensed.ttf';
const letters =
  ' !"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~' +
  '°′″’·×−–—…©²µéèêëáàâäãåçñóòôöõøúùûüíìîïßæÁÉÖÄÜØÅÇÑαβγδεζηθικλμνξοπρςστυφχψωΑΒΓΔΘΛΞΠΣΦΨΩ';

const file = readFileSync(path);
const tables = new Map();
for (let i = 0; i < file.readUInt16BE(4); i++) {
  const at = 12 + 16 * i;
  tables.set(file.toString('latin1', at, at + 4), file.subarray(file.readUInt32BE(at + 8)));
}
const [head, hhea, hmtx, loca, glyf] = ['head', 'hhea', 'hmtx', 'loca', 'glyf'].map((name) => tables.get(name));
const unitsPerEm = head.readUInt16BE(18);
const longOffsets = head.readInt16BE(50) === 1;
const widths = hhea.readUInt16BE(34);

/** The character map of the Basic Multilingual Plane: format 4. */
function characterMap() {
  const cmap = tables.get('cmap');
  for (let i = 0; i < cmap.readUInt16BE(2); i++) {
    const table = cmap.subarray(cmap.readUInt32BE(4 + 8 * i + 4));
    if (table.readUInt16BE(0) === 4) return table;
  }
  throw new Error(`${path}: no character map of format 4`);
}
const map = characterMap();

function glyphOf(code) {
  const twice = map.readUInt16BE(6);
  for (let i = 0; i < twice; i += 2) {
    if (code > map.readUInt16BE(14 + i)) continue;
    const start = map.readUInt16BE(16 + twice + i);
    if (code < start) return 0;
    const delta = map.readUInt16BE(16 + 2 * twice + i);
    const rangeAt = 16 + 3 * twice + i;
    const range = map.readUInt16BE(rangeAt);
    if (range === 0) return (code + delta) & 0xffff;
    const glyph = map.readUInt16BE(rangeAt + range + 2 * (code - start));
    return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
  }
  return 0;
}

/** Contours of a glyph: lists of points [x, y, whether it lies on the curve]. */
function contoursOf(glyph) {
  const offset = (i) => (longOffsets ? loca.readUInt32BE(4 * i) : 2 * loca.readUInt16BE(2 * i));
  if (offset(glyph) === offset(glyph + 1)) return [];
  const data = glyf.subarray(offset(glyph));
  const count = data.readInt16BE(0);
  if (count < 0) return composite(data);
  const ends = Array.from({ length: count }, (_, i) => data.readUInt16BE(10 + 2 * i));
  const total = ends.at(-1) + 1;
  let at = 10 + 2 * count;
  at += 2 + data.readUInt16BE(at);
  const flags = [];
  while (flags.length < total) {
    const flag = data[at++];
    const repeat = flag & 8 ? data[at++] : 0;
    for (let i = 0; i <= repeat; i++) flags.push(flag);
  }
  const axis = (short, same) => {
    let value = 0;
    return flags.map((flag) => {
      if (flag & short) value += flag & same ? data[at++] : -data[at++];
      else if (!(flag & same)) {
        value += data.readInt16BE(at);
        at += 2;
      }
      return value;
    });
  };
  const xs = axis(2, 16);
  const ys = axis(4, 32);
  return ends.map((end, i) => {
    const points = [];
    for (let k = i === 0 ? 0 : ends[i - 1] + 1; k <= end; k++) points.push([xs[k], ys[k], (flags[k] & 1) === 1]);
    return points;
  });
}

function composite(data) {
  const contours = [];
  for (let at = 10, more = true; more;) {
    const flags = data.readUInt16BE(at);
    const part = data.readUInt16BE(at + 2);
    at += 4;
    if (!(flags & 2)) throw new Error('a glyph is put together by points');
    const [dx, dy] =
      flags & 1 ? [data.readInt16BE(at), data.readInt16BE(at + 2)] : [data.readInt8(at), data.readInt8(at + 1)];
    at += flags & 1 ? 4 : 2;
    let [a, b, c, d] = [1, 0, 0, 1];
    const fixed = (k) => data.readInt16BE(at + 2 * k) / 16384;
    if (flags & 8) [a, d, at] = [fixed(0), fixed(0), at + 2];
    else if (flags & 64) [a, d, at] = [fixed(0), fixed(1), at + 4];
    else if (flags & 128) [a, b, c, d, at] = [fixed(0), fixed(1), fixed(2), fixed(3), at + 8];
    for (const contour of contoursOf(part)) {
      contours.push(contour.map(([x, y, on]) => [Math.round(a * x + c * y) + dx, Math.round(b * x + d * y) + dy, on]));
    }
    more = (flags & 32) !== 0;
  }
  return contours;
}

/** A contour as an SVG path, y downwards; two points off the curve in a row have one on it between them. */
function pathOf(points) {
  const first = points.findIndex(([, , on]) => on);
  const ring =
    first < 0 ? [middle(points[0], points.at(-1)), ...points] : [...points.slice(first), ...points.slice(0, first)];
  const start = ring[0];
  let path = `M${start[0]} ${-start[1]}`;
  let here = start;
  let control;
  const to = ([x, y]) => {
    const [dx, dy] = [x - here[0], here[1] - y];
    if (control !== undefined) path += `q${control[0] - here[0]} ${here[1] - control[1]} ${dx} ${dy}`;
    else if (dy === 0) path += `h${dx}`;
    else if (dx === 0) path += `v${dy}`;
    else path += `l${dx} ${dy}`;
    here = [x, y];
    control = undefined;
  };
  for (const point of [...ring.slice(1), start]) {
    if (point[2]) {
      to(point);
    } else {
      if (control !== undefined) to(middle(control, point));
      control = point;
    }
  }
  return `${path.replaceAll(' -', '-')}z`;
}

const middle = (a, b) => [Math.round((a[0] + b[0]) / 2), Math.round((a[1] + b[1]) / 2), true];

const glyphs = {};
for (const letter of letters) {
  const glyph = glyphOf(letter.codePointAt(0));
  if (glyph === 0) throw new Error(`${path}: has no ${letter}`);
  const advance = hmtx.readUInt16BE(4 * Math.min(glyph, widths - 1));
  glyphs[letter] = [advance, contoursOf(glyph).map(pathOf).join('')];
}
const out = new URL('../data/glyphs.json', import.meta.url);
const lines = Object.entries(glyphs).map(
  ([letter, glyph]) => `    ${JSON.stringify(letter)}: ${JSON.stringify(glyph)}`,
);
writeFileSync(out, `{\n  "unitsPerEm": ${unitsPerEm},\n  "glyphs": {\n${lines.join(',\n')}\n  }\n}\n`);
console.log(`${lines.length} letters from ${path}`);
