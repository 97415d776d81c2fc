// Linked panes. Everything is drawn here, without the server; see viewer.py for what arrives and what is kept.

const NOWHERE = { id: "", size: [1, 1], spacing_mm: null, orientation: null, window: null };
const HINT = "Point at a picture to read its values.";

export default function ({ data: [data], parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".viewer");
  root.viewer ??= Object.assign(new Viewer(root), { stepped: data.stepped });
  Object.assign(root.viewer, { setStateValue, setTriggerValue });
  root.viewer.show(data);
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.grid = root.querySelector(".grid");
    this.drawn = 0; // times
    this.panes = new Map();
    this.settings = readSettings();
    this.resized = new ResizeObserver((entries) => {
      for (const { target } of entries) target.paneView.resize();
      this.draw();
    });
    this.looking = new Looking(this);
    this.measuring = new Measuring(this);
    this.toolbar = new Toolbar(this);
    new Pointers(this);
    new Keys(this);
    root.addEventListener("fullscreenchange", () => this.toolbar.update());
  }

  async show(scene) {
    this.coming = scene;
    this.prepare(scene);
    if (!this.scene) this.arrange(scene); // so that the panes have their size before the pictures are there
    const wanted = scene.panes.flatMap(({ picture, heat }) => [
      picture && [picture, PICTURES[picture.planes]],
      heat && [heat, HeatMap],
      heat && [(heat.native = { source: heat.cells ?? heat.source }), CellMap],
    ]);
    const parts = wanted.filter(Boolean);
    const loaded = await Promise.all(parts.map(([part, Kind]) => load(part.source, Kind)));
    if (this.coming !== scene) return;
    parts.forEach(([part], i) => (part.decoded = loaded[i]));
    this.arrange(scene); // only now: a resize may draw it at any time
    forget(new Set(parts.map(([part]) => part.source)));
    this.draw();
  }

  // Panes of the same case share one frame.
  prepare(scene) {
    const frames = new Map();
    for (const pane of scene.panes) {
      const frame = pane.frame ?? scene.panes.find((other) => other.frame)?.frame ?? NOWHERE;
      if (!frames.has(frame.id)) frames.set(frame.id, frame);
      pane.frame = frames.get(frame.id);
      pane.frame.note = note(scene.key, pane.frame);
    }
    this.luts ??= Object.fromEntries(Object.entries(scene.luts).map(([name, text]) => [name, bytes(text)]));
  }

  arrange(scene) {
    this.scene = scene;
    this.session = session(scene.key);
    this.frame = scene.panes[0]?.frame ?? NOWHERE;
    this.camera = camera(scene.key, this.frame);
    this.region = scene.region;
    this.grays = [...new Set(scene.panes.filter(({ picture }) => picture?.planes).map(({ frame }) => frame))];
    for (const [name, pane] of this.panes) {
      if (scene.panes.some((other) => other.name === name)) continue;
      this.resized.unobserve(pane.box);
      pane.figure.remove();
      this.panes.delete(name);
    }
    scene.panes.forEach((pane, i) => {
      if (!this.panes.has(pane.name)) {
        this.panes.set(pane.name, new PaneView(this, pane.name));
        this.resized.observe(this.panes.get(pane.name).box);
      }
      const { figure } = this.panes.get(pane.name);
      if (this.grid.children[i] !== figure) this.grid.insertBefore(figure, this.grid.children[i] ?? null);
    });
    for (const pane of scene.panes) this.panes.get(pane.name).scene = pane;
    for (const pane of scene.panes) this.panes.get(pane.name).show(pane);
    if (!this.panes.has(this.session.active)) this.session.active = scene.panes[0]?.name;
    this.root.classList.toggle("tall", scene.tall);
    this.grid.classList.toggle("stale", scene.stale);
    this.root.querySelector(".recipe").textContent = scene.recipe;
    this.layOut();
    this.toolbar.update();
    this.measuring.refresh();
  }

  get layout() {
    const needed = LAYOUTS[this.settings.layout] ?? [];
    return this.scene.columns || !needed.every((name) => this.panes.has(name)) ? "all" : this.settings.layout;
  }

  layOut() {
    const { layout, scene } = this;
    const names = layout === "one" ? [this.session.active] : (LAYOUTS[layout] ?? [...this.panes.keys()]);
    const columns = scene.columns ?? Math.min(3, names.length);
    this.visible = names.map((name) => this.panes.get(name)).filter(Boolean);
    for (const pane of this.panes.values()) {
      pane.figure.hidden = !this.visible.includes(pane);
      pane.figure.classList.toggle("active", pane.name === this.session.active);
      pane.head();
    }
    this.grid.style.setProperty("--columns", columns);
    this.grid.style.setProperty("--narrow", scene.columns === 1 || names.length === 1 ? 1 : 2);
    this.grid.style.setProperty("--rows", Math.ceil(names.length / columns));
    this.grid.dataset.tool = this.tool;
    this.grid.classList.toggle("long-heads", scene.longHeads);
    this.root.querySelector(".scales").replaceChildren(...this.scene.scales.map((scale) => colorBar(scale, this.lut(scale.lut))));
    this.draw();
  }

  // The colors of a map, as the reader wants them.
  lut(name) {
    return this.luts[name === "sequential" ? this.settings.tint : name];
  }

  // In the next frame; only the marks where the pictures stay as they are.
  draw(pictures = true) {
    this.asked ||= pictures;
    this.request ||= requestAnimationFrame(() => this.paint());
  }

  paint() {
    const { asked } = this;
    this.request = this.asked = undefined;
    if (!asked) {
      for (const pane of this.visible) if (pane.ratio) pane.marks.draw(pane.place, pane.ratio);
      return;
    }
    for (const pane of this.visible) pane.draw();
    this.toolbar.readout(this.looking.percent);
    this.drawn++;
  }

  run(command) {
    if (command.can && !command.can(this)) return;
    command.act(this);
    this.toolbar.update();
  }

  say(text) {
    this.root.querySelector(".said").textContent = text;
  }

  read(text) {
    const line = this.root.querySelector(".reading");
    line.textContent = text || [HINT, this.shownReduced].filter(Boolean).join(" ");
    line.classList.toggle("hint", !text);
  }

  get shownReduced() {
    const less = [...this.panes.values()].map((pane) => reduced(pane.scene.picture, pane.frame)).find(Boolean);
    return less ? `It is shown ${less}.` : "";
  }

  // Settings, tools and layout.

  get tool() {
    return this.session.tool;
  }

  choose(tool) {
    this.session.tool = tool;
    this.measuring.corner = undefined;
    this.grid.dataset.tool = tool;
    this.draw(false);
  }

  set(name, value) {
    this.settings[name] = value;
    writeSettings(this.settings);
    if (name === "layout" || name === "tint") this.layOut();
    this.toolbar.update();
    this.draw();
  }

  slide(name, by) {
    const input = this.root.querySelector(`input[name=${name}]`);
    this.set(name, Math.min(Number(input.max), Math.max(Number(input.min), this.settings[name] + by)));
    this.say(`${input.ariaLabel} ${this.settings[name]} %`);
  }

  showMore(by) {
    if (this.settings.contours) this.slide("mass", by);
    else this.slide("threshold", -by);
  }

  activate(name) {
    this.session.active = name;
    for (const pane of this.panes.values()) pane.figure.classList.toggle("active", pane.name === name);
  }

  nextPane() {
    const names = this.layout === "one" ? [...this.panes.keys()] : this.visible.map(({ name }) => name);
    this.activate(names[(names.indexOf(this.session.active) + 1) % names.length]);
    this.layOut();
    this.measuring.follow(this.active);
    this.say(this.active.scene.title);
  }

  alone(name) {
    if (this.scene.columns) return;
    this.activate(name);
    if (this.layout !== "one") this.session.before = this.settings.layout;
    this.set("layout", this.layout === "one" ? (this.session.before ?? "all") : "one");
  }

  get active() {
    return this.panes.get(this.session.active) ?? this.visible[0];
  }

  compare(how) {
    const on = (this.session[how] = !this.session[how]);
    const clean = this.panes.get("clean");
    if (on && clean.figure.hidden) {
      this.activate("clean");
      this.layOut();
    }
    clean.head();
    this.measuring.refresh();
    if (how === "blink") this.say(on ? "Perturbed picture" : "Clean picture");
    this.draw();
  }

  divide(share) {
    this.session.divider = Math.min(1, Math.max(0, share));
    this.panes.get("clean").head();
    this.measuring.refresh();
    this.draw();
  }

  get isFull() {
    return this.root.matches(":fullscreen");
  }

  fullScreen() {
    if (this.isFull) document.exitFullscreen();
    else this.root.requestFullscreen();
  }

  leave() {
    if (this.isFull) document.exitFullscreen();
    else if (this.tool !== "window") this.choose("window");
    else this.root.getRootNode().activeElement?.blur();
  }

  step(by) {
    this.setStateValue("stepped", (this.stepped += by)); // a count: it may be told twice, or late
  }
}
