// What makes pages pleasanter where scripts run: news, hover, and a form that is sent once. Every page works without it.
import { movable } from "./map.js";

// ---- news: what is marked live is fetched anew when something happened
const events = document.body.dataset.events;
let waiting = 0, fetching = false;
const refresh = async () => {
  waiting = 0;
  if (fetching || document.hidden) return;
  fetching = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live][id]")) {
      const made = fresh.getElementById(old.id);
      if (!made || made.outerHTML === old.outerHTML || old.contains(document.activeElement)) continue;
      made.classList.add("changed");
      old.replaceWith(made);
    }
  } catch { /* the next news tries again */ } finally { fetching = false; }
};
if (events && "EventSource" in window) {
  const news = new EventSource(events);
  news.addEventListener("change", () => { clearTimeout(waiting); waiting = setTimeout(refresh, 400); });
  addEventListener("pagehide", () => news.close());
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}

// ---- hover: what a square or a box says, beside the pointer
const tip = document.createElement("div");
tip.id = "tip"; tip.hidden = true; tip.setAttribute("aria-hidden", "true");
document.body.append(tip);
const told = (at) => at?.dataset?.tip || (at?.matches?.(".matrix a") && at.ariaLabel) || (at?.tagName === "g" && [...at.children].find((one) => one.tagName === "title")?.textContent) || "";
document.addEventListener("pointermove", (event) => {
  const text = event.pointerType === "touch" ? "" : told(event.target.closest?.("[data-tip], .matrix a, svg.nt-map g"));
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const right = event.clientX + 14 + tip.offsetWidth > innerWidth;
  tip.style.left = `${right ? event.clientX - tip.offsetWidth - 10 : event.clientX + 14}px`;
  tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 6)}px`;
}, { passive: true });

// ---- a form is sent once; a choice asks by itself
for (const form of document.querySelectorAll("form[data-once]")) form.addEventListener("submit", () => {
  history.replaceState(null, "", location.href); // the way back leads to the form anew, not to a page that was sent and is gone
  setTimeout(() => { for (const one of form.querySelectorAll("button")) one.disabled = true; });
});
for (const select of document.querySelectorAll("form.ask select")) select.addEventListener("change", () => select.form.requestSubmit());
addEventListener("pageshow", () => { for (const one of document.querySelectorAll("form[data-once] button")) one.disabled = false; });
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) { event.preventDefault(); document.getElementById("q")?.focus(); }
});

for (const frame of document.querySelectorAll(".map-frame")) movable(frame);

// ---- on a phone the rooms lie in one row: the one in which the page lies is in sight
const rooms = document.querySelector(".rooms"), here = rooms?.querySelector("[aria-current]");
if (here && rooms.scrollWidth > rooms.clientWidth) rooms.scrollLeft = here.offsetLeft - (rooms.clientWidth - here.offsetWidth) / 2;

// ---- the past on a slider
for (const form of document.querySelectorAll("form[data-slider]")) {
  const select = form.querySelector("select");
  const slider = document.createElement("input"), label = document.createElement("output");
  slider.type = "range"; slider.min = 0; slider.max = select.options.length - 1; slider.value = select.selectedIndex; slider.step = 1;
  slider.setAttribute("aria-label", select.closest("label").innerText.split("\n")[0]);
  const say = () => { label.value = select.options[slider.value].text; slider.setAttribute("aria-valuetext", label.value); };
  slider.addEventListener("input", say);
  slider.addEventListener("change", () => { select.selectedIndex = slider.value; form.requestSubmit(); });
  say();
  form.append(slider, label);
}
