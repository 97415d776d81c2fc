// All that a key or a button can do. key: as the browser names it; label: as the help lists it.

const tool = (name, key, label) => ({ name, key, label, act: (viewer) => viewer.choose(name), on: (viewer) => viewer.tool === name });

const turn = (name, key, label, by) => ({ name, key, label, act: (viewer) => viewer.looking.turn(by) });

const toggle = (name, key, label) => ({
  name,
  key,
  label,
  act: (viewer) => viewer.set(name, !viewer.settings[name]),
  on: (viewer) => viewer.settings[name],
});

const layout = (name, label, needed) => ({
  name,
  label,
  act: (viewer) => viewer.set("layout", name),
  on: (viewer) => viewer.layout === name,
  can: (viewer) => needed.every((pane) => viewer.panes.has(pane)),
});

const stepping = (key, label, by) => ({ key, label, by, act: (viewer) => viewer.step(by), can: (viewer) => viewer.scene.steps });

const BOTH = ["clean", "perturbed"];
const LAYOUTS = { pair: BOTH, pictures: ["clean", "change", "perturbed"] };

const comparing = (name, key, label) => ({
  name,
  key,
  label,
  act: (viewer) => viewer.compare(name),
  on: (viewer) => viewer.session[name],
  can: (viewer) => BOTH.every((pane) => viewer.panes.get(pane)?.scene.picture),
});

const COMMANDS = [
  tool("window", "w", "Window and level: drag sideways for width, up and down for center"),
  tool("pan", "p", "Pan"),
  tool("zoom", "z", "Zoom: drag up or down"),
  tool("length", "m", "Length"),
  tool("rectangle", "q", "Rectangle: size, mean and standard deviation"),
  { name: "out", key: "-", label: "Zoom out", act: (viewer) => viewer.looking.zoom(1 / 1.4) },
  { name: "fit", key: "=", label: "Fit to the pane", act: (viewer) => viewer.looking.fit() },
  { name: "in", key: "+", label: "Zoom in", act: (viewer) => viewer.looking.zoom(1.4) },
  { name: "actual", key: "0", label: "1:1, one pixel of the original on one of the screen", act: (viewer) => viewer.looking.actualSize() },
  {
    name: "invert",
    key: "i",
    label: "Invert",
    act: (viewer) => viewer.looking.invert(),
    on: (viewer) => viewer.looking.inverted,
    can: (viewer) => viewer.grays.length > 0,
  },
  turn("right", "r", "Rotate right", [0, 1, -1, 0]),
  turn("left", "l", "Rotate left", [0, -1, 1, 0]),
  turn("mirror", "h", "Flip horizontally", [-1, 0, 0, 1]),
  turn("upside", "v", "Flip vertically", [1, 0, 0, -1]),
  { name: "reset", key: " ", label: "Reset zoom, rotation and window", act: (viewer) => viewer.looking.reset() },
  { name: "remove", key: "Backspace", label: "Remove the last length or rectangle", act: (viewer) => viewer.measuring.remove() },
  { name: "next", key: "n", label: "Next pane", act: (viewer) => viewer.nextPane() },
  toggle("overlay", "o", "Map over picture"),
  toggle("contours", "k", "Map as contours, smoothed"),
  toggle("cells", "g", "Map as it was computed, in cells, not smoothed"),
  {
    name: "tint",
    key: "t",
    label: "Other colors for the map",
    act: (viewer) => viewer.set("tint", viewer.settings.tint === "warm" ? "cool" : "warm"),
    on: (viewer) => viewer.settings.tint === "cool",
  },
  { key: "[", label: "Map fainter", act: (viewer) => viewer.slide("opacity", -5) },
  { key: "]", label: "Map stronger", act: (viewer) => viewer.slide("opacity", 5) },
  { key: ",", label: "Show more of the map", act: (viewer) => viewer.showMore(5) },
  { key: ".", label: "Hide more of the map", act: (viewer) => viewer.showMore(-5) },
  comparing("blink", "b", "Blink between clean and perturbed: press, or hold"),
  comparing("swipe", "s", "Swipe between clean and perturbed"),
  layout("all", "All panes", []),
  layout("pair", "Clean and perturbed", LAYOUTS.pair),
  layout("pictures", "The three pictures", LAYOUTS.pictures),
  layout("one", "One pane", []),
  {
    name: "area",
    key: "a",
    label: "Use the last rectangle",
    act: (viewer) => viewer.measuring.chooseArea(),
    on: (viewer) => Boolean(viewer.region),
    can: (viewer) => viewer.scene.canSelect && Boolean(viewer.region ?? viewer.measuring.lastRectangle),
  },
  { name: "full", key: "f", label: "Full screen", act: (viewer) => viewer.fullScreen(), on: (viewer) => viewer.isFull },
  { name: "help", key: "?", label: "All keys", act: (viewer) => viewer.root.querySelector("dialog").showModal() },
  { key: "Escape", label: "Leave full screen, the tool, and then the viewer", act: (viewer) => viewer.leave() },
  stepping("ArrowLeft", "Previous", -1),
  stepping("ArrowRight", "Next", 1),
  { key: "ArrowUp", act: () => {} },
  { key: "ArrowDown", act: () => {} },
  { key: "Shift+ArrowLeft", act: (viewer) => viewer.measuring.moveProbe(-1, 0) },
  { key: "Shift+ArrowRight", act: (viewer) => viewer.measuring.moveProbe(1, 0) },
  { key: "Shift+ArrowUp", act: (viewer) => viewer.measuring.moveProbe(0, -1) },
  { key: "Shift+ArrowDown", act: (viewer) => viewer.measuring.moveProbe(0, 1) },
  { key: "Enter", label: "Length, rectangle: set a corner where the probe is", act: (viewer) => viewer.measuring.setCorner() },
  ...[0, 1, 2, 3, 4].map((index) => ({ key: String(index + 1), act: (viewer) => viewer.looking.preset(index) })),
];

