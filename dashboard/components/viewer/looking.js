// Zoom, rotation and window of the cases on screen.

class Looking {
  constructor(viewer) {
    this.viewer = viewer;
  }

  // About a point of a pane in device pixels, by default its middle.
  zoom(factor, pane = this.viewer.active, point = undefined) {
    const place = pane.aim();
    const [x, y] = point ? [point.x - (pane.width * pane.ratio) / 2, point.y - (pane.height * pane.ratio) / 2] : [0, 0];
    zoomAbout(this.viewer.camera, place, x, y, factor);
    this.viewer.draw();
  }

  pan(pane, dx, dy) {
    pan(this.viewer.camera, pane.aim(), dx, dy);
    this.viewer.draw();
  }

  fit() {
    Object.assign(this.viewer.camera, { zoom: 1, x: 0.5, y: 0.5 });
    this.viewer.draw();
  }

  actualSize() {
    const { viewer } = this;
    viewer.camera.zoom = 1 / viewer.active.aim().fit;
    hold(viewer.camera);
    viewer.draw();
  }

  get percent() {
    const { camera, active } = this.viewer;
    if (camera.zoom === 1 || !active.place.scale) return "Fit";
    return `${Math.round(100 * active.place.scale)} %`;
  }

  turn(by) {
    turned(this.viewer.camera, by);
    this.viewer.draw();
  }

  reset() {
    this.viewer.camera.turn = [1, 0, 0, 1];
    for (const { note, window } of this.viewer.grays) Object.assign(note.window, window);
    this.fit();
  }

  // By a drag of (dx, dy): 300 px sideways add the width of the default window, 300 px down move it by as much.
  changeWindow(dx, dy) {
    for (const { note, window } of this.viewer.grays) {
      note.window.width = Math.max(window.width / 500, note.window.width + (dx * window.width) / 300);
      note.window.center += (dy * window.width) / 300;
    }
    this.viewer.toolbar.choices();
    this.viewer.draw();
  }

  preset(index) {
    for (const { note, window } of this.viewer.grays) {
      const { center, width } = window.presets[index] ?? note.window;
      Object.assign(note.window, { center, width });
    }
    const name = this.viewer.grays[0]?.window.presets[index]?.name;
    if (name) this.viewer.say(`Window: ${name}`);
    this.viewer.draw();
  }

  get presetShown() {
    const gray = this.viewer.grays[0];
    if (!gray) return -1;
    const { center, width } = gray.note.window;
    return gray.window.presets.findIndex((preset) => preset.center === center && preset.width === width);
  }

  invert() {
    for (const { note } of this.viewer.grays) note.window.inverted = !note.window.inverted;
    this.viewer.draw();
  }

  get inverted() {
    const gray = this.viewer.grays[0];
    return Boolean(gray) && gray.note.window.inverted !== gray.window.inverted;
  }
}
