// One pane: its head, its picture, and what lies on it.

const SIDE_OF = { top: [0, -1], right: [1, 0], bottom: [0, 1], left: [-1, 0] };
const HALO = "rgb(0 0 0 / .7)";

class PaneView {
  constructor(viewer, name) {
    this.viewer = viewer;
    this.name = name;
    this.place = new Place();
    this.figure = element("figure", { className: "figure" });
    this.figure.dataset.pane = name;
    this.figure.innerHTML = `
      <figcaption><span class="title"></span><span class="differs-word" hidden>differs</span><span class="value"></span></figcaption>
      <div class="pane"><canvas class="picture" role="img"></canvas><svg class="marks" aria-hidden="true"></svg>
        <span class="side top"></span><span class="side right"></span><span class="side bottom"></span><span class="side left"></span>
        <span class="grain"></span><span class="bar"><i></i><b></b></span><span class="message"></span>
        <span class="divider" role="slider" tabindex="0" aria-label="Divider between clean and perturbed" aria-valuemin="0"
          aria-valuemax="100" hidden></span></div>
      <p class="unseen"></p>`;
    const find = (selector) => this.figure.querySelector(selector);
    this.box = find(".pane");
    this.canvas = find("canvas");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.divider = find(".divider");
    this.bar = find(".bar");
    this.grain = find(".grain");
    this.sides = Object.fromEntries(Object.keys(SIDE_OF).map((side) => [side, find(`.side.${side}`)]));
    this.marks = new Marks(find("svg"), this);
    this.box.paneView = this;
  }

  show(scene) {
    this.scene = scene;
    const find = (selector) => this.figure.querySelector(selector);
    find(".differs-word").hidden = !scene.differs;
    this.figure.classList.toggle("differs", scene.differs);
    find(".message").textContent = scene.message;
    this.box.classList.toggle("empty", !scene.picture && !scene.heat && !scene.message);
    this.canvas.setAttribute("aria-label", `${scene.title}${scene.differs ? ", differs" : ""}`);
    const summary = find(".unseen");
    summary.id = `summary-${this.name}`;
    summary.textContent = scene.summary;
    this.canvas.setAttribute("aria-describedby", summary.id);
    this.head();
  }

  // The words above: whatever the pane shows at the moment.
  head() {
    const other = this.other;
    const shown = this.blinking ? other : this.scene;
    const title = this.swiping ? `${this.scene.title} | ${other.title}` : shown.title;
    this.figure.querySelector(".title").textContent = title;
    this.figure.querySelector(".value").textContent = this.swiping ? `${this.scene.value} | ${other.value}` : shown.value;
    this.figure.classList.toggle("blinking", this.blinking);
    this.divider.hidden = !this.swiping;
    const share = this.viewer.session.divider;
    this.divider.style.left = `${100 * share}%`;
    this.divider.setAttribute("aria-valuenow", Math.round(100 * share));
  }

  // The perturbed pane, as seen from the clean one.
  get other() {
    return this.name === "clean" ? this.viewer.panes.get("perturbed")?.scene : undefined;
  }

  get blinking() {
    return Boolean(this.viewer.session.blink && this.other?.picture);
  }

  get swiping() {
    return Boolean(this.viewer.session.swipe && !this.blinking && this.other?.picture);
  }

  get frame() {
    return this.scene.frame;
  }

  // Where the swiped picture begins, in device pixels.
  get split() {
    return Math.round(this.width * this.ratio * this.viewer.session.divider);
  }

  // What the pane shows between two places of the case: one scene, or both where the divider lies between.
  scenesUnder(u0, v0, u1 = u0, v1 = v0) {
    if (this.blinking) return [this.other];
    if (!this.swiping) return [this.scene];
    const xs = [this.place.x(u0, v0), this.place.x(u1, v1)];
    const [scene, other] = [Math.min(...xs) < this.split && this.scene, Math.max(...xs) >= this.split && this.other];
    return [scene, other].filter(Boolean);
  }

  // Whether what is shown has values that a window can be laid over.
  get gray() {
    return Boolean(this.scene.picture?.planes && this.scene.frame?.window);
  }

  resize() {
    this.width = this.box.clientWidth;
    this.height = this.box.clientHeight;
  }

  aim() {
    this.ratio = window.devicePixelRatio || 1;
    return this.place.set(this.frame, this.width * this.ratio, this.height * this.ratio, this.viewer.camera);
  }

