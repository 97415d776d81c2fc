// Pictures, decoded once, each with smaller copies so that a small pane costs little.

const MOST_SOURCES = 64;
const decoded = new Map(); // kind and source -> what became of it, the latest last; a map can equal a picture

async function load(source, Kind) {
  const key = `${Kind.name} ${source}`;
  const known = decoded.get(key) ?? decode(source, Kind);
  decoded.delete(key);
  decoded.set(key, known);
  return known;
}

function forget(needed) {
  for (const key of decoded.keys()) {
    if (decoded.size <= MOST_SOURCES) return;
    if (!needed.has(key.slice(key.indexOf(" ") + 1))) decoded.delete(key);
  }
}

async function decode(source, Kind) {
  const blob = await (await fetch(source)).blob();
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  return new Kind(bitmap);
}

function canvasOf(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  return [canvas, canvas.getContext("2d")];
}

function pixelsOf(bitmap, width = bitmap.width, height = bitmap.height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

// How often a picture can be halved before it has fewer pixels than the screen, at scale screen pixels for each of its.
const halvings = (scale, size) => Math.max(0, Math.min(Math.floor(Math.log2(1 / scale)), Math.floor(Math.log2(size)) - 3));

const at = (share, size) => Math.min(size - 1, Math.max(0, Math.floor(share * size)));

class ColorPicture {
  constructor(bitmap) {
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.sizes = [bitmap];
  }

  shown(scale) {
    const times = halvings(scale, Math.min(this.width, this.height));
    while (this.sizes.length <= times) {
      const last = this.sizes.at(-1);
      const [half, context] = canvasOf(Math.ceil(last.width / 2), Math.ceil(last.height / 2));
      context.imageSmoothingQuality = "high";
      context.drawImage(last, 0, 0, half.width, half.height);
      this.sizes.push(half);
    }
    return this.sizes[times];
  }

  // [red, green, blue] at a place in shares of the picture.
  value(x, y) {
    this.pixels ??= pixelsOf(this.sizes[0]);
    const first = 4 * (at(y, this.height) * this.width + at(x, this.width));
    return this.pixels.subarray(first, first + 3);
  }
}

class GrayPicture {
  static planes = 1;

  constructor(bitmap) {
    const [width, height] = [bitmap.width, bitmap.height / this.constructor.planes];
    const pixels = pixelsOf(bitmap);
    const levels = new Uint16Array(pixels.length / 4);
    for (let i = 0; i < levels.length; i++) levels[i] = (pixels[4 * i] << 8) | pixels[4 * i + 1];
    const plane = (_, i) => levels.subarray(i * width * height, (i + 1) * width * height);
    const planes = Array.from({ length: this.constructor.planes }, plane);
    Object.assign(this, { width, height, sizes: [{ width, height, planes }] });
  }

  // A canvas that shows the levels through a window (center, width, inverted) of values that reach from low to high.
  shown(scale, window, { low, high }) {
    const times = halvings(scale, Math.min(this.width, this.height));
    while (this.sizes.length <= times) this.sizes.push(halved(this.sizes.at(-1)));
    const size = this.sizes[times];
    if (!size.canvas) {
      [size.canvas, size.context] = canvasOf(size.width, size.height);
      size.image = size.context.createImageData(size.width, size.height);
      size.colors = new Uint32Array(size.image.data.buffer);
    }
    const { center, width, inverted } = window;
    if (size.center !== center || size.span !== width || size.inverted !== inverted) {
      const grays = grayTable(center, width, inverted, low, high);
      this.color(size.planes, grays, size.colors);
      size.context.putImageData(size.image, 0, 0);
      Object.assign(size, { center, span: width, inverted });
    }
    return size.canvas;
  }

  color([levels], grays, colors) {
    for (let i = 0; i < levels.length; i++) colors[i] = grays[levels[i]];
  }

  // [value] of each plane at a place in shares of the picture.
  value(x, y, { low, high }) {
    const i = at(y, this.height) * this.width + at(x, this.width);
    return this.sizes[0].planes.map((levels) => low + (levels[i] / 65535) * (high - low));
  }

  // Mean and standard deviation between two corners in shares of the picture.
  statistics(x0, y0, x1, y1, { low, high }) {
    const [left, right] = [at(Math.min(x0, x1), this.width), at(Math.max(x0, x1), this.width)];
    const [top, bottom] = [at(Math.min(y0, y1), this.height), at(Math.max(y0, y1), this.height)];
    const [levels] = this.sizes[0].planes;
    const n = (right - left + 1) * (bottom - top + 1);
    const over = (term) => {
      let sum = 0;
      for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++) sum += term(levels[y * this.width + x]);
      return sum / n;
    };
    const mean = over((level) => level);
    const sd = Math.sqrt(over((level) => (level - mean) ** 2));
    const unit = (high - low) / 65535;
    return { mean: low + mean * unit, sd: sd * unit };
  }
}

// A gray picture under colored changes: red, green and blue, each shown through the window.
class TintedPicture extends GrayPicture {
  static planes = 3;

  color([reds, greens, blues], grays, colors) {
    for (let i = 0; i < colors.length; i++) {
      colors[i] = (grays[blues[i]] & 0xffff0000) | (grays[greens[i]] & 0xff00) | (grays[reds[i]] & 0xff);
    }
  }
}

const PICTURES = { 0: ColorPicture, 1: GrayPicture, 3: TintedPicture }; // by the planes of values in it

function halved({ width, height, planes }) {
  const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  return { width: w, height: h, planes: planes.map((levels) => halvedPlane(levels, width, height, w, h)) };
}

function halvedPlane(levels, width, height, w, h) {
  const half = new Uint16Array(w * h);
  for (let y = 0; y < h; y++) {
    const upper = 2 * y * width;
    const lower = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < w; x++) {
      const right = Math.min(2 * x + 1, width - 1);
      half[y * w + x] = (levels[upper + 2 * x] + levels[upper + right] + levels[lower + 2 * x] + levels[lower + right] + 2) >> 2;
    }
  }
  return half;
}

const table = { grays: new Uint32Array(65536) };

// For each level the opaque gray that shows it (PS3.3 C.11.2.1.3.2, LINEAR_EXACT).
function grayTable(center, width, inverted, low, high) {
  const { grays } = table;
  if (table.center === center && table.width === width && table.inverted === inverted && table.low === low && table.high === high)
    return grays;
  Object.assign(table, { center, width, inverted, low, high });
  const slope = (255 * (high - low)) / 65535 / width;
  const first = 255 * ((low - center) / width + 0.5);
  for (let level = 0; level < 65536; level++) {
    const shown = Math.min(255, Math.max(0, first + level * slope));
    grays[level] = 0xff000000 | (Math.round(inverted ? 255 - shown : shown) * 0x010101);
  }
  return grays;
}
