// Filter: what the reader wants to see of tables, of the overview and of charts.
//
// - [data-words] is a scope (a section, a panel): the words are what the reader may type for all
//   that is in it. A scope in which nothing is left is hidden.
// - [data-case] is a case, of the variant data-variant. It is shown if its variant is ticked, and if
//   each word typed is in its variant or in the words of a scope around it, a number as a whole.
// - Any other [data-variant] (a mark of a chart, a row of another table) is shown if its scope has
//   a case of that variant shown; outside of all scopes, if the page has.
// - [data-of=ID] follows the scope of the element with that id, wherever it stands itself.
// - The columns of a table are variants where its header cells have data-variant.
//
// A scope, and what follows it, gets the attribute data-without: the numbers of the variants that
// it does not show. A style sheet made here says what that hides, so that a page of a hundred
// thousand marks is filtered by a few attributes. The filter is kept in the address, after a "?":
// #method?text=…&without=…

const field = document.querySelector("#filter");
const main = document.querySelector("main");
const count = document.querySelector("#count");
const ticked = document.querySelector("#ticked");
const ticks = [...document.querySelectorAll(".filter input[type=checkbox]")];
const numbers = new Map(ticks.map((tick, number) => [tick.value, number]));
const PAUSE = 90; // milliseconds after a key, so that quick typing is filtered once
const FEW = 4; // panels that are opened when no more than these are left

// Says what data-without hides. Marks of charts stay faintly: they are what the axes are made for.
function addStyles() {
  const rules = [];
  for (const [variant, number] of numbers) {
    const without = `[data-without~="${number}"]`;
    const own = `[data-variant="${CSS.escape(variant)}"]`;
    rules.push(`${without} ${own}, ${without}${own} { display: none; }`);
    rules.push(`${without} svg ${own} { display: inline; opacity: 0.13; }`);
  }
  for (const header of document.querySelectorAll("thead th[data-variant]")) {
    const without = `[data-without~="${numbers.get(header.dataset.variant)}"]`;
    const cell = `:nth-child(${header.cellIndex + 1})`;
    const table = header.closest("table");
    table.dataset.columns ??= document.querySelectorAll("table[data-columns]").length;
    const columns = `table[data-columns="${table.dataset.columns}"]`;
    rules.push(`body${without} ${columns} tr:not(.fixed) > ${cell} { display: none; }`);
    rules.push(`${columns} ${without} > ${cell} { visibility: hidden; }`);
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules.join("\n"));
  document.adoptedStyleSheets.push(sheet);
}

function makeScope(element, parent) {
  const words = (element.dataset.words ?? "").toLowerCase();
  return { element, parent, words, cases: [], followers: [], holdsCases: false };
}

// Reads the page, once, when it is first filtered; its scopes come before those inside of them.
function readPage() {
  const root = makeScope(document.body, null);
  const scopes = new Map([[document.body, root]]);
  const around = (element) => scopes.get(element?.closest("[data-words]")) ?? root;
  for (const element of document.querySelectorAll("[data-words]")) {
    scopes.set(element, makeScope(element, around(element.parentElement)));
  }
  for (const element of document.querySelectorAll("[data-of]")) {
    around(document.getElementById(element.dataset.of)).followers.push(element);
  }
  for (const element of document.querySelectorAll("[data-case]")) {
    const scope = around(element);
    scope.cases.push(element.dataset.variant);
    for (let holder = scope; holder && !holder.holdsCases; holder = holder.parent) {
      holder.holdsCases = true;
    }
  }
  // Where no case is, as about a chart, there might be one of each of its marks, or of any variant:
  // the words decide.
  for (const scope of scopes.values()) {
    if (!scope.holdsCases) {
      const marks = [...scope.element.querySelectorAll("[data-variant]")];
      scope.cases = marks.length > 0 ? marks.map((mark) => mark.dataset.variant) : [...numbers.keys()];
    }
  }
  addStyles();
  return [...scopes.values()];
}

let scopes = null; // as made above, with what they show: {shown, open, hidden}
const openedHere = new Set();

function wanted() {
  return {
    typed: field.value.toLowerCase().split(/\s+/).filter(Boolean),
    off: new Set(ticks.filter((tick) => !tick.checked).map((tick) => tick.value)),
  };
}

// Returns what tells whether a word is in a text. A number is looked for as a whole: 0.9 is not 0.99.
function finder(word) {
  if (/^\d[\d.]*$/.test(word)) {
    const digits = word.replaceAll(".", String.raw`\.`);
    const whole = new RegExp(String.raw`(?<![\d.])${digits}(?!\d|\.\d)`);
    return (text) => whole.test(text);
  }
  return (text) => text.includes(word);
}

// Sets what each scope shows, and returns how many cases that are of how many.
function decide({ typed, off }) {
  const tally = { shown: 0, all: 0 };
  const finders = typed.map(finder);
  for (const scope of scopes) {
    scope.shown = new Set();
    // What its own words and those around it have not answered yet.
    scope.open = (scope.parent?.open ?? finders).filter((finds) => !finds(scope.words));
    scope.hidden = true;
  }
  for (const scope of scopes) {
    const shown = scope.cases.filter(
      (variant) => !off.has(variant) && scope.open.every((finds) => finds(variant.toLowerCase())),
    );
    if (scope.holdsCases) {
      tally.all += scope.cases.length;
      tally.shown += shown.length;
    }
    for (let holder = shown.length > 0 ? scope : null; holder; holder = holder.parent) {
      holder.hidden = false;
      for (const variant of shown) {
        holder.shown.add(variant);
      }
    }
  }
  return tally;
}

