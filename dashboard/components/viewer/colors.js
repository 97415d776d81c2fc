// Color tables: 256 times red, green, blue.

function bytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

// A table with what it is of and the values at its ends.
function colorBar({ name, low, high, unit }, colors) {
  const line = element("span", { className: "scale" });
  const bar = element("canvas", { width: 256, height: 1 });
  const context = bar.getContext("2d");
  const ramp = context.createImageData(256, 1);
  for (let level = 0; level < 256; level++) ramp.data.set([...colors.subarray(3 * level, 3 * level + 3), 255], 4 * level);
  context.putImageData(ramp, 0, 0);
  line.append(name, element("b", { textContent: low }), bar, element("b", { textContent: high }), unit);
  return line;
}
