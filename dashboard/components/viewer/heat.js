// Maps: levels interpolated once or left as they are, colored when the colors or the threshold change, and their contours.

const GAMMA = 0.8; // the rule of imaging/overlay.py
const FINE = 640; // pixels of the longer side of an interpolated map
const FAINT = 0.02; // strength, a share of the scale, that counts as nothing
const PARTS = [1, 2 / 3, 1 / 3]; // contours, of the mass that was asked for
const GRAIN = 0.02; // of the longer side

class HeatMap {
  constructor(bitmap, finest = FINE) {
    const { width, height } = bitmap;
    const times = Math.max(1, Math.round(finest / Math.max(width, height)));
    this.width = width;
    this.height = height;
    this.levels = reds(pixelsOf(bitmap));
    this.fineWidth = width * times;
    this.fineHeight = height * times;
    this.fine = reds(pixelsOf(bitmap, this.fineWidth, this.fineHeight));
    this.colorings = { over: {}, bare: {} };
    this.paths = {};
  }

  value(x, y, { low, high }) {
    return low + (this.levels[at(y, this.height) * this.width + at(x, this.width)] / 255) * (high - low);
  }

  // A canvas with opaque colors, or over a picture with colors that begin to cover it at the threshold, a share.
  colored(lut, signed, over, threshold) {
    const coloring = over ? this.colorings.over : this.colorings.bare;
    if (!coloring.canvas) {
      [coloring.canvas, coloring.context] = canvasOf(this.fineWidth, this.fineHeight);
      coloring.image = coloring.context.createImageData(this.fineWidth, this.fineHeight);
      coloring.colors = new Uint32Array(coloring.image.data.buffer);
      coloring.table = new Uint32Array(256);
    }
    if (coloring.lut === lut && (coloring.threshold === threshold || !over)) return coloring.canvas;
    Object.assign(coloring, { lut, threshold });
    const { colors, table } = coloring;
    for (let level = 0; level < 256; level++) {
      const strength = signed ? Math.abs(level - 127.5) / 127.5 : level / 255;
      const cover = over ? Math.max(0, (strength - threshold) / (1 - threshold)) ** GAMMA : 1;
      const [red, green, blue] = lut.subarray(3 * level, 3 * level + 3);
      table[level] = (Math.round(255 * cover) << 24) | (blue << 16) | (green << 8) | red;
    }
    const { fine } = this;
    for (let i = 0; i < fine.length; i++) colors[i] = table[fine[i]];
    coloring.context.putImageData(coloring.image, 0, 0);
    return coloring.canvas;
  }

  // Lines around the strongest places that hold a share of the map, its mass, and around those that hold two thirds and
  // one third of that, in columns of the case: above and below 0, at the same strength.
  contours(signed, mass, box, w, h) {
    const [x0, y0, x1, y1] = box;
    const found = this.paths;
    if (found.mass === mass && found.w === w && found.h === h && found.box?.join() === box.join()) return found;
    const place = (x, y) => [
      (x0 + ((x + 0.5) / this.width) * (x1 - x0)) * w,
      (y0 + ((y + 0.5) / this.height) * (y1 - y0)) * h,
    ];
    const { above, below, falling, total } = (this.evidence ??= this.weighed(signed));
    const least = PARTS.map((part) => {
      let sum = 0;
      return total && falling.find((strength) => (sum += strength) >= part * mass * total);
    }).filter(Boolean);
    const lines = (strengths) => {
      const path = new Path2D();
      for (const strength of least) isolines(strengths, this.width, this.height, strength, place, path);
      return path;
    };
    return Object.assign(found, { mass, w, h, box, above: lines(above), below: below && lines(below) });
  }

  // How strong the map is above and below 0, smoothed over its grain, which would hide the picture in lines; and all
  // strengths, falling. What is beyond the scale counts as its end.
  weighed(signed) {
    const of = (sign) => {
      const strength = (level) => (signed ? (sign * (level - 127.5)) / 127.5 : level / 255);
      const raw = Float32Array.from(this.levels, (level) => (strength(level) < FAINT ? 0 : strength(level)));
      return smoothed(raw, this.width, this.height);
    };
    const [above, below] = [of(1), signed ? of(-1) : null];
    const falling = new Float32Array(above.length + (below?.length ?? 0));
    falling.set(above);
    if (below) falling.set(below, above.length);
    falling.sort().reverse();
    return { above, below, falling, total: falling.reduce((sum, each) => sum + each, 0) };
  }
}

