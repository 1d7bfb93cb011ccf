// A picture that is moved and made larger: by wheel, fingers, keys and buttons. Only the view box changes, once a frame.
export function movable(frame) {
  const svg = frame.querySelector("svg");
  if (!svg?.viewBox?.baseVal?.width) return;
  const whole = svg.viewBox.baseVal, all = { x: whole.x, y: whole.y, w: whole.width, h: whole.height };
  let view = { ...all }, drawn = 0;
  frame.classList.add("moving");
  frame.tabIndex = 0;
  const draw = () => { drawn = 0; svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`); };
  const show = (to) => { view = to; drawn ||= requestAnimationFrame(draw); };
  const scale = () => Math.max(view.w / svg.clientWidth, view.h / svg.clientHeight);
  const zoom = (by, x = svg.clientWidth / 2, y = svg.clientHeight / 2) => {
    const w = Math.min(Math.max(view.w * by, 200), all.w * 2), k = w / view.w, s = scale();
    const left = (svg.clientWidth - view.w / s) / 2, top = (svg.clientHeight - view.h / s) / 2;
    const px = view.x + (x - left) * s, py = view.y + (y - top) * s;
    show({ x: px - (px - view.x) * k, y: py - (py - view.y) * k, w, h: view.h * k });
  };
  const move = (dx, dy) => { const s = scale(); show({ ...view, x: view.x - dx * s, y: view.y - dy * s }); };
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== frame && !frame.matches(":hover")) return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  const fingers = new Map();
  let dragged = 0;
  frame.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, event); dragged = 0; });
  frame.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    if (fingers.size === 1) {
      const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
      dragged += Math.abs(dx) + Math.abs(dy);
      if (dragged > 5) { frame.setPointerCapture(event.pointerId); move(dx, dy); fingers.set(event.pointerId, event); }
    } else {
      const other = [...fingers.values()].find((one) => one.pointerId !== event.pointerId), box = svg.getBoundingClientRect();
      const was = Math.hypot(before.clientX - other.clientX, before.clientY - other.clientY) || 1;
      const is = Math.hypot(event.clientX - other.clientX, event.clientY - other.clientY) || 1;
      zoom(was / is, (event.clientX + other.clientX) / 2 - box.left, (event.clientY + other.clientY) / 2 - box.top);
      fingers.set(event.pointerId, event);
    }
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) frame.addEventListener(end, (event) => fingers.delete(event.pointerId));
  frame.addEventListener("click", (event) => { if (dragged > 5) event.preventDefault(); }, true);
  frame.addEventListener("dragstart", (event) => event.preventDefault());
  frame.addEventListener("keydown", (event) => {
    const step = 60, keys = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.target !== frame) return;
    if (keys[event.key]) { event.preventDefault(); move(...keys[event.key]); }
    else if (event.key === "+" || event.key === "=") zoom(0.8);
    else if (event.key === "-") zoom(1.25);
    else if (event.key === "0") show({ ...all });
  });
  const tools = document.getElementById(frame.dataset.tools);
  if (!tools) return;
  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const what = event.target.closest("[data-do]")?.dataset.do;
    if (what === "in") zoom(0.7); else if (what === "out") zoom(1.43); else if (what === "whole") show({ ...all });
  });
}
