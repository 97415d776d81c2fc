// Mouse, pen and touch on the panes. Two fingers zoom and pan whatever the tool.

class Pointers {
  constructor(viewer) {
    this.viewer = viewer;
    this.down = new Map(); // pointer -> where it is
    const { grid } = viewer;
    grid.addEventListener("pointerdown", (event) => this.press(event));
    grid.addEventListener("pointermove", (event) => this.move(event));
    for (const type of ["pointerup", "pointercancel"]) grid.addEventListener(type, (event) => this.release(event));
    grid.addEventListener("pointerleave", () => this.down.size || viewer.measuring.probeAt(null));
    grid.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    grid.addEventListener("dblclick", (event) => {
      const pane = paneAt(event);
      if (pane && viewer.tool !== "length" && viewer.tool !== "rectangle") viewer.alone(pane.name);
    });
  }

  press(event) {
    const pane = paneAt(event);
    if (!pane || event.button === 2) return;
    const { viewer } = this;
    viewer.activate(pane.name);
    event.preventDefault();
    (event.target === pane.divider ? pane.divider : viewer.grid).focus({ preventScroll: true });
    pane.box.setPointerCapture(event.pointerId);
    this.pane = pane;
    this.down.set(event.pointerId, spot(pane, event));
    const kind = event.button === 1 || viewer.spaceHeld ? "pan" : viewer.tool;
    this.gesture = this.down.size > 1 ? "pinch" : event.target === pane.divider ? "divide" : this.begin(kind, event);
  }

  begin(kind, event) {
    const { pane, viewer } = this;
    if (kind === "window" && !pane.gray) return "pan";
    if (kind === "length" || kind === "rectangle") {
      const [u, v] = share(pane, spot(pane, event)).map(inside);
      this.measure = { kind, corners: [u, v, u, v] };
      pane.frame.note.measures.push(this.measure);
    }
    this.start = spot(pane, event);
    return kind;
  }

  move(event) {
    const pane = paneAt(event);
    if (!this.down.has(event.pointerId)) {
      if (pane && event.pointerType === "mouse") this.viewer.measuring.probeAt(pane, ...share(pane, spot(pane, event)));
      return;
    }
    const before = this.down.get(event.pointerId);
    const now = spot(this.pane, event);
    if (this.gesture === "pinch") this.pinch(event.pointerId, before, now);
    else this.drag(before, now);
    this.down.set(event.pointerId, now);
  }

  drag(before, now) {
    const { viewer, pane, gesture } = this;
    const [dx, dy] = [now.x - before.x, now.y - before.y];
    if (viewer.spaceHeld) viewer.spaceDragged = true;
    if (gesture === "window") viewer.looking.changeWindow(dx / pane.ratio, dy / pane.ratio);
    else if (gesture === "pan") viewer.looking.pan(pane, dx, dy);
    else if (gesture === "zoom") viewer.looking.zoom(Math.exp(-dy / pane.ratio / 120), pane, this.start);
    else if (gesture === "divide") viewer.divide(now.x / pane.ratio / pane.width);
    else {
      this.measure.corners.splice(2, 2, ...share(pane, now).map(inside));
      this.measure.statistics = undefined;
      viewer.draw();
    }
    if (gesture !== "divide") viewer.measuring.probeAt(pane, ...share(pane, now));
  }

  pinch(id, before, now) {
    const other = [...this.down].find(([pointer]) => pointer !== id)?.[1];
    if (!other) return;
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    const length = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    this.viewer.looking.zoom(length(now) / length(before), this.pane, middle);
    this.viewer.looking.pan(this.pane, (now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  release(event) {
    if (!this.down.delete(event.pointerId)) return;
    const { viewer, pane, measure } = this;
    if (this.down.size) {
      this.gesture = "pan";
      return;
    }
    this.measure = undefined;
    if (measure) viewer.measuring.finish(pane, measure);
    else if (event.pointerType !== "mouse") viewer.measuring.probeAt(pane, ...share(pane, spot(pane, event)), true);
  }

  // The page scrolls as ever until the viewer has the focus.
  wheel(event) {
    const pane = paneAt(event);
    if (!pane || !(event.ctrlKey || event.metaKey || this.viewer.root.matches(":focus-within"))) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.viewer.looking.zoom(Math.exp((-event.deltaY * lines) / 400), pane, spot(pane, event));
  }
}

const inside = (share) => Math.min(1, Math.max(0, share));

const paneAt = (event) => event.target.closest(".pane")?.paneView;

// In device pixels from the upper left corner of a pane.
function spot(pane, event) {
  const { left, top } = pane.box.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  return { x: (event.clientX - left) * ratio, y: (event.clientY - top) * ratio };
}

function share(pane, { x, y }) {
  const place = pane.aim();
  return [place.u(x, y), place.v(x, y)];
}