const BY_NAME = Object.fromEntries(COMMANDS.filter(({ name }) => name).map((command) => [command.name, command]));
const BY_KEY = Object.fromEntries(COMMANDS.filter(({ key }) => key).map((command) => [command.key, command]));
const KEY_NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", "-": "−" };
const MORE_HELP = [
  ["1 – 5", "Presets of the window"],
  ["Shift + arrows", "Move the probe and read it"],
  ["Mouse", "Drag: the tool. Wheel: zoom, after a click or with Ctrl. Middle button or Space: pan. Double-click: one pane"],
  ["Touch", "Tap: read. Then drag: the tool. Two fingers: zoom and pan"],
];
const HOLD = 350; // ms after which releasing b goes back to the clean picture

// CapsLock changes nothing.
const small = (key) => (key.length === 1 ? key.toLowerCase() : key);

class Keys {
  constructor(viewer) {
    this.viewer = viewer;
    viewer.root.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    const letter = small(event.key);
    if (["c", "r", "Escape"].includes(letter)) event.stopPropagation(); // Streamlit's own shortcuts
    const composed = event.altKey && ["[", "]"].includes(letter); // written with AltGr or Option on some keyboards
    const bare = !event.ctrlKey && !event.altKey;
    if (event.metaKey || !(bare || composed) || event.target.closest("select, dialog")) return;
    if (event.target.matches("input") && /^(Arrow|Page|Home|End)/.test(event.key)) return;
    if (event.target.matches(".divider") && this.divide(event)) return;
    if (event.target.closest("button, summary") && [" ", "Enter"].includes(event.key)) return;
    const command = BY_KEY[event.shiftKey && letter.startsWith("Arrow") ? `Shift+${letter}` : letter === "Delete" ? "Backspace" : letter];
    if (!command) return;
    event.preventDefault();
    if (event.repeat && (command.on || letter === " ")) return;
    if (letter === " ") {
      this.viewer.spaceHeld = true;
      this.viewer.spaceDragged = false;
      this.hold(letter, (lost) => this.releaseSpace(lost));
      return;
    }
    if (letter === "b") this.hold(letter, (lost, held) => this.releaseBlink(lost, held));
    this.viewer.run(command);
  }

  // Calls release(lost, ms held) once the key is up again, or the window lost the focus and would never hear of it.
  hold(letter, release) {
    const since = performance.now();
    const over = new AbortController();
    const end = (lost) => {
      over.abort();
      release(lost, performance.now() - since);
    };
    const listen = (type, heard) => window.addEventListener(type, heard, { signal: over.signal });
    listen("keyup", (event) => small(event.key) === letter && end(false));
    listen("blur", () => end(true));
  }

  releaseSpace(lost) {
    this.viewer.spaceHeld = false;
    if (!lost && !this.viewer.spaceDragged) this.viewer.run(BY_NAME.reset);
  }

  releaseBlink(lost, held) {
    if (this.viewer.session.blink && (lost || held > HOLD)) this.viewer.run(BY_NAME.blink);
  }

  divide(event) {
    const by = { ArrowLeft: -0.05, ArrowRight: 0.05 }[event.key];
    if (!by || event.shiftKey) return false;
    event.preventDefault();
    this.viewer.divide(this.viewer.session.divider + by);
    return true;
  }
}
