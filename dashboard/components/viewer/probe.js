// What lies under the pointer, in words.

// Digits of a gray value that 16 bits can tell apart.
const grayDigits = ({ low, high }) => Math.max(0, Math.min(3, Math.floor(-Math.log10((high - low) / 65535))));

const inBox = (u, v, [x0, y0, x1, y1]) => [(u - x0) / (x1 - x0), (v - y0) / (y1 - y0)];

const within = ([x, y]) => x >= 0 && x < 1 && y >= 0 && y < 1;

// "reduced to 1024 px" where a picture arrived with fewer pixels than its case has.
function reduced(picture, { size }) {
  if (!picture?.decoded || !picture.smooth) return "";
  const { width, height } = picture.decoded;
  return width < size[0] || height < size[1] ? `reduced to ${Math.max(width, height)} px` : "";
}

// "Clean 129.00, perturbed 129.40 gray levels · map 0.312 logits · 34.2 mm right, 12.8 mm down"
function reading(pane, siblings, u, v) {
  if (!within([u, v])) return "";
  const { frame } = pane;
  pane.aim();
  const [scene] = pane.scenesUnder(u, v);
  const values = siblings.map((other, i) => valueOf(other, u, v, siblings.length > 1 ? naming(other.scene.title, i) : "")).filter(Boolean);
  if (values.length && siblings.some((other) => other.gray)) values.push(`${values.pop()} ${frame.window.unit}`.trim());
  const less = siblings.map((other) => reduced(other.scene.picture, other.frame)).find(Boolean);
  if (values.length && less) values.push(`${values.pop()} (${less})`);
  return [values.join(", "), heatOf(scene, pane, u, v), position(frame, u, v)].filter(Boolean).join(" · ");
}

const naming = (title, i) => `${i ? title.toLowerCase() : title} `;

function valueOf({ scene: { picture }, frame }, u, v, name) {
  if (!picture?.decoded || !picture.smooth) return "";
  const place = inBox(u, v, picture.box);
  if (!within(place)) return "";
  const digits = picture.planes ? grayDigits(frame.window) : 0;
  const said = Array.from(picture.decoded.value(...place, frame.window), (value) => value.toFixed(digits));
  return name + (said.length > 1 ? said.map((value, i) => `${"RGB"[i]} ${value}`).join(" ") : said[0]);
}

function heatOf({ picture, heat }, pane, u, v) {
  if (!heat?.decoded) return "";
  const place = inBox(u, v, heat.box);
  if (!within(place)) return "no map here";
  const value = pane.map(picture, heat).value(...place, heat);
  const step = (heat.high - heat.low) / 255; // maps come in 256 levels, and what lies beyond them has that of the end
  const beyond = value >= heat.high ? "≥ " : heat.low !== 0 && value <= heat.low ? "≤ " : "";
  const said = Math.abs(value) < step ? "0" : value.toPrecision(2).replace("-", "−");
  return `map ${beyond}${said} ${heat.unit}`.trim();
}

function position({ size, spacing_mm: spacing }, u, v) {
  if (!spacing) return `column ${Math.floor(u * size[0])}, row ${Math.floor(v * size[1])}`;
  return `${(u * size[0] * spacing[1]).toFixed(1)} mm right, ${(v * size[1] * spacing[0]).toFixed(1)} mm down`;
}
