// Two pictures under one view: zoom, place and contrast are the same for both, and so is every step of drawing them.

export default function ({ data: [data], parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".pair");
  root.pair ??= new Pair(root);
  root.pair.show(data, (pick) => setTriggerValue("pick", pick));
}

class Pair {
  constructor(root) {
    this.root = root;
    this.canvases = [...root.querySelectorAll("canvas")];
    this.buttons = [...root.querySelectorAll("button")];
    this.view = { x: 0.5, y: 0.5 };
    for (const button of this.buttons) button.onclick = () => this.pick(button.dataset.side);
    for (const input of root.querySelectorAll("input")) input.oninput = () => this.draw();
    for (const canvas of this.canvases) this.looking(canvas);
    root.addEventListener("keydown", (event) => {
      if (["c", "r", "Escape"].includes(event.key)) event.stopPropagation(); // Streamlit's own shortcuts
      const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
      if (!side || event.target.matches("input")) return;
      event.preventDefault();
      if (!event.repeat) this.pick(side);
    });
    new ResizeObserver(() => this.draw()).observe(root);
  }

  show(data, answer) {
    this.answer = answer;
    if (this.data?.number === data.number && this.data.left === data.left) return;
    this.data = data;
    this.since = undefined;
    this.view = { x: 0.5, y: 0.5 };
    this.values = [data.left, data.right].map(values);
    for (const [name, start] of [["zoom", 0], ["contrast", 0], ["level", 128]]) this.input(name).value = start;
    for (const button of this.buttons) button.disabled = false;
    this.root.focus({ preventScroll: true });
    this.draw(() => requestAnimationFrame(() => (this.since = performance.now())));
  }

  pick(side) {
    if (this.since === undefined) return; // not shown yet, or answered
    const milliseconds = performance.now() - this.since;
    this.since = undefined;
    for (const button of this.buttons) button.disabled = true;
    this.answer({ number: this.data.number, side, milliseconds });
  }

  input(name) {
    return this.root.querySelector(`input[name=${name}]`);
  }

  draw(then) {
    cancelAnimationFrame(this.frame);
    this.then = then ?? this.then;
    this.frame = requestAnimationFrame(() => {
      if (!this.data) return;
      const [zoom, contrast] = ["zoom", "contrast"].map((name) => 2 ** Number(this.input(name).value));
      const level = Number(this.input("level").value);
      for (const [name, words] of [["zoom", `${Math.round(100 * zoom)} %`], ["contrast", `× ${round(contrast)}`], ["level", level]]) {
        this.input(name).nextElementSibling.textContent = words;
      }
      const look = table(contrast, level);
      this.canvases.forEach((canvas, i) => this.drawOne(canvas, this.values[i], look, zoom));
      this.then?.();
      this.then = undefined;
    });
  }

  drawOne(canvas, raw, look, zoom) {
    const { width, height, channels } = this.data;
    const ratio = window.devicePixelRatio || 1;
    const size = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (!size[0] || !size[1]) return;
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    const picture = new OffscreenCanvas(width, height);
    const pixels = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = look[raw[channels * i + (channels === 3 ? c : 0)]];
      pixels.data[4 * i + 3] = 255;
    }
    picture.getContext("2d").putImageData(pixels, 0, 0);
    const scale = Math.min(canvas.width / width, canvas.height / height) * zoom;
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = scale < 3;
    const left = canvas.width / 2 - this.view.x * width * scale;
    const top = canvas.height / 2 - this.view.y * height * scale;
    context.drawImage(picture, left, top, width * scale, height * scale);
  }

  looking(canvas) {
    canvas.onpointerdown = (event) => canvas.setPointerCapture(event.pointerId);
    canvas.onpointermove = (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      const { width, height } = this.data;
      const scale = Math.min(canvas.clientWidth / width, canvas.clientHeight / height) * 2 ** Number(this.input("zoom").value);
      this.view.x = Math.min(1, Math.max(0, this.view.x - event.movementX / (width * scale)));
      this.view.y = Math.min(1, Math.max(0, this.view.y - event.movementY / (height * scale)));
      this.draw();
    };
    canvas.onwheel = (event) => {
      event.preventDefault();
      const input = this.input("zoom");
      input.value = Number(input.value) - Math.sign(event.deltaY) * 0.25;
      this.draw();
    };
  }
}

// 16-bit value -> what is shown of it with this contrast around a gray level.
function table(contrast, level) {
  const look = new Uint8ClampedArray(65536);
  const center = contrast === 1 ? 127.5 : level;
  for (let value = 0; value < 65536; value++) look[value] = center + contrast * (value / 257 - center);
  return look;
}

function values(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Uint16Array(bytes.buffer);
}

function round(number) {
  return number < 10 ? Math.round(10 * number) / 10 : Math.round(number);
}
