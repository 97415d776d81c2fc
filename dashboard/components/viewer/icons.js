// Drawn on a grid of 16, in the color of the text.

const ICONS = {
  window: '<circle cx="8" cy="8" r="5.5"/><path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor"/>',
  pan: '<path d="M8 2v12M2 8h12M6 4l2-2 2 2M6 12l2 2 2-2M4 6 2 8l2 2M12 6l2 2-2 2"/>',
  zoom: '<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3.5 3.5"/>',
  length: '<path d="M2.5 13.5 13.5 2.5M1 12l3 3M12 1l3 3"/>',
  rectangle: '<rect x="2.5" y="3.5" width="11" height="9"/>',
  out: '<path d="M3 8h10"/>',
  in: '<path d="M3 8h10M8 3v10"/>',
  invert: '<rect x="2.5" y="2.5" width="11" height="11"/><path d="M2.5 13.5v-11h11z" fill="currentColor"/>',
  right: '<path d="M13 8a5 5 0 1 1-2-4M11 1v3.5H7.5"/>',
  left: '<path d="M3 8a5 5 0 1 0 2-4M5 1v3.5h3.5"/>',
  mirror: '<path d="M8 1.5v13" stroke-dasharray="2 1.5"/><path d="M6 4v8H1.5z"/><path d="M10 4v8h4.5z" fill="currentColor"/>',
  upside: '<path d="M1.5 8h13" stroke-dasharray="2 1.5"/><path d="M4 6h8V1.5z"/><path d="M4 10h8v4.5z" fill="currentColor"/>',
  overlay: '<path d="m8 2 6 3.2-6 3.2-6-3.2z" fill="currentColor"/><path d="m2 8.4 6 3.2 6-3.2M2 11.2l6 3.2 6-3.2"/>',
  contours: '<ellipse cx="8" cy="8" rx="6.5" ry="5.5"/><ellipse cx="8.8" cy="8.4" rx="3.8" ry="3"/><circle cx="9.4" cy="8.6" r=".9"/>',
  cells: '<path d="M2 2h12v12H2zM8 2v12M2 8h12"/><path d="M2 2h6v6H2zM8 8h6v6H8z" fill="currentColor"/>',
  tint: '<path d="M8 1.8c2.7 3 4.3 5 4.3 7.4A4.3 4.3 0 0 1 8 13.6a4.3 4.3 0 0 1-4.3-4.4C3.7 6.8 5.3 4.8 8 1.8z"/><path d="M8 5v8.6a4.3 4.3 0 0 0 4.3-4.4C12.3 7.5 11 6 8 5z" fill="currentColor"/>',
  opacity: '<circle cx="8" cy="8" r="5.5"/><path d="M4.5 11.5l7-7M6.5 13l6.5-6.5M3 9.5l6.5-6.5"/>',
  threshold: '<path d="M2 3v10.5h12M2 9h12" /><path d="M3.5 12 7 6l2.5 4L12.5 4"/>',
  mass: '<ellipse cx="8" cy="8" rx="6.5" ry="5.5"/><ellipse cx="8" cy="8" rx="3.4" ry="2.8" fill="currentColor"/>',
  blink: '<rect x="2" y="2" width="8" height="8"/><rect x="6" y="6" width="8" height="8" fill="currentColor"/>',
  swipe: '<rect x="2" y="3" width="12" height="10"/><path d="M8 1.5v13"/><path d="M8 3h6v10H8z" fill="currentColor"/>',
  all: '<path d="M2 3h12v10H2zM6 3v10M10 3v10M2 8h12"/>',
  pair: '<path d="M2 3h12v10H2zM8 3v10"/>',
  pictures: '<path d="M2 3h12v10H2zM6 3v10M10 3v10"/>',
  one: '<path d="M2 3h12v10H2z"/>',
  area: '<path d="M2 5V2h3M11 2h3v3M14 11v3h-3M5 14H2v-3"/><circle cx="8" cy="8" r="2" fill="currentColor"/>',
  full: '<path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4"/>',
  more: '<circle cx="3" cy="8" r="1.2" fill="currentColor"/><circle cx="8" cy="8" r="1.2" fill="currentColor"/><circle cx="13" cy="8" r="1.2" fill="currentColor"/>',
  remove: '<path d="M3 4h10M6 4V2.5h4V4M4.5 4l.6 9.5h5.8l.6-9.5"/>',
  next: '<path d="M5 3l5 5-5 5"/>',
  reset: '<path d="M3 8a5 5 0 1 0 1.6-3.7M4 1.5v3h3"/>',
};

function icon(name) {
  return `<svg viewBox="0 0 16 16" aria-hidden="true">${ICONS[name]}</svg>`;
}
