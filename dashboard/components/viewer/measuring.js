// The probe, lengths and rectangles, and the area that the reader chooses.

const PROBE_STEP = 6; // CSS pixels

class Measuring {
  constructor(viewer) {
    this.viewer = viewer;
  }

  // Reads a place of the case; pinned: it stays where the pointer leaves.
  probeAt(pane, u, v, pinned = false) {
    const { viewer } = this;
    if (!pane && this.probe?.pinned) return "";
    const text = pane ? reading(pane, this.siblings(pane), u, v) : "";
    this.probe = text ? { u, v, pane: pane.name, frame: pane.frame.id, pinned } : undefined;
    viewer.read(text);
    viewer.draw(false);
    return text;
  }

  // Something else may have arrived under the probe; in another case it starts anew.
  refresh() {
    const { probe, viewer } = this;
    const pane = probe && viewer.panes.get(probe.pane);
    if (pane && pane.frame.id === probe.frame) {
      this.probeAt(pane, probe.u, probe.v, probe.pinned);
      return;
    }
    this.probe = this.corner = undefined;
    viewer.read("");
  }

  // Where the probe was moved by keyboard, it goes along to another pane.
  follow(pane) {
    const { probe } = this;
    if (probe?.pinned) this.probeAt(pane, probe.u, probe.v, true);
  }

  // Clean and perturbed are read together; in a grid each pane for itself.
  siblings(pane) {
    const { scene, panes } = this.viewer;
    const both = scene.columns ? [] : ["clean", "perturbed"].map((name) => panes.get(name)).filter((other) => other?.scene.picture);
    return both.length ? both : [pane];
  }

  // By keyboard, in steps of the screen.
  moveProbe(dx, dy) {
    const { viewer } = this;
    const pane = viewer.active;
    const place = pane.aim();
    const step = PROBE_STEP * pane.ratio;
    const { u, v } = this.probe ?? { u: viewer.camera.x, v: viewer.camera.y };
    const [x, y] = [u + place.across(dx * step, dy * step), v + place.down(dx * step, dy * step)];
    viewer.say(this.probeAt(pane, inside(x) === 1 ? 0.9999 : inside(x), inside(y) === 1 ? 0.9999 : inside(y), true));
  }

  setCorner() {
    const { viewer, probe, corner } = this;
    if (!probe || !["length", "rectangle"].includes(viewer.tool)) return;
    const { u, v, frame } = probe;
    viewer.activate(probe.pane);
    if (corner?.frame !== frame) {
      this.corner = { u, v, frame };
      viewer.say("First corner");
    } else {
      const measure = { kind: viewer.tool, corners: [corner.u, corner.v, u, v] };
      viewer.active.frame.note.measures.push(measure);
      this.finish(viewer.active, measure);
    }
    viewer.draw(false);
  }

  // Keeps a measure and says it, unless it is no more than a click or a flat rectangle.
  finish(pane, measure) {
    const { viewer } = this;
    this.corner = undefined;
    const [u0, v0, u1, v1] = measure.corners;
    const place = pane.aim();
    const far = (u, v) => Math.hypot(place.x(u, v) - place.x(u0, v0), place.y(u, v) - place.y(u0, v0)) > 4;
    const counts = far(u1, v1) && (measure.kind === "length" || !flat(measure));
    if (counts) viewer.say(measured(measure, pane.frame, pane.scenesUnder(...measure.corners)).join(", "));
    else pane.frame.note.measures.pop();
    viewer.toolbar.update();
    viewer.draw(false);
  }

  remove() {
    this.viewer.active.frame.note.measures.pop();
    this.corner = undefined;
    this.viewer.draw(false);
  }

  get lastRectangle() {
    return this.viewer.frame.note.measures.findLast((measure) => measure.kind === "rectangle" && !flat(measure));
  }

  // The last rectangle becomes the area that counts; once more, and it is a rectangle again.
  chooseArea() {
    const { viewer } = this;
    const { measures } = viewer.frame.note;
    const rectangle = this.lastRectangle;
    if (viewer.region) {
      measures.unshift({ kind: "rectangle", corners: [...viewer.region] });
      viewer.region = null;
    } else {
      measures.splice(measures.indexOf(rectangle), 1);
      const [u0, v0, u1, v1] = rectangle.corners;
      viewer.region = [Math.min(u0, u1), Math.min(v0, v1), Math.max(u0, u1), Math.max(v0, v1)];
    }
    viewer.setTriggerValue("region", { frame: viewer.frame.id, box: viewer.region });
    viewer.say(viewer.region ? "Area chosen" : "Whole picture");
    viewer.draw(false);
  }
}

const flat = ({ corners: [u0, v0, u1, v1] }) => u0 === u1 || v0 === v1;
