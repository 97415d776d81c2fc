// Six linked panes. Pictures and maps arrive once; opacity, threshold, zoom and pan are drawn here, without the server.

const KEPT = "second-look view";
const START = { overlay: true, opacity: 80, threshold: 10 };
const images = new Map();

export default function (component) {
  const root = component.parentElement.querySelector(".viewer");
  root.viewer ??= new Viewer(root);
  root.viewer.show(component.data);
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.settings = { ...START, ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") };
    this.view = { zoom: 1, x: 0.5, y: 0.5 };
    this.panes = new Map();
    this.sliders();
    this.zooming();
    this.keys();
    new ResizeObserver(() => this.draw()).observe(root.querySelector(".grid"));
  }

  async show(scene) {
    this.coming = scene;
    const sources = scene.panes.flatMap((pane) => [pane.picture?.source, pane.heat?.source]).filter(Boolean);
    await Promise.all(sources.map(load));
    if (this.coming !== scene) return;
    this.scene = scene; // only now: a resize may draw it at any time
    this.luts = Object.fromEntries(Object.entries(scene.luts).map(([name, text]) => [name, bytes(text)]));
    for (const source of images.keys()) if (!sources.includes(source)) images.delete(source);
    this.layOut();
    this.scales();
    this.root.querySelector(".recipe").textContent = scene.recipe;
    this.draw();
  }

  layOut() {
    const grid = this.root.querySelector(".grid");
    grid.classList.toggle("stale", this.scene.stale);
    for (const pane of this.scene.panes) {
      if (!this.panes.has(pane.name)) {
        const figure = element("figure", { className: "figure" });
        figure.append(element("figcaption"), element("div", { className: "pane" }));
        figure.firstChild.append(element("span", { className: "title" }), element("span", { className: "value" }));
        figure.lastChild.append(element("canvas", { className: "picture" }), element("div", { className: "message" }));
        figure.dataset.pane = pane.name;
        grid.append(figure);
        this.dragging(figure.lastChild);
        this.panes.set(pane.name, figure);
      }
      const figure = this.panes.get(pane.name);
      figure.querySelector(".title").textContent = pane.title;
      figure.querySelector(".value").textContent = pane.value;
      figure.querySelector(".message").textContent = pane.message;
      figure.querySelector(".pane").classList.toggle("empty", !pane.picture && !pane.heat && !pane.message);
      const canvas = figure.querySelector("canvas");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", pane.summary);
    }
  }

  scales() {
    this.root.querySelector(".scales").replaceChildren(
      ...this.scene.scales.map((scale) => {
        const line = element("span", { className: "scale" });
        const bar = element("canvas", { width: 256, height: 1 });
        const ramp = bar.getContext("2d").createImageData(256, 1);
        for (let i = 0; i < 256; i++) ramp.data.set([...this.luts[scale.lut].subarray(3 * i, 3 * i + 3), 255], 4 * i);
        bar.getContext("2d").putImageData(ramp, 0, 0);
        line.append(scale.name, element("b", { textContent: scale.low }), bar, element("b", { textContent: scale.high }));
        line.append(scale.unit);
        return line;
      }),
    );
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      for (const pane of this.scene?.panes ?? []) this.drawPane(pane, this.panes.get(pane.name));
    });
  }

  drawPane(pane, figure) {
    const canvas = figure.querySelector("canvas.picture");
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const place = this.placement(width, height);
    if (pane.picture) {
      context.imageSmoothingEnabled = pane.picture.smooth;
      context.imageSmoothingQuality = "high";
      context.drawImage(images.get(pane.picture.source), ...place(pane.picture.box));
    }
    if (pane.heat && (!pane.picture || this.settings.overlay)) {
      context.drawImage(this.colored(pane, width, height, place(pane.heat.box)), 0, 0);
    }
  }

  // Box in the unit square of the case -> [x, y, width, height] in the canvas.
  placement(width, height) {
    const [w, h] = this.scene.size;
    const scale = Math.min(width / w, height / h) * this.view.zoom;
    const left = width / 2 - this.view.x * w * scale;
    const top = height / 2 - this.view.y * h * scale;
    return ([x0, y0, x1, y1]) => [left + x0 * w * scale, top + y0 * h * scale, (x1 - x0) * w * scale, (y1 - y0) * h * scale];
  }

  colored(pane, width, height, box) {
    const { source, lut, signed } = pane.heat;
    const layer = new OffscreenCanvas(width, height);
    const context = layer.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(images.get(source), ...box);
    const pixels = context.getImageData(0, 0, width, height);
    const { data } = pixels;
    const colors = this.luts[lut];
    const over = Boolean(pane.picture);
    const opacity = this.settings.opacity / 100;
    const threshold = over ? this.settings.threshold / 100 : 0;
    for (let i = 0; i < data.length; i += 4) {
      if (!data[i + 3]) continue;
      const level = data[i];
      const strength = signed ? Math.abs(level - 127.5) / 127.5 : level / 255;
      data[i] = colors[3 * level];
      data[i + 1] = colors[3 * level + 1];
      data[i + 2] = colors[3 * level + 2];
      if (over) data[i + 3] *= opacity * Math.max(0, (strength - threshold) / (1 - threshold)) ** 0.8;
    }
    context.putImageData(pixels, 0, 0);
    return layer;
  }

  sliders() {
    for (const input of this.root.querySelectorAll(".tools input")) {
      const show = () => {
        if (input.type === "range") input.nextElementSibling.textContent = `${this.settings[input.name]} %`;
        this.root.querySelectorAll("input[type=range]").forEach((range) => (range.disabled = !this.settings.overlay));
      };
      if (input.type === "range") input.value = this.settings[input.name];
      else input.checked = this.settings[input.name];
      show();
      input.addEventListener("input", () => {
        this.settings[input.name] = input.type === "range" ? Number(input.value) : input.checked;
        sessionStorage.setItem(KEPT, JSON.stringify(this.settings));
        show();
        this.draw();
      });
    }
  }

  zooming() {
    const click = (name, act) => (this.root.querySelector(`button[name=${name}]`).onclick = act);
    click("in", () => this.zoom(1.4));
    click("out", () => this.zoom(1 / 1.4));
    click("fit", () => this.zoom(0));
    this.root.querySelector(".grid").addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 300));
      },
      { passive: false },
    );
  }

  zoom(factor) {
    this.view.zoom = Math.min(16, Math.max(1, this.view.zoom * factor));
    this.move(0, 0);
    this.root.querySelector("button[name=fit]").textContent = `${Math.round(this.view.zoom * 100)} %`;
    for (const figure of this.panes.values()) {
      figure.querySelector(".pane").classList.toggle("zoomed", this.view.zoom > 1);
    }
  }

  // By a share of the case's size, never past its edge.
  move(x, y) {
    const margin = 0.5 / this.view.zoom;
    this.view.x = Math.min(1 - margin, Math.max(margin, this.view.x + x));
    this.view.y = Math.min(1 - margin, Math.max(margin, this.view.y + y));
    this.draw();
  }

  dragging(pane) {
    pane.addEventListener("pointerdown", (event) => this.view.zoom > 1 && pane.setPointerCapture(event.pointerId));
    pane.addEventListener("pointermove", (event) => {
      if (!pane.hasPointerCapture(event.pointerId)) return;
      const [w, h] = this.scene.size;
      const scale = Math.min(pane.clientWidth / w, pane.clientHeight / h) * this.view.zoom;
      this.move(-event.movementX / (w * scale), -event.movementY / (h * scale));
    });
    pane.addEventListener("dblclick", () => this.zoom(this.view.zoom > 1 ? 0 : 2));
  }

  keys() {
    const step = () => 0.1 / this.view.zoom;
    const acts = {
      "+": () => this.zoom(1.4),
      "=": () => this.zoom(1.4),
      "-": () => this.zoom(1 / 1.4),
      0: () => this.zoom(0),
      ArrowLeft: () => this.move(-step(), 0),
      ArrowRight: () => this.move(step(), 0),
      ArrowUp: () => this.move(0, -step()),
      ArrowDown: () => this.move(0, step()),
    };
    this.root.addEventListener("keydown", (event) => {
      if (["c", "r", "Escape"].includes(event.key)) event.stopPropagation(); // Streamlit's own shortcuts
      if (event.target !== this.root || !acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    });
  }
}

async function load(source) {
  if (images.has(source)) return;
  const image = new Image();
  image.src = source;
  await image.decode();
  images.set(source, image);
}

function bytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function element(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