// The same, each value a block of one color.
class CellMap extends HeatMap {
  constructor(bitmap) {
    super(bitmap, 1);
  }
}

function reds(pixels) {
  const levels = new Uint8Array(pixels.length / 4);
  for (let i = 0; i < levels.length; i++) levels[i] = pixels[4 * i];
  return levels;
}

// Values (height, width) as three means over neighbors make them, which is nearly a Gaussian; beyond an edge they are
// mirrored, so that their sum stays.
function smoothed(values, width, height) {
  const reach = Math.round(GRAIN * Math.max(width, height));
  const along = (from, count, length, next, step) => {
    const to = new Float32Array(from.length);
    for (let line = 0; line < count; line++) {
      const mirrored = (k) => (k < 0 ? -1 - k : k < length ? k : 2 * length - 1 - k);
      const at = (k) => from[line * next + Math.min(Math.max(mirrored(k), 0), length - 1) * step];
      let sum = 0;
      for (let k = -reach - 1; k < reach; k++) sum += at(k);
      for (let k = 0; k < length; k++) {
        sum += at(k + reach) - at(k - reach - 1);
        to[line * next + k * step] = sum / (2 * reach + 1);
      }
    }
    return to;
  };
  for (let times = 0; times < 3; times++) {
    values = along(values, height, width, width, 1);
    values = along(values, width, height, 1, width);
  }
  return values;
}

// For each of the 16 cases of marching squares the sides (0 top, 1 right, 2 bottom, 3 left) that a line connects.
const SIDES = ["", "30", "01", "31", "12", "3012", "02", "32", "23", "20", "0123", "21", "13", "10", "03", ""];

// Adds to path the lines where the levels pass the level. A side of a cell runs from a pixel to the right (its number is
// even) or down (odd), and at most two lines meet on it.
function isolines(levels, width, height, level, place, path) {
  const links = new Int32Array(4 * levels.length).fill(-1); // two for each side
  const met = [];
  const link = (from, to) => {
    if (links[2 * from] < 0) met.push(from);
    links[2 * from + (links[2 * from] < 0 ? 0 : 1)] = to;
  };
  const inside = (i) => (levels[i] >= level ? 1 : 0);
  for (let y = 0; y < height - 1; y++) {
    for (let i = y * width; i < (y + 1) * width - 1; i++) {
      const sides = SIDES[inside(i) | (inside(i + 1) << 1) | (inside(i + width + 1) << 2) | (inside(i + width) << 3)];
      if (!sides) continue;
      const names = [2 * i, 2 * (i + 1) + 1, 2 * (i + width), 2 * i + 1];
      for (let s = 0; s < sides.length; s += 2) {
        link(names[sides[s]], names[sides[s + 1]]);
        link(names[sides[s + 1]], names[sides[s]]);
      }
    }
  }
  const point = (side) => {
    const i = side >> 1;
    const share = (level - levels[i]) / (levels[side % 2 ? i + width : i + 1] - levels[i]);
    const [x, y] = [i % width, Math.floor(i / width)];
    return side % 2 ? place(x, y + share) : place(x + share, y);
  };
  const done = new Uint8Array(2 * levels.length);
  const isEnd = (side) => links[2 * side + 1] < 0;
  for (const start of [...met.filter(isEnd), ...met]) {
    if (done[start]) continue;
    path.moveTo(...point(start));
    let side = start;
    for (let steps = 1; ; steps++) {
      done[side] = 1;
      const [one, other] = [links[2 * side], links[2 * side + 1]];
      const next = !done[one] ? one : other >= 0 && !done[other] ? other : -1;
      if (next < 0) break;
      if (steps % 2 === 0 || isEnd(next)) path.lineTo(...point(next)); // every other point is fine enough
      side = next;
    }
    if (!isEnd(start)) path.closePath();
  }
}
