// Keeps the page true without a reload: every event, and a look every half minute, fetch the list anew.
// What the server sent is already escaped; this script never makes markup of its own.
"use strict";
(() => {
  const LOOK_MS = 30000, GATHER_MS = 300, LIMIT_MS = 6000;
  const list = document.getElementById("list"), live = document.getElementById("live"), said = document.getElementById("said");
  const heading = document.title;
  const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const day = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
  const full = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "long" });
  let pending = 0, busy = false, again = false, wanted = "", looked = new Date(), events = null;

  function span(seconds) {
    const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
    let left = Math.max(0, Math.round(seconds)), said = [];
    for (const [unit, size] of units) {
      if (left >= size) { said.push(Math.floor(left / size) + " " + unit); left %= size; }
      else if (said.length) break;
      if (said.length === 2) break;
    }
    return said.join(" ") || "0 s";
  }

  const ago = (away) => away < -1 ? "in " + span(-away) : span(away) + " ago";
  const PHRASES = {
    "": ago,
    "checked": (away) => "checked " + ago(Math.max(0, away)),
    "since": (away) => "for " + span(away),
    "next try": (away) => away < 0 ? "next try " + ago(away) : "next try is due",
  };

  function tellTimes(root) {
    const now = Date.now();
    for (const time of root.querySelectorAll("time")) {
      const moment = new Date(time.dateTime), away = (now - moment) / 1000;
      const text = PHRASES[time.dataset.word || ""](away);
      if (time.textContent !== text) time.textContent = text;
      if (!time.title) time.title = full.format(moment);
    }
  }

  function tellAge(trouble) {
    live.className = trouble ? "live trouble" : "live";
    const at = (Date.now() - looked > 86400000 ? day.format(looked) + " " : "") + clock.format(looked);
    const text = trouble ? trouble + " What you see is of " + at + "." : "up to date, " + at;
    if (live.textContent !== text) live.textContent = text;
  }

  function narrow() {
    const field = document.getElementById("filter");
    if (!field) return;
    field.closest("p").hidden = false;
    const word = field.value.trim().toLowerCase();
    wanted = field.value;
    let shown = 0;
    for (const mount of list.querySelectorAll(".mount")) {
      mount.hidden = word !== "" && !mount.textContent.toLowerCase().includes(word);
      shown += mount.hidden ? 0 : 1;
    }
    for (const group of list.querySelectorAll(".group")) group.hidden = !group.querySelector(".mount:not([hidden])");
    field.closest("p").querySelector("output").textContent = word === "" ? "" : shown + " found";
  }

  // Where the reader is: what has the focus, and where on the screen it stands. Read before anything is moved.
  function place() {
    const focused = document.activeElement, row = focused && focused.closest(".mount");
    return {
      caret: focused && focused.id === "filter" ? focused.selectionStart : null,
      name: row ? row.dataset.name : null,
      top: row ? row.getBoundingClientRect().top : 0,
      open: new Set([...list.querySelectorAll(".mount details[open]")].map((one) => one.closest(".mount").dataset.name)),
    };
  }

  function putBack(before) {
    const field = document.getElementById("filter");
    if (field) {
      field.value = wanted;
      field.closest("p").hidden = false;
      if (before.caret !== null) { field.focus({ preventScroll: true }); field.setSelectionRange(before.caret, before.caret); }
    }
    for (const mount of list.querySelectorAll(".mount")) {
      if (before.open.has(mount.dataset.name)) mount.querySelector("details").open = true;
      if (before.name === mount.dataset.name) {
        mount.querySelector("summary").focus({ preventScroll: true });
        window.scrollBy({ top: mount.getBoundingClientRect().top - before.top, behavior: "instant" });
      }
    }
  }

  // A mount that is as it was keeps its element, and with it a selection of text.
  let made = new Map();
  function exchange(fresh) {
    const before = place(), old = made;
    made = new Map();
    for (const mount of fresh.querySelectorAll(".mount")) {
      const name = mount.dataset.name, html = mount.outerHTML, kept = old.get(name);
      const element = kept && kept.html === html ? kept.element : document.adoptNode(mount.cloneNode(true));
      made.set(name, { html, element });
      mount.replaceWith(element);
    }
    list.replaceChildren(...fresh.body.childNodes);
    putBack(before);
  }

  let shown = null;
  async function look() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch("/mounts.html", { cache: "no-store", signal: AbortSignal.timeout(LIMIT_MS) });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      looked = new Date();
      if (text !== shown) {
        shown = text;
        exchange(new DOMParser().parseFromString(text, "text/html"));
        dress();
      }
      tellAge("");
    } catch (error) {
      tellAge("No connection to this page's server.");
    }
    busy = false;
    if (again) { again = false; soon(); }
  }

  function dress() {
    tellTimes(list);
    narrow();
    const verdict = list.querySelector("[data-title]");
    document.title = verdict ? verdict.dataset.title + " \u2013 " + heading : heading;
    // Heard by a screen reader, and only when it is news.
    if (verdict && said.textContent !== verdict.textContent) said.textContent = verdict.textContent;
  }

  function soon() {
    if (!pending) pending = setTimeout(() => { pending = 0; look(); }, GATHER_MS);
  }

  function listen() {
    events = new EventSource("/events");
    for (const kind of ["open", "changed", "daemon"]) events.addEventListener(kind, soon);
    events.addEventListener("error", () => {
      // Closed for good, as when too many listen: the look every half minute goes on.
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, LOOK_MS);
      soon();
    });
  }

  list.addEventListener("input", (event) => { if (event.target.id === "filter") narrow(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  setInterval(() => tellTimes(list), 1000);
  setInterval(() => { if (!document.hidden) look(); }, LOOK_MS);
  for (const mount of list.querySelectorAll(".mount")) made.set(mount.dataset.name, { html: mount.outerHTML, element: mount });
  dress();
  tellAge("");
  listen();
})();
