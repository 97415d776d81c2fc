// Plays the steps of an attack. All pictures are here from the start; nothing is asked of the server while it plays.

const PAUSE = 420; // ms that a step is shown at speed 1
const PLAYED = "second-look played";
const [OPACITY, THRESHOLD, GAMMA] = [0.8, 0.1, 0.8]; // of a map over a picture, as in the viewer
const [LEFT, RIGHT, EDGE] = [46, 8, 12]; // margins of the curve

export default function ({ data: [data], parentElement }) {
  const root = parentElement.querySelector(".player");
  root.player ??= new Player(root);
  root.player.show(data);
}

class Player {
  constructor(root) {
    this.root = root;
    this.at = 0;
    this.find = (selector) => root.querySelector(selector);
    this.controls();
    this.keys();
    new ResizeObserver(() => this.data && this.draw()).observe(root);
  }

  async show(data) {
    this.coming = data;
    const { played } = data;
    const frames = played ? await Promise.all(played.frames.map((frame) => prepared(frame, played))) : [];
    if (this.coming !== data) return;
    const fresh = played?.name !== this.data?.played?.name;
    this.data = data;
    this.frames = frames;
    if (fresh) {
      this.pause();
      this.at = 0;
    }
    this.layOut();
    this.go(Math.min(this.at, Math.max(0, frames.length - 1)));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (played && fresh && !still && sessionStorage.getItem(PLAYED) !== played.name) this.play();
    if (played) sessionStorage.setItem(PLAYED, played.name);
  }

  layOut() {
    const { root, data, frames } = this;
    root.tabIndex = frames.length ? 0 : -1;
    root.classList.toggle("curve-only", !data.asked);
    root.classList.toggle("played", frames.length > 0);
    for (const field of root.querySelectorAll("button, input, select")) field.disabled = !frames.length;
    this.find("[name=step]").max = Math.max(1, frames.length - 1);
    this.find(".change figcaption").textContent = data.played?.change ?? "Change";
    this.find(".curve figcaption").textContent = data.title;
    this.find(".curve svg").setAttribute("aria-label", data.caption);
    this.find(".caption").textContent = data.caption;
    const scale = data.played?.scale;
    const parts = scale ? [scale.name, bold(scale.low), ramp(data.played.lut), bold(scale.high), scale.unit, scale.grain] : [];
    this.find(".scale").replaceChildren(...parts);
  }

  go(at) {
    this.at = at;
    const frame = this.frames[at];
    this.find("[name=step]").value = at;
    this.find("[name=step]").setAttribute("aria-valuetext", frame?.said ?? "");
    this.find(".said").textContent = frame?.said ?? "";
    this.find(".message").textContent = frame?.message ?? "";
    this.draw();
  }

  draw() {
    const frame = this.frames[this.at];
    paint(this.find(".seen canvas"), frame?.seen, true, frame ? [frame.picture, frame.map].filter(Boolean) : []);
    paint(this.find(".change canvas"), frame?.changed, false, frame ? [frame.change] : []);
    this.curve();
  }

  curve() {
    const { curve, threshold, flaggedFrom } = this.data;
    const chart = this.find(".curve svg");
    const [width, height] = [chart.clientWidth || 300, chart.clientHeight || 130];
    chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const x = (step) => LEFT + ((width - LEFT - RIGHT) * step) / (curve.length - 1);
    const y = (probability) => EDGE + (height - 2 * EDGE) * (1 - probability);
    const edge = (probability) => [
      shape("line", { class: "edge", x1: LEFT, x2: width - RIGHT, y1: y(probability), y2: y(probability) }),
      shape("text", { x: LEFT - 6, y: y(probability) + 4, "text-anchor": "end" }, `${100 * probability} %`),
    ];
    const dot = ({ index, flagged }, here) => {
      const name = `${flagged ? "flagged" : ""} ${here ? "here" : ""}`;
      return shape("circle", { class: name, cx: x(index), cy: y(curve[index]), r: here ? 6 : 3 });
    };
    const here = this.frames[this.at];
    const above = threshold > 0.5 ? 15 : -5; // where the words on the threshold lie
    chart.replaceChildren(
      ...edge(0),
      ...edge(1),
      shape("line", { class: "threshold", x1: LEFT, x2: width - RIGHT, y1: y(threshold), y2: y(threshold) }),
      shape("text", { x: width - RIGHT, y: y(threshold) + above, "text-anchor": "end" }, flaggedFrom),
      shape("polyline", { points: curve.map((p, step) => `${x(step)},${y(p)}`).join(" ") }),
      ...this.frames.map((frame) => dot(frame, false)),
      ...(here ? [shape("line", { class: "cursor", x1: x(here.index), x2: x(here.index), y1: EDGE, y2: height - EDGE })] : []),
      ...(here ? [dot(here, true)] : []),
    );
    this.nearest = (px) => {
      const distance = this.frames.map(({ index }) => Math.abs(x(index) - px));
      return distance.indexOf(Math.min(...distance));
    };
  }