function draw({ typed, off }) {
  const isAll = typed.length === 0 && off.size === 0;
  for (const scope of scopes) {
    const missing = isAll ? [] : [...numbers].filter(([variant]) => !scope.shown.has(variant));
    const without = missing.map(([, number]) => number).join(" ");
    for (const element of [scope.element, ...scope.followers]) {
      if ((element.dataset.without ?? "") !== without) {
        element.dataset.without = without;
      }
      if (element !== document.body && element.hidden !== scope.hidden) {
        element.hidden = scope.hidden;
      }
    }
  }
}

// What is found in closed panels is shown, where it is little; what was opened so is closed again.
function openFew(typed) {
  const left = scopes.filter((scope) => scope.element.tagName === "DETAILS" && !scope.hidden);
  const found = typed.length > 0 && left.length <= FEW ? left.map((scope) => scope.element) : [];
  for (const panel of openedHere) {
    if (!found.includes(panel)) {
      panel.open = false;
      openedHere.delete(panel);
    }
  }
  for (const panel of found.filter((each) => !each.open)) {
    panel.open = true;
    openedHere.add(panel);
  }
}

function query({ off }) {
  const parts = new URLSearchParams();
  if (field.value.trim() !== "") {
    parts.set("text", field.value.trim());
  }
  for (const variant of off) {
    parts.append("without", variant);
  }
  return parts.toString();
}

function keepInAddress(filter) {
  const anchor = location.hash.replace(/\?.*/, "").slice(1);
  const kept = query(filter);
  const hash = kept ? `#${anchor}?${kept}` : `#${anchor}`;
  if (hash !== (location.hash || "#")) {
    try {
      history.replaceState(history.state, "", hash);
    } catch {
      // Safari refuses the 101st time within half a minute: the next change will be kept.
    }
  }
}

function isFiltered() {
  return field.value.trim() !== "" || ticks.some((tick) => !tick.checked);
}

function describe({ typed, off }) {
  const parts = [];
  if (typed.length > 0) {
    parts.push(`With: ${typed.join(" ")}.`);
  }
  if (off.size > 0) {
    parts.push(`Without: ${[...off].join(", ")}.`);
  }
  return parts.join(" ");
}

function apply() {
  scopes ??= readPage();
  const filter = wanted();
  const { shown, all } = decide(filter);
  draw(filter);
  openFew(filter.typed);
  const cases = all === 1 ? "case" : "cases";
  ticked.textContent = filter.off.size > 0 ? `${ticks.length - filter.off.size} of ${ticks.length}` : "";
  count.textContent = shown === all ? `${all} ${cases}` : `${shown} of ${all} ${cases}`;
  // For paper, which has no bar to tell it.
  if (isFiltered()) {
    main.dataset.filtered = `${count.textContent}. ${describe(filter)}`;
  } else {
    delete main.dataset.filtered;
  }
  keepInAddress(filter);
}

let pending = 0;
function soon() {
  clearTimeout(pending);
  pending = setTimeout(apply, PAUSE);
}

function clear() {
  field.value = "";
  for (const tick of ticks) {
    tick.checked = true;
  }
  apply();
}

// Takes the filter from the address, if that has one.
function takeFromAddress() {
  const [, kept] = /\?(.*)/.exec(location.hash) ?? [];
  if (kept === undefined) {
    return false;
  }
  const parts = new URLSearchParams(kept);
  const without = new Set(parts.getAll("without"));
  field.value = parts.get("text") ?? "";
  for (const tick of ticks) {
    tick.checked = !without.has(tick.value);
  }
  apply();
  return true;
}

// A link within the page keeps the filter, unless what it leads to is filtered away.
function follow() {
  if (takeFromAddress() || !isFiltered()) {
    return;
  }
  const target = document.getElementById(location.hash.slice(1));
  if (target && (target.closest("[hidden]") || getComputedStyle(target).display === "none")) {
    clear();
    target.scrollIntoView();
  } else {
    keepInAddress(wanted());
  }
}

function isTyping(target) {
  return target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
}

field.addEventListener("input", soon);
for (const tick of ticks) {
  tick.addEventListener("change", apply);
}
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-variants]");
  if (button) {
    const choice = button.dataset.variants;
    const beside = button.parentElement.querySelector("input");
    for (const tick of ticks) {
      tick.checked = choice === "all" || (choice === "only" && tick === beside);
    }
    apply();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (event.key === "/" && !isTyping(event.target)) {
    event.preventDefault();
    field.focus();
    field.select();
  } else if (event.key === "Escape" && isFiltered() && (event.target === field || !isTyping(event.target))) {
    event.preventDefault();
    clear();
  }
});
addEventListener("hashchange", follow);
if (!takeFromAddress()) {
  const all = document.querySelectorAll("tr[data-case]").length;
  count.textContent = `${all} ${all === 1 ? "case" : "cases"}`;
}
