"use strict";
(() => {
  const $ = id => document.getElementById(id);
  const index = JSON.parse($("index").textContent), LABELS = index.labels, BODY = 0, OTHER = LABELS.indexOf("other");
  const COLOURS = LABELS.map(label => "h-" + label);
  const CHUNK = 50;  // rows that the browser lays out together, or not at all where they are out of sight
  const LINE_ENDS = /[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;  // escaped in JSON lines: what else ends or reorders a line
  const store = "boilerstrip-report-" + index.key;
  const loaded = new Map();      // page number -> its data
  const thresholds = new Map();  // page number -> threshold chosen with the slider
  const corrections = restored();  // page number -> Map(block number -> {label, keep})
  let page = null, number = -1;  // the page on show
  let view = null;               // its elements and counts
  const shown = new Set(), fates = new Set();  // filters: labels, fates
  let needle = "";

  // ---- decisions: the same as Result.at ----------------------------

  const made = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  function data(n) {
    if (!loaded.has(n)) {
      const p = JSON.parse($("page-" + n).textContent);
      p.order = Uint32Array.from(p.story.keys()).sort((a, b) => p.story[a] - p.story[b]);
      p.sorted = Float64Array.from(p.order, k => p.story[k]);
      p.keep = new Set(p.keep);
      loaded.set(n, p);
    }
    return loaded.get(n);
  }

  function decided(p, k, threshold) {
    let label = !p.noStory && p.story[k] >= threshold ? BODY : p.other[k];
    let keep = !p.noStory && (label === BODY || p.keep.has(label));
    if (k in p.fixed) {
      keep = p.fixed[k];
      label = keep ? BODY : label === BODY ? p.other[k] : label;
    }
    return {label, keep};
  }

  const correctionsOf = n => corrections.get(n) ?? corrections.set(n, new Map()).get(n);
  const current = k => correctionsOf(number).get(k) ?? decided(page, k, view.threshold);
  const confidence = (k, label) => label === BODY ? page.story[k] : (1 - page.story[k]) * page.otherConfidence[k];

  // ---- a page ----------------------------

  function open(n) {
    page = data(n);
    number = n;
    const facts = index.pages[n], count = page.text.length;
    view = {threshold: thresholds.get(n) ?? page.threshold, rows: [], chunks: [], pieces: [], paragraphs: [], owner: new Uint32Array(count), left: null,
      label: new Int8Array(count).fill(-1), keep: new Uint8Array(count), kept: 0, words: 0, selected: -1, counts: new Uint32Array(LABELS.length), lower: null};
    $("where").replaceChildren(made("b", "", facts.name), document.createTextNode(facts.error !== null ? ` · ${facts.error}` :
      ` · ${facts.verdict === "story" ? "has a story" : "has no story of its own: nothing is kept, whatever the threshold"} (${percent(facts.confidence)})`
      + ` · ${facts.type} · model ${facts.model}`));
    document.title = facts.name + " · boilerstrip report";
    const list = document.createDocumentFragment(), story = document.createDocumentFragment();
    for (let k = 0; k < count; k++) {
      if (k % CHUNK === 0) {
        view.chunks.push({element: made("div", "chunk"), shown: Math.min(CHUNK, count - k)});
        view.chunks.at(-1).element.setAttribute("role", "presentation");
        list.append(view.chunks.at(-1).element);
      }
      view.chunks.at(-1).element.append(row(k));
      if (k === 0 || page.joint[k].includes("\n")) {
        const paragraph = made("p", k && page.joint[k] === "\n\n" ? "gap off" : "off");
        paragraph.dir = "auto";
        view.paragraphs.push({element: paragraph, kept: 0});
        story.append(paragraph);
      }
      view.owner[k] = view.paragraphs.length - 1;
      const piece = made("span", "piece off", (page.joint[k] === " " ? " " : "") + (page.told[k] ?? page.text[k]));
      piece.dataset.k = k;
      view.pieces.push(piece);
      view.paragraphs[view.owner[k]].element.append(piece);
    }
    for (let k = 0; k < count; k++) refresh(k);
    $("list").replaceChildren(list);
    $("story").replaceChildren(story);
    $("list").scrollTop = $("story").scrollTop = 0;
    shares();
    filters();
    showThreshold();
    search();
    select(-1);
    tell();
  }

  const percent = p => Math.round(100 * p) + " %";

  function row(k) {
    const element = made("div", "block");
    element.id = "b" + k;
    element.dataset.k = k;
    element.setAttribute("role", "option");
    element.setAttribute("aria-selected", "false");
    const chip = made("span", "chip"), bar = made("span", "bar"), fill = made("i"), text = made("span", "text"), fate = made("span", "vh");
    bar.append(fill);
    bar.setAttribute("aria-hidden", "true");
    text.dir = "auto";
    text.append(document.createTextNode(page.text[k]));
    element.append(chip, fate, bar, text);
    element.title = hint(k);
    view.rows.push({element, chip, fill, fate});
    return element;
  }

  function reasonsOf(k) {
    return [["model", BODY, page.model[k]], ...(page.hits[k] ?? [])];
  }

  function hint(k) {
    return reasonsOf(k).map(([source, label, weight]) => `${source} ${signed(weight)} for ${source === "model" ? "the story" : LABELS[label]}`).join("\n");
  }

  const signed = x => (x < 0 ? "−" : "+") + Math.abs(x).toFixed(2);

  /** Brings one block's row and piece up to date; cheap where nothing changed. */
  function refresh(k) {
    const {label, keep} = current(k), {element, chip, fill, fate} = view.rows[k], corrected = correctionsOf(number).has(k);
    if (label !== view.label[k]) {
      if (view.label[k] >= 0) view.counts[view.label[k]]--;
      view.counts[label]++;
      chip.textContent = LABELS[label];
      view.label[k] = label;
      fill.style.setProperty("--p", Math.round(100 * confidence(k, label)));
    }
    const before = view.keep[k], paragraph = view.paragraphs[view.owner[k]];
    if (before !== +keep) {
      view.keep[k] = +keep;
      const step = keep ? 1 : -1;
      view.kept += step;
      view.words += step * page.words[k];
      paragraph.kept += step;
      view.pieces[k].classList.toggle("off", !keep);
      if (paragraph.kept === +keep) paragraph.element.classList.toggle("off", !keep);
    }
    const className = `block ${COLOURS[label]}${keep ? "" : " out"}${corrected ? " corrected" : ""}${k === view.selected ? " sel" : ""}`;
    if (element.className !== className) {
      element.className = className;
      fate.textContent = `${corrected ? "corrected, " : ""}${keep ? "kept" : "removed"}, ${percent(confidence(k, label))}: `;
    }
    hide(k, !passes(k));
  }

  function hide(k, hidden) {
    const element = view.rows[k].element, chunk = view.chunks[Math.floor(k / CHUNK)];
    if (element.hidden === hidden) return;
    element.hidden = hidden;
    chunk.shown += hidden ? -1 : 1;
    chunk.element.hidden = chunk.shown === 0;
  }

  function setThreshold(t) {
    const at = x => { let a = 0, b = page.sorted.length; while (a < b) { const m = (a + b) >> 1; page.sorted[m] < x ? a = m + 1 : b = m; } return a; };
    const [a, b] = [at(view.threshold), at(t)].sort((x, y) => x - y);
    view.threshold = t;
    thresholds.set(number, t);
    for (let i = a; i < b; i++) refresh(page.order[i]);
    showThreshold();
    countFilters();
    tell();
    about();
  }

  function showThreshold() {
    const slider = $("threshold");
    slider.value = view.threshold;
    slider.disabled = page.noStory;
    slider.setAttribute("aria-valuetext", view.threshold.toFixed(2));
    $("value").textContent = view.threshold.toFixed(2);
    $("reset").disabled = view.threshold === page.threshold;
    [...$("shares").children].forEach((bar, i, all) => bar.classList.toggle("in", (i + 1) / all.length > view.threshold));
  }

  /** How the page's words are spread over story probabilities. */
  function shares() {
    const bins = new Float64Array(40);
    page.story.forEach((p, k) => bins[Math.min(39, Math.floor(p * 40))] += page.words[k]);
    const most = Math.max(1, ...bins);
    $("shares").replaceChildren(...Array.from(bins, count => {
      const bar = made("i");
      bar.style.height = (count ? 8 + 92 * Math.sqrt(count / most) : 0) + "%";
      return bar;
    }));
  }

  function tell() {
    const visible = view.rows.length && (needle || shown.size || fates.size) ? `, ${view.rows.filter(r => !r.element.hidden).length} shown` : "";
    $("status").textContent = `${view.kept} of ${view.rows.length} blocks kept, ${view.words.toLocaleString("en")} words${visible}`;
    $("none").hidden = !view.rows.length || view.rows.some(r => !r.element.hidden);
  }

  // ---- filters and search ----------------------------

  const FATES = {kept: k => view.keep[k] === 1, removed: k => view.keep[k] === 0, doubtful: doubtful, corrected: k => correctionsOf(number).has(k)};

  function doubtful(k) {
    return Math.abs(logit(page.story[k]) - logit(view.threshold)) < 1.5;
  }

  const logit = p => Math.log((p + 1e-6) / (1 - p + 1e-6));

  function passes(k) {
    if (shown.size && !shown.has(view.label[k])) return false;
    for (const fate of fates) if (!FATES[fate](k)) return false;
    return !needle || view.lower[k].includes(needle);
  }

  function filters() {
    const chosen = new Set([...$("filters").querySelectorAll("[aria-pressed=true]")].map(b => b.dataset.name));
    const button = (name, className, set, value) => {
      const element = made("button", className);
      element.type = "button";
      element.dataset.name = name;
      element.append(name + " ", made("b", "", ""));
      element.setAttribute("aria-pressed", chosen.has(name));
      element.onclick = () => {
        const on = !set.delete(value) && !!set.add(value);
        element.setAttribute("aria-pressed", on);
        refilter();
      };
      return element;
    };
    $("filters").replaceChildren(...Object.keys(FATES).map(name => button(name, "plain", fates, name)),
      ...LABELS.map((name, n) => button(name, "chip " + COLOURS[n], shown, n)));
    countFilters();
  }

  function countFilters() {
    const corrected = correctionsOf(number).size;
    for (const element of $("filters").children) {
      const name = element.dataset.name, label = LABELS.indexOf(name);
      const count = label >= 0 ? view.counts[label] : name === "kept" ? view.kept : name === "removed" ? view.rows.length - view.kept
        : name === "corrected" ? corrected : null;
      element.lastChild.textContent = count === null ? "" : count;
      element.hidden = label >= 0 && !count && !shown.has(label);
    }
  }

  function refilter() {
    for (let k = 0; k < view.rows.length; k++) hide(k, !passes(k));
    tell();
  }

  function search() {
    needle = $("search").value.toLowerCase();
    if (needle && !view.lower) view.lower = page.text.map(text => text.toLowerCase());
    refilter();
    if (!("highlights" in CSS)) return;
    CSS.highlights.delete("find");
    if (!needle) return;
    const found = new Highlight();
    for (const {element} of view.rows) {
      if (element.hidden || found.size > 2000) continue;
      const node = element.lastChild.lastChild, text = node.data.toLowerCase();
      if (text.length !== node.data.length) continue;
      for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + needle.length);
        found.add(range);
      }
    }
    CSS.highlights.set("find", found);
  }

  // ---- one block ----------------------------

  function select(k, scroll = true) {
    const old = view.selected;
    view.selected = k;
    if (old >= 0) {
      refresh(old);
      view.rows[old].element.setAttribute("aria-selected", "false");
      view.pieces[old].classList.remove("sel");
    }
    if (k < 0) {
      $("list").removeAttribute("aria-activedescendant");
    } else {
      refresh(k);
      view.rows[k].element.setAttribute("aria-selected", "true");
      view.pieces[k].classList.add("sel");
      $("list").setAttribute("aria-activedescendant", "b" + k);
    }
    about();
    if (k >= 0 && scroll) {
      view.rows[k].element.scrollIntoView({block: "nearest"});
      if (view.keep[k]) view.pieces[k].scrollIntoView({block: "nearest"});
    }
  }

  function about() {
    const k = view.selected;
    $("about").hidden = k < 0;
    if (k < 0) return;
    const {label, keep} = current(k), corrected = correctionsOf(number).has(k);
    $("about-label").textContent = LABELS[label];
    $("about-label").className = "chip " + COLOURS[label];
    $("about-fate").textContent = (keep ? "Kept" : "Removed") + (corrected ? " by your correction" : k in page.fixed ? " by a rule" : "");
    $("about-figures").textContent = `story ${page.story[k].toFixed(2)} · confidence ${confidence(k, label).toFixed(2)}`;
    $("about-path").textContent = page.path ? " · " + page.path[k] : "";
    $("about-reasons").replaceChildren(...reasonsOf(k).map(([source, reason, weight]) => {
      const item = made("li", "", source + " ");
      item.append(made("b", "", signed(weight)), ` for ${source === "model" ? "the story" : LABELS[reason]}`);
      return item;
    }));
    $("label").value = label;
    $("undo").disabled = !corrected;
  }

  /** A correction of the selected block; null takes it back. */
  function correct(change) {
    const k = view.selected;
    if (k < 0) return;
    const mine = correctionsOf(number);
    change === null ? mine.delete(k) : mine.set(k, change);
    refresh(k);
    countFilters();
    tell();
    about();
    countCorrections();
    save();
  }

  const keepIt = () => correct({label: BODY, keep: true});
  function removeIt() {
    const k = view.selected;
    if (k >= 0) correct({label: view.label[k] === BODY ? (page.other[k] === BODY ? OTHER : page.other[k]) : view.label[k], keep: false});
  }
  const relabel = label => correct({label, keep: label === BODY || page.keep.has(label)});

  function move(step, wanted = () => true) {
    const count = view.rows.length, direction = Math.sign(step);
    let k = view.selected, last = k;
    if (k < 0 && step < 0) k = count;
    for (let left = Math.abs(step); left > 0;) {
      k += direction;
      if (k < 0 || k >= count) break;
      if (!view.rows[k].element.hidden && wanted(k)) { last = k; left--; }
    }
    if (last >= 0 && last !== view.selected) select(last);
  }

  // ---- corrections ----------------------------

  function restored() {
    try {
      const rows = JSON.parse(localStorage.getItem(store) ?? "[]");
      const sound = (n, [k, c]) => k >= 0 && k < index.pages[n].blocks && LABELS[c.label] !== undefined && typeof c.keep === "boolean";
      return new Map(rows.filter(([n]) => n in index.pages).map(([n, blocks]) => [n, new Map(blocks.filter(b => sound(n, b)))]));
    } catch { return new Map(); }
  }

  function save() {
    try { localStorage.setItem(store, JSON.stringify([...corrections].filter(([, m]) => m.size).map(([n, m]) => [n, [...m]]))); } catch { /* then only until the page is left */ }
  }

  function countCorrections() {
    const count = [...corrections.values()].reduce((sum, m) => sum + m.size, 0);
    $("corrected").textContent = count === 0 ? "No corrections" : count === 1 ? "1 correction" : `${count} corrections`;
    $("copy").disabled = $("download").disabled = count === 0;
  }

  /** All corrections as JSON lines; the text of a page stands in its first one. */
  function exported() {
    const lines = [], whole = $("with-raw").checked;
    for (const [n, blocks] of [...corrections].sort((a, b) => a[0] - b[0])) {
      const p = data(n), facts = index.pages[n];
      let first = true;
      for (const [k, {label, keep}] of [...blocks].sort((a, b) => a[0] - b[0])) {
        const line = {page: facts.name, text: p.text[k], start: p.start[k], end: p.end[k], label: LABELS[label], keep,
          was: {label: LABELS[p.label[k]], keep: !!p.kept[k], story: p.story[k], model: facts.model}, raw_sha256: facts.sha256};
        if (p.path) line.path = p.path[k];
        if (whole && first && p.gap) line.raw = p.text.map((text, i) => p.gap[i] + text).join("") + p.tail;
        first = false;
        lines.push(JSON.stringify(line).replace(LINE_ENDS, c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0")) + "\n");
      }
    }
    return lines.join("");
  }

  function download() {
    const link = made("a");
    link.href = URL.createObjectURL(new Blob([exported()], {type: "application/jsonl"}));
    link.download = "corrections.jsonl";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  async function copy() {
    const text = exported();
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = made("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
    }
    $("copy").textContent = done ? "Copied" : "Could not copy";
    setTimeout(() => { $("copy").textContent = "Copy"; }, 1500);
  }

  // ---- many pages ----------------------------

  function showIndex() {
    document.title = "boilerstrip report";
    $("where").textContent = `${index.pages.length} pages`;
    $("pages").replaceChildren(...index.pages.map((facts, n) => {
      const line = made("tr"), name = made("td"), link = made("a", "", facts.name);
      link.href = "#p" + (n + 1);
      name.append(link);
      if (facts.title || facts.error) name.append(made("small", "", facts.error ?? facts.title));
      line.append(name, made("td", "", (facts.verdict === "story" ? "story" : "no story") + ` (${percent(facts.confidence)})`), made("td", "", facts.type));
      for (const count of [facts.kept, facts.blocks, facts.doubtful, corrections.get(n)?.size ?? 0]) line.append(made("td", "n", count));
      return line;
    }));
  }

  function route() {
    const asked = /^#p(\d+)$/.exec(location.hash), many = index.pages.length > 1;
    if (["#list", "#story"].includes(location.hash) && view) return;
    const n = asked ? Math.min(Math.max(asked[1] - 1, 0), index.pages.length - 1) : many ? -1 : 0;
    $("index-view").hidden = n >= 0;
    $("page-view").hidden = n < 0;
    $("pager").hidden = !many || n < 0;
    $("filters").hidden = n < 0;
    document.querySelector(".tools").hidden = n < 0;
    if (n < 0) return showIndex();
    $("back").disabled = n === 0;
    $("next").disabled = n === index.pages.length - 1;
    if (n !== number || !view) open(n);
  }

  // ---- events ----------------------------

  $("threshold").addEventListener("input", event => setThreshold(+event.target.value));
  $("reset").onclick = () => setThreshold(page.threshold);
  $("search").addEventListener("input", search);
  $("help").onclick = () => { $("keys").hidden = !$("keys").hidden; $("help").setAttribute("aria-expanded", !$("keys").hidden); };
  $("download").onclick = download;
  $("copy").onclick = copy;
  $("keep").onclick = keepIt;
  $("remove").onclick = removeIt;
  $("undo").onclick = () => correct(null);
  $("label").append(...LABELS.map((name, n) => new Option(name, n)));
  $("label").addEventListener("change", event => relabel(+event.target.value));
  $("label").addEventListener("keydown", event => { if (event.key === "Enter" || event.key === "Escape") { event.preventDefault(); $("list").focus(); } });
  $("all").onclick = () => { location.hash = ""; };
  $("back").onclick = () => { location.hash = "p" + number; };
  $("next").onclick = () => { location.hash = "p" + (number + 2); };
  for (const pane of ["list", "story"]) {
    $(pane).addEventListener("click", event => {
      const k = event.target.closest("[data-k]")?.dataset.k;
      if (k !== undefined && String(getSelection()) === "") { select(+k); if (pane === "list") $("list").focus({preventScroll: true}); }
    });
  }
  const keys = {ArrowDown: () => move(1), ArrowUp: () => move(-1), PageDown: () => move(15), PageUp: () => move(-15), d: () => move(1, doubtful),
    Home: () => { select(-1); move(1); }, End: () => { select(-1); move(-1); }, s: keepIt, x: removeIt, u: () => correct(null),
    l: () => { if (view.selected >= 0) $("label").focus(); }};
  $("list").addEventListener("keydown", event => {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  addEventListener("hashchange", route);
  countCorrections();
  route();
})();
