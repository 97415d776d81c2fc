// Streamlit follows each click on a link to a page within the tab, whatever key is held. And its links in the bar tell
// nothing of what is shown: within the session that is known, a new tab starts a session of its own.

let off; // a change of data calls again, without an end of what was called before

export default function ({ data: [data] }) {
  off?.();
  const linkOf = (event) => event.composedPath().find((part) => part.matches?.(".stPageLink a"));
  const leave = (event) => {
    if (linkOf(event) && (event.ctrlKey || event.metaKey || event.shiftKey)) event.stopPropagation();
  };
  const take = (event) => {
    const link = linkOf(event);
    if (link?.closest(".st-key-pages") && data.pages.includes(link.pathname.split("/").pop())) {
      link.search = data.shown || location.search;
    }
  };
  addEventListener("click", leave, true);
  for (const kind of ["pointerdown", "focusin"]) addEventListener(kind, take, true);
  off = () => {
    removeEventListener("click", leave, true);
    for (const kind of ["pointerdown", "focusin"]) removeEventListener(kind, take, true);
  };
  return off;
}