  play() {
    if (this.at === this.frames.length - 1) this.go(0);
    this.find(".said").setAttribute("aria-live", "off");
    this.find("[name=play]").textContent = "Pause";
    this.timer = setTimeout(() => this.tick(), this.wait());
  }

  tick() {
    if (!this.root.isConnected) return;
    if (this.at < this.frames.length - 1) this.go(this.at + 1);
    if (this.at < this.frames.length - 1) this.timer = setTimeout(() => this.tick(), this.wait());
    else this.pause();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.find("[name=play]").textContent = "Play";
    this.find(".said").setAttribute("aria-live", "polite");
  }

  wait() {
    return PAUSE / Number(this.find("[name=speed]").value);
  }

  step(at) {
    this.pause();
    this.go(Math.max(0, Math.min(this.frames.length - 1, at)));
  }

  controls() {
    const toggle = () => (this.timer ? this.pause() : this.play());
    this.acts = {
      " ": toggle,
      ArrowLeft: () => this.step(this.at - 1),
      ArrowRight: () => this.step(this.at + 1),
      Home: () => this.step(0),
      End: () => this.step(Infinity),
    };
    this.find("[name=play]").onclick = toggle;
    this.find("[name=back]").onclick = this.acts.ArrowLeft;
    this.find("[name=on]").onclick = this.acts.ArrowRight;
    this.find("[name=step]").oninput = (event) => this.step(Number(event.target.value));
    const chart = this.find(".curve svg");
    const scrub = (event) => {
      if (this.frames.length && event.buttons === 1) this.step(this.nearest(event.offsetX));
    };
    chart.onpointerdown = scrub;
    chart.onpointermove = scrub;
  }

  keys() {
    this.root.addEventListener("keydown", (event) => {
      if (["c", "r", "escape"].includes(event.key.toLowerCase())) event.stopPropagation(); // Streamlit's own shortcuts
      const native = event.target.matches("select, input") || (event.key === " " && event.target.matches("button"));
      if (native || !this.frames.length || !this.acts[event.key]) return;
      event.preventDefault();
      this.acts[event.key]();
    });
  }
}

async function prepared(frame, { lut, signed }) {
  const [picture, change, heat] = await Promise.all([frame.picture, frame.change, frame.heat].map(loaded));
  return { ...frame, picture, change, map: heat && colored(heat, bytes(lut), signed) };
}

async function loaded(source) {
  if (!source) return null;
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

function colored(image, colors, signed) {
  const layer = new OffscreenCanvas(image.width, image.height);
  const context = layer.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height);
  const { data } = pixels;
  for (let i = 0; i < data.length; i += 4) {
    const level = data[i];
    const strength = signed ? Math.abs(level - 127.5) / 127.5 : level / 255;
    data.set(colors.subarray(3 * level, 3 * level + 3), i);
    data[i + 3] = 255 * OPACITY * Math.max(0, (strength - THRESHOLD) / (1 - THRESHOLD)) ** GAMMA;
  }
  context.putImageData(pixels, 0, 0);
  return layer;
}

function paint(canvas, name, smooth, layers) {
  const side = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1));
  if (!side) return;
  Object.assign(canvas, { width: side, height: side });
  canvas.setAttribute("aria-label", name ?? "Nothing yet.");
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = smooth;
  context.imageSmoothingQuality = "high";
  for (const layer of layers) context.drawImage(layer, 0, 0, side, side);
}

function ramp(lut) {
  const colors = bytes(lut);
  const bar = Object.assign(document.createElement("canvas"), { width: 256, height: 1 });
  const line = bar.getContext("2d").createImageData(256, 1);
  for (let i = 0; i < 256; i++) line.data.set([...colors.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  bar.getContext("2d").putImageData(line, 0, 0);
  return bar;
}

function bold(text) {
  return Object.assign(document.createElement("b"), { textContent: text });
}

function bytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function shape(tag, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}
