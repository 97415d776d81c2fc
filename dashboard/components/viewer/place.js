// Where a case lies on a pane: shares of the case <-> device pixels, turned in quarters and mirrored.

const LEAST_ZOOM = 0.2;
const MOST_ZOOM = 60;
const OPPOSITE = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };

class Place {
  set(frame, width, height, camera) {
    const [a, b, c, d] = (this.turn = camera.turn);
    const [row, column] = frame.spacing_mm ?? [1, 1];
    this.w = frame.size[0];
    this.h = (frame.size[1] * row) / column;
    this.fit = Math.min(
      width / (Math.abs(a) * this.w + Math.abs(c) * this.h),
      height / (Math.abs(b) * this.w + Math.abs(d) * this.h),
    );
    const scale = (this.scale = this.fit * camera.zoom);
    this.a = a * scale;
    this.b = b * scale;
    this.c = c * scale;
    this.d = d * scale;
    this.e = Math.round(width / 2 - this.a * this.w * camera.x - this.c * this.h * camera.y);
    this.f = Math.round(height / 2 - this.b * this.w * camera.x - this.d * this.h * camera.y);
    return this;
  }

  // From here on one unit of the canvas is one column of the case.
  apply(context) {
    context.setTransform(this.a, this.b, this.c, this.d, this.e, this.f);
  }

  x(u, v) {
    return this.e + this.a * this.w * u + this.c * this.h * v;
  }

  y(u, v) {
    return this.f + this.b * this.w * u + this.d * this.h * v;
  }

  // Shares of the case that lie between the origin and (dx, dy) of the pane.
  across(dx, dy) {
    return (this.turn[0] * dx + this.turn[1] * dy) / (this.scale * this.w);
  }

  down(dx, dy) {
    return (this.turn[2] * dx + this.turn[3] * dy) / (this.scale * this.h);
  }

  u(x, y) {
    return this.across(x - this.e, y - this.f);
  }

  v(x, y) {
    return this.down(x - this.e, y - this.f);
  }
}

// Never past the edge of the case; a picture smaller than its pane stays in the middle.
function hold(camera) {
  camera.zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, camera.zoom));
  const margin = Math.min(0.5, 0.5 / camera.zoom);
  camera.x = Math.min(1 - margin, Math.max(margin, camera.x));
  camera.y = Math.min(1 - margin, Math.max(margin, camera.y));
}

function pan(camera, place, dx, dy) {
  camera.x -= place.across(dx, dy);
  camera.y -= place.down(dx, dy);
  hold(camera);
}

// What lies under (x, y), counted from the middle of the pane, stays there.
function zoomAbout(camera, place, x, y, factor) {
  const before = camera.zoom;
  camera.zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, before * factor));
  const share = 1 - before / camera.zoom;
  camera.x += share * place.across(x, y);
  camera.y += share * place.down(x, y);
  hold(camera);
}

// by: a quarter turn or a mirror as [a, b, c, d], applied to what is on screen.
function turned(camera, by) {
  const [a, b, c, d] = camera.turn;
  const [p, q, r, s] = by;
  camera.turn = [p * a + r * b, q * a + s * b, p * c + r * d, q * c + s * d];
}

// The anatomical direction of (x, y) on screen.
function direction(orientation, turn, x, y) {
  const along = turn[0] * x + turn[1] * y;
  const down = turn[2] * x + turn[3] * y;
  const letters = along ? orientation[0] : orientation[1];
  return along + down > 0 ? letters : [...letters].map((letter) => OPPOSITE[letter]).join("");
}
