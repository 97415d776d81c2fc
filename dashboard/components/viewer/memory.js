// What outlives a rerun: by component and frame in this module, settings in the session of the browser.

const KEPT = "second-look viewer";
const DEFAULTS = {
  overlay: true,
  contours: false,
  cells: false,
  opacity: 80,
  threshold: 10,
  mass: 50,
  tint: "warm",
  layout: "all",
};
const kept = new Map();

function remembered(name, make) {
  if (!kept.has(name)) kept.set(name, make());
  return kept.get(name);
}

const session = (key) =>
  remembered(key, () => ({ tool: "window", active: "clean", swipe: false, blink: false, divider: 0.5 }));

// Where the reader looks: x and y are the middle in shares of the case; turn is [a, b, c, d] of a canvas transform.
const camera = (key, frame) => remembered(`${key} camera ${frame.id}`, () => ({ zoom: 1, x: 0.5, y: 0.5, turn: [1, 0, 0, 1] }));

function note(key, frame) {
  const found = remembered(`${key} frame ${frame.id}`, () => ({ window: {}, measures: [] }));
  if (frame.window && !found.window.width) Object.assign(found.window, frame.window);
  return found;
}

function readSettings() {
  return { ...DEFAULTS, ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") };
}

function writeSettings(settings) {
  sessionStorage.setItem(KEPT, JSON.stringify(settings));
}
