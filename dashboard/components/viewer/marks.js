// Lines, rectangles, the chosen area and the probe, in SVG over a pane. They are kept in shares of the case.

const SVG = "http://www.w3.org/2000/svg";
const LINE = 17; // CSS pixels
const ABOVE_BAR = 42; // the scale bar lies at the lower right

class Marks {
  constructor(svg, pane) {
    this.svg = svg;
    this.pane = pane;
    this.parts = [];
  }

  // One element after the other, made anew only when its kind changes.
  part(index, tag, className) {
    let part = this.parts[index];
    if (part?.tagName !== tag) {
      part?.remove();
      part = this.parts[index] = document.createElementNS(SVG, tag);
      this.svg.insertBefore(part, this.parts[index + 1] ?? null);
    }
    if (part.getAttribute("class") !== className) part.setAttribute("class", className);
    return part;
  }

  draw(place, ratio) {
    const { viewer, frame } = this.pane;
    let count = 0;
    const point = (u, v) => [place.x(u, v) / ratio, place.y(u, v) / ratio];
    const shape = (kind, [u0, v0, u1, v1], className) => {
      const [[x0, y0], [x1, y1]] = [point(u0, v0), point(u1, v1)];
      if (kind === "line") return attributes(this.part(count++, "line", className), { x1: x0, y1: y0, x2: x1, y2: y1 });
      const corner = { x: Math.min(x0, x1), y: Math.min(y0, y1) };
      attributes(this.part(count++, "rect", className), { ...corner, width: Math.abs(x1 - x0), height: Math.abs(y1 - y0) });
    };
    // Beside the end of a line, below a rectangle, inside the pane; on its right half to the left.
    const text = (lines, kind, [u0, v0, u1, v1]) => {
      const [[x0, y0], [x1, y1]] = [point(u0, v0), point(u1, v1)];
      const before = (kind === "length" ? x1 : (x0 + x1) / 2) > this.pane.width / 2;
      const corner = before ? Math.min(this.pane.width - 6, Math.max(x0, x1)) : Math.max(6, Math.min(x0, x1));
      const x = kind === "length" ? x1 + (before ? -7 : 7) : corner;
      const y = kind === "length" ? y1 : Math.max(y0, y1) + 16;
      const bottom = this.pane.height - (before ? ABOVE_BAR : 6);
      const top = Math.min(bottom - LINE * (lines.length - 1), Math.max(15, y));
      lines.forEach((line, i) => {
        const part = this.part(count++, "text", before ? "before" : "");
        attributes(part, { x, y: top + LINE * i });
        if (part.textContent !== line) part.textContent = line;
      });
    };
    const { region } = viewer;
    const { probe, corner } = viewer.measuring;
    if (region && frame === viewer.frame) shape("rectangle", region, "region");
    for (const measure of frame.note.measures) {
      shape(measure.kind === "length" ? "line" : "rectangle", measure.corners, "measure");
      const scenes = this.pane.scenesUnder(...measure.corners);
      if (this.pane.width > 170 && scenes.some(({ picture }) => picture?.smooth))
        text(measured(measure, frame, scenes), measure.kind, measure.corners);
    }
    if (corner?.frame === frame.id) shape("rectangle", [corner.u, corner.v, corner.u, corner.v], "measure corner");
    if (probe && (probe.pinned || probe.pane !== this.pane.name)) {
      const [x, y] = point(probe.u, probe.v);
      const cross = `M${x - 9} ${y}h6M${x + 3} ${y}h6M${x} ${y - 9}v6M${x} ${y + 3}v6`;
      attributes(this.part(count++, "path", "probe-halo"), { d: cross });
      attributes(this.part(count++, "path", "probe"), { d: cross });
    }
    while (this.parts.length > count) this.parts.pop().remove();
  }
}

function attributes(part, values) {
  for (const name in values) part.setAttribute(name, values[name]);
}

// [horizontal, vertical] extent of a measure in mm, or in pixels where the spacing is not known.
function extent({ corners: [u0, v0, u1, v1] }, { size, spacing_mm: spacing }) {
  const [row, column] = spacing ?? [1, 1];
  return [Math.abs(u1 - u0) * size[0] * column, Math.abs(v1 - v0) * size[1] * row];
}

// What a measure says of the scenes that lie under it, in one line and more.
function measured(measure, frame, scenes) {
  const [width, height] = extent(measure, frame);
  const unit = frame.spacing_mm ? "mm" : "px";
  const digits = frame.spacing_mm ? 1 : 0;
  if (measure.kind === "length") return [`${Math.hypot(width, height).toFixed(1)} ${unit}`];
  const size = `${width.toFixed(digits)} × ${height.toFixed(digits)} ${unit}, ${(width * height).toFixed(0)} ${unit}²`;
  const grays = scenes.filter(({ picture }) => picture?.planes === 1 && picture.decoded);
  const lines = grays.map(({ title, picture }) => {
    const { mean, sd } = statistics(measure, picture, frame.window);
    const name = scenes.length > 1 ? `${title}: ` : "";
    return `${name}mean ${mean.toFixed(1)}, SD ${sd.toFixed(1)} ${frame.window.unit}`.trim();
  });
  const less = reduced(grays[0]?.picture, frame);
  if (less) lines.push(`of the picture ${less}`);
  return [size, ...lines];
}

function statistics(measure, { source, decoded }, window) {
  measure.statistics ??= new Map();
  if (!measure.statistics.has(source)) measure.statistics.set(source, decoded.statistics(...measure.corners, window));
  return measure.statistics.get(source);
}
