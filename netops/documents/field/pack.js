"use strict";
// Nothing newer than ES2017 and the DOM of its time: the page is opened on whatever phone is at hand.
(() => {
  const pack = JSON.parse(document.getElementById("pack").textContent);
  const words = pack.words;
  const draftKey = "netops-pack-" + pack.pack;
  const CHOICES = ["conform", "partial", "nonconform", "not_applicable", "unchecked"];
  const MOST_PHOTOS = 6, EDGE = 1280;

  // ---- what was filled in so far: item -> {inspector, note, department, department_note, photos}
  const state = { items: {}, names: ["", ""], accompanied: "", place: "", signed_name: "", signature: "" };

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "text") element.textContent = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  };
  const of = (id) => {
    if (!state.items[id]) state.items[id] = { inspector: "", note: "", department: "", department_note: "", photos: [] };
    return state.items[id];
  };
  const refill = (element, children) => {
    while (element.firstChild) element.removeChild(element.firstChild);
    element.append(...children);
  };

  // ---- SHA-256 (FIPS 180-4) and HMAC (RFC 2104): old browsers have none for a page out of a file
  const K = [], H0 = [];
  for (let number = 2; K.length < 64; number++) {
    let prime = true;
    for (let by = 2; by * by <= number; by++) if (number % by === 0) { prime = false; break; }
    if (!prime) continue;
    if (H0.length < 8) H0.push((Math.pow(number, 1 / 2) % 1 * 4294967296) | 0);
    K.push((Math.pow(number, 1 / 3) % 1 * 4294967296) | 0);
  }
  const sha256 = (octets) => {
    const length = octets.length, blocks = ((length + 8) >> 6) + 1;
    const padded = new Uint8Array(blocks * 64);
    padded.set(octets);
    padded[length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(length / 536870912));
    view.setUint32(padded.length - 4, (length << 3) >>> 0);
    const hash = H0.slice(), w = new Int32Array(64);
    const turn = (x, by) => (x >>> by) | (x << (32 - by));
    for (let start = 0; start < padded.length; start += 64) {
      for (let i = 0; i < 16; i++) w[i] = view.getInt32(start + i * 4);
      for (let i = 16; i < 64; i++) {
        const a = w[i - 15], b = w[i - 2];
        w[i] = (w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
      }
      let [a, b, c, d, e, f, g, h] = hash;
      for (let i = 0; i < 64; i++) {
        const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((word, i) => { hash[i] = (hash[i] + word) | 0; });
    }
    const out = new Uint8Array(32), told = new DataView(out.buffer);
    hash.forEach((word, i) => told.setInt32(i * 4, word));
    return out;
  };
  const hex = (octets) => Array.from(octets, (one) => one.toString(16).padStart(2, "0")).join("");
  const unhex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
  const joined = (a, b) => { const all = new Uint8Array(a.length + b.length); all.set(a); all.set(b, a.length); return all; };
  const hmac = (key, octets) => {
    const pad = (by) => Uint8Array.from({ length: 64 }, (_, i) => (key[i] || 0) ^ by);
    return sha256(joined(pad(0x5c), sha256(joined(pad(0x36), octets))));
  };

  // ---- the draft stays in the browser until it is saved
  let storable = true;
  const keep = () => {
    try { localStorage.setItem(draftKey, JSON.stringify(state)); storable = true; } catch (full) { storable = false; }
    tell();
  };
  try { Object.assign(state, JSON.parse(localStorage.getItem(draftKey) || "{}")); } catch (closed) { storable = false; }

  // ---- items
  const needsNote = (item, given) =>
    given.inspector !== "" && given.note.trim() === "" &&
    (["nonconform", "partial"].includes(given.inspector) || (item.machine && !["unchecked", given.inspector].includes(item.machine.answer)));

  const choices = (name, legend, value, on) => make("fieldset", {}, make("legend", { text: legend }),
    ...CHOICES.map((choice) => make("label", { class: "choice" },
      make("input", { type: "radio", name, value: choice, checked: choice === value, onchange: () => on(choice) }), words[choice])));

  const shrunk = (file) => new Promise((resolve, reject) => {
    const url = URL.createObjectURL(file), image = new Image();
    image.onload = () => {
      const scale = Math.min(1, EDGE / Math.max(image.width, image.height));
      const canvas = make("canvas", { width: Math.max(1, Math.round(image.width * scale)), height: Math.max(1, Math.round(image.height * scale)) });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      URL.revokeObjectURL(url);
      resolve(canvas.toDataURL("image/jpeg", 0.7));
    };
    image.onerror = () => { URL.revokeObjectURL(url); reject(new Error(file.name)); };
    image.src = url;
  });

  const card = (item) => {
    const given = of(item.id);
    const fault = make("p", { class: "fault", role: "alert" });
    const photos = make("div", { class: "photos" });
    const showPhotos = () => refill(photos, given.photos.map((photo, place) => make("figure", {},
      make("img", { src: photo.data, alt: photo.name }),
      make("button", { type: "button", text: words.remove, "aria-label": words.remove + " " + photo.name,
        onclick: () => { given.photos.splice(place, 1); showPhotos(); keep(); } }))));
    const box = make("article", { id: "item-" + item.id, "data-answer": given.inspector },
      make("h3", { text: item.id + "  " + item.question }),
      make("p", { class: "quote", text: item.basis + "  " + item.quote }),
      make("p", { class: "machine", text: item.machine
        ? words.machine + words.colon + words[item.machine.answer] + "  " + item.machine.reason + "  " + item.machine.at
        : words.manual }),
      choices("inspector-" + item.id, words.inspector, given.inspector, (choice) => {
        given.inspector = choice; box.dataset.answer = choice; check(); keep();
      }),
      make("label", { class: "line" }, words.note,
        Object.assign(make("textarea", { maxlength: 4000, oninput: (event) => { given.note = event.target.value; check(); keep(); } }), { value: given.note })),
      fault,
      make("label", { class: "line" }, words.photos, make("input", { type: "file", accept: "image/*", capture: "environment", multiple: true,
        onchange: async (event) => {
          for (const file of event.target.files) {
            if (given.photos.length >= MOST_PHOTOS) { fault.textContent = words.many_photos; break; }
            try { given.photos.push({ name: file.name, data: await shrunk(file) }); } catch (none) { fault.textContent = words.no_picture + " " + file.name; }
          }
          event.target.value = ""; showPhotos(); keep();
        } })),
      photos,
      make("details", { open: given.department !== "" }, make("summary", { text: words.department }),
        choices("department-" + item.id, words.department, given.department, (choice) => { given.department = choice; keep(); }),
        make("label", { class: "line" }, words.department_note, Object.assign(
          make("textarea", { maxlength: 4000, oninput: (event) => { given.department_note = event.target.value; keep(); } }), { value: given.department_note }))));
    const check = () => { fault.textContent = needsNote(item, given) ? words.note_needed : ""; };
    check(); showPhotos();
    return box;
  };

  // ---- the page
  document.getElementById("title").textContent = pack.title;
  document.getElementById("about").textContent = pack.about;
  const progress = document.getElementById("progress");
  const tell = () => {
    const answered = pack.items.filter((item) => of(item.id).inspector !== "").length;
    progress.textContent = words.progress.replace("{answered}", answered).replace("{total}", pack.items.length) + (storable ? "" : "  " + words.not_kept);
  };
  const FILTERS = {
    all: () => true,
    open: (item) => of(item.id).inspector === "",
    bad: (item) => ["nonconform", "partial"].includes(of(item.id).inspector || (item.machine && item.machine.answer) || ""),
  };
  const filters = document.getElementById("filters");
  const filter = (name) => {
    for (const item of pack.items) document.getElementById("item-" + item.id).hidden = !FILTERS[name](item);
    for (const button of filters.children) button.setAttribute("aria-pressed", String(button.dataset.name === name));
  };
  filters.append(...Object.keys(FILTERS).map((name) => make("button", { type: "button", "data-name": name, text: words["show_" + name], onclick: () => filter(name) })));
  document.getElementById("items").append(...pack.items.map(card));

  const text = (label, value, on) => make("label", { class: "line" }, label,
    Object.assign(make("input", { type: "text", maxlength: 80, oninput: (event) => { on(event.target.value); keep(); } }), { value }));
  const canvas = make("canvas", { width: 720, height: 200, "aria-label": words.signature });
  const pen = canvas.getContext("2d");
  pen.lineWidth = 3; pen.lineCap = "round"; pen.strokeStyle = "#000";
  let drawing = false;
  const at = (event) => { const box = canvas.getBoundingClientRect(); return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height]; };
  canvas.addEventListener("pointerdown", (event) => { drawing = true; canvas.setPointerCapture(event.pointerId); pen.beginPath(); pen.moveTo(...at(event)); });
  canvas.addEventListener("pointermove", (event) => { if (drawing) { pen.lineTo(...at(event)); pen.stroke(); } });
  const lift = () => { if (drawing) { drawing = false; state.signature = canvas.toDataURL("image/png"); keep(); } };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  if (state.signature) { const image = new Image(); image.onload = () => pen.drawImage(image, 0, 0); image.src = state.signature; }
  const wipe = () => { pen.clearRect(0, 0, canvas.width, canvas.height); state.signature = ""; keep(); };

  const faults = make("ul", { class: "fault", role: "alert", id: "faults" });
  const problems = () => {
    const found = [];
    const answered = pack.items.filter((item) => of(item.id).inspector !== "" || of(item.id).department !== "");
    if (!answered.length) found.push([words.nothing, null]);
    for (const item of answered) if (needsNote(item, of(item.id))) found.push([item.id + words.colon + words.note_needed, "item-" + item.id]);
    const names = state.names.map((name) => name.trim());
    if (names.some((name) => !name) || names[0] === names[1]) found.push([words.two_names, null]);
    if (!state.signature && !state.signed_name.trim()) found.push([words.no_signature, null]);
    return found;
  };
  const save = () => {
    const found = problems();
    refill(faults, found.map(([told, place]) => make("li", {}, place ? make("a", { href: "#" + place, text: told }) : told)));
    if (found.length) return;
    const answers = [], photos = [];
    for (const item of pack.items) {
      const given = of(item.id);
      if (given.inspector) answers.push({ item: item.id, party: "inspector", answer: given.inspector, note: given.note });
      if (given.department) answers.push({ item: item.id, party: "department", answer: given.department, note: given.department_note });
      for (const photo of given.photos) photos.push({ item: item.id, name: photo.name, data: photo.data });
    }
    const content = JSON.stringify({
      format: "netops field result 1", pack: pack.pack, number: pack.number, saved_at: new Date().toISOString(), answers,
      inspectors: state.names.map((name) => name.trim()), accompanied: state.accompanied.trim(), place: state.place.trim(),
      signed_name: state.signed_name.trim(), signature: state.signature, photos,
    });
    const octets = new TextEncoder().encode(content);
    const file = JSON.stringify({ content, sha256: hex(sha256(octets)), mac: hex(hmac(unhex(pack.key), octets)) });
    state.told = "";
    const url = URL.createObjectURL(new Blob([file], { type: "application/json" }));
    const link = make("a", { href: url, download: pack.number + "-" + pack.pack.slice(0, 8) + ".json" });
    document.body.append(link); link.click(); link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
    saved.textContent = words.saved;
  };
  const saved = make("p", { role: "status", text: state.told || "" });
  const again = (event) => {
    const file = event.target.files[0];
    if (!file) return;
    const read = new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.onerror = reject;
      reader.readAsText(file);
    });
    read.then((saved_text) => {
      const held = JSON.parse(JSON.parse(saved_text).content);
      if (held.pack !== pack.pack) throw new Error("pack");
      let left = 0;
      for (const one of held.answers) {
        const given = of(one.item), side = one.party === "inspector" ? ["inspector", "note"] : ["department", "department_note"];
        if (given[side[0]] === "") { given[side[0]] = one.answer; given[side[1]] = given[side[1]] || one.note; }
        else if (given[side[0]] !== one.answer || given[side[1]] !== one.note) left++;
      }
      for (const { item, name, data } of held.photos) {
        const photos = of(item).photos;
        if (!photos.some((photo) => photo.data === data)) photos.push({ name, data });
      }
      state.names = state.names.map((name, place) => name || held.inspectors[place]);
      for (const name of ["accompanied", "place", "signed_name", "signature"]) state[name] = state[name] || held[name];
      state.told = left ? words.left.replace("{count}", left) : "";
      keep(); location.reload();
    }).catch(() => { saved.textContent = words.not_ours; });
  };
  document.getElementById("end").append(
    make("h2", { text: words.people }),
    text(words.first_inspector, state.names[0], (value) => { state.names[0] = value; }),
    text(words.second_inspector, state.names[1], (value) => { state.names[1] = value; }),
    text(words.accompanied, state.accompanied, (value) => { state.accompanied = value; }),
    text(words.place, state.place, (value) => { state.place = value; }),
    make("h2", { text: words.signature }), make("p", { class: "hint", text: words.signature_hint }), canvas,
    make("button", { type: "button", text: words.wipe, onclick: wipe }),
    text(words.typed_signature, state.signed_name, (value) => { state.signed_name = value; }),
    faults,
    make("p", {}, make("button", { type: "button", class: "main", id: "save", text: words.save, onclick: save })), saved,
    make("label", { class: "line" }, words.open_again, make("input", { type: "file", accept: "application/json,.json", onchange: again })));
  tell(); filter("all");
})();