  draw() {
    if (!this.width || !this.height) return;
    this.aim();
    const { canvas, context, place, ratio } = this;
    const [width, height] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillRect(0, 0, width, height);
    this.layer(this.blinking ? this.other : this.scene);
    if (this.swiping) {
      const from = this.split;
      context.save();
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.beginPath();
      context.rect(from, 0, width - from, height);
      context.clip();
      context.fillRect(from, 0, width - from, height);
      this.layer(this.other);
      context.restore();
    }
    this.anatomy();
    this.sayGrain();
    this.marks.draw(place, ratio);
  }

  layer({ picture, heat, frame }) {
    const { context, place, viewer } = this;
    place.apply(context);
    const { w, h } = place;
    if (picture?.decoded) {
      const { box, decoded, smooth, planes } = picture;
      const [across, down] = [(box[2] - box[0]) * w, (box[3] - box[1]) * h];
      const scale = smooth ? (place.scale * across) / decoded.width : 1;
      const shown = planes ? decoded.shown(scale, frame.note.window, frame.window) : decoded.shown(scale);
      context.imageSmoothingEnabled = smooth;
      context.drawImage(shown, box[0] * w, box[1] * h, across, down);
    }
    const { settings } = viewer;
    if (!heat?.decoded || (picture && !settings.overlay)) return;
    const lut = viewer.lut(heat.lut);
    if (picture && settings.contours) return this.lines(heat, lut, settings.mass / 100);
    const { box, signed } = heat;
    context.imageSmoothingEnabled = !settings.cells;
    context.globalAlpha = picture ? settings.opacity / 100 : 1;
    const colored = this.map(picture, heat).colored(lut, signed, Boolean(picture), settings.threshold / 100);
    context.drawImage(colored, box[0] * w, box[1] * h, (box[2] - box[0]) * w, (box[3] - box[1]) * h);
    context.globalAlpha = 1;
  }

  lines(heat, lut, mass) {
    const { context, place, ratio } = this;
    const { above, below } = heat.decoded.contours(heat.signed, mass, heat.box, place.w, place.h);
    const stroke = (path, level, dash) => {
      context.setLineDash(dash.map((length) => (length * ratio) / place.scale));
      context.lineJoin = "bevel";
      for (const [color, width] of [[HALO, 3.5], [`rgb(${lut.subarray(3 * level, 3 * level + 3)})`, 1.5]]) {
        context.strokeStyle = color;
        context.lineWidth = (width * ratio) / place.scale;
        context.stroke(path);
      }
      context.setLineDash([]);
    };
    stroke(above, 255, []);
    if (below) stroke(below, 0, [5, 4]);
  }

  // Whether a map is drawn in cells; its contours are always smooth.
  inCells(picture) {
    const { cells, contours } = this.viewer.settings;
    return cells && !(picture && contours);
  }

  map(picture, heat) {
    return (this.inCells(picture) ? heat.native : heat).decoded;
  }

  // Of a map that was made of cells, how many there are, and whether they are seen.
  sayGrain() {
    const { picture, heat } = this.blinking ? this.other : this.scene;
    let said = "";
    if (heat?.cells && heat.decoded && (!picture || this.viewer.settings.overlay)) {
      const { width, height } = heat.native.decoded;
      said = `${height} × ${width} map, ${this.inCells(picture) ? "not smoothed" : "smoothed"}`;
    }
    if (this.grain.textContent !== said) this.grain.textContent = said;
  }

  // Side markers and the scale bar, on pictures of known orientation and spacing.
  anatomy() {
    const { frame, place, sides, bar } = this;
    const { orientation, spacing_mm: spacing } = frame;
    for (const side in sides) {
      const letters = orientation && this.scene.picture ? direction(orientation, place.turn, ...SIDE_OF[side]) : "";
      if (sides[side].textContent !== letters) sides[side].textContent = letters;
    }
    const shows = Boolean(spacing && this.scene.picture && this.width > 120);
    if (bar.hidden === shows) bar.hidden = !shows;
    if (!shows) return;
    const pixelsPerMm = place.scale / this.ratio / spacing[1];
    const most = (0.3 * this.width) / pixelsPerMm;
    const power = 10 ** Math.floor(Math.log10(most));
    const length = power * (most / power >= 5 ? 5 : most / power >= 2 ? 2 : 1);
    if (this.bar.length !== length) bar.lastChild.textContent = `${plain(length)} mm`;
    bar.length = length;
    bar.firstChild.style.width = `${length * pixelsPerMm}px`;
  }
}

// A length without the noise of floating point.
const plain = (value) => String(Number(value.toPrecision(6)));

function element(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
