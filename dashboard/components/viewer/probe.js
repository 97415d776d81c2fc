// What lies under the pointer, in words.

// Digits of a gray value that 16 bits can tell apart.
const grayDigits = ({ low, high }) => Math.max(0, Math.min(3, Math.floor(-Math.log10((high - low) / 65535))));

const inBox = (u, v, [x0, y0, x1, y1]) => [(u - x0) / (x1 - x0), (v - y0) / (y1 - y0)];

const within = ([x, y]) => x >= 0 && x < 1 && y >= 0 && y < 1;

// "Clean 129.00, perturbed 129.40 gray levels · map 0.312 logits · 34.2 mm right, 12.8 mm down"
function reading(pane, siblings, u, v) {
  if (!within([u, v])) return "";
  const { scene, frame } = pane;
  const values = siblings.map((other, i) => valueOf(other, u, v, siblings.length > 1 ? naming(other.scene.title, i) : "")).filter(Boolean);
  if (values.length && siblings.some((other) => other.gray)) values.push(`${values.pop()} ${frame.window.unit}`.trim());
  return [values.join(", "), heatOf(scene.heat, u, v), position(frame, u, v)].filter(Boolean).join(" · ");
}

const naming = (title, i) => `${i ? title.toLowerCase() : title} `;

function valueOf({ scene: { picture }, frame }, u, v, name) {
  if (!picture?.decoded || !picture.smooth) return "";
  const place = inBox(u, v, picture.box);
  if (!within(place)) return "";
  const said = picture.packed
    ? picture.decoded.value(...place, frame.window).toFixed(grayDigits(frame.window))
    : ["R", "G", "B"].map((letter, i) => `${letter} ${picture.decoded.value(...place)[i]}`).join(" ");
  return name + said;
}

function heatOf(heat, u, v) {
  if (!heat?.decoded) return "";
  const place = inBox(u, v, heat.box);
  if (!within(place)) return "no map here";
  const value = heat.decoded.value(...place, heat);
  const step = (heat.high - heat.low) / 255; // maps come in 256 levels, and what lies beyond them has that of the end
  const beyond = value >= heat.high ? "≥ " : heat.signed && value <= heat.low ? "≤ " : "";
  const said = Math.abs(value) < step ? "0" : value.toPrecision(2).replace("-", "−");
  return `map ${beyond}${said} ${heat.unit}`.trim();
}

function position({ size, spacing_mm: spacing }, u, v) {
  if (!spacing) return `column ${Math.floor(u * size[0])}, row ${Math.floor(v * size[1])}`;
  return `${(u * size[0] * spacing[1]).toFixed(1)} mm right, ${(v * size[1] * spacing[0]).toFixed(1)} mm down`;
}
