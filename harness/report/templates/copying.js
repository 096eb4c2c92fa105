// Copying: a table as Markdown or CSV, and the link to a case.
//
// button[data-copy=markdown|csv] copies the table of its .tabled: the rows and columns that are
// shown, in the order in which they are. In CSV a cell is its data-value if it has one, without
// what is .small in it, and what has a column of its own: its .half (half of an interval), its .word
// (a verdict), and what it says .also. A tr.fixed names the rows below it: its text is their first
// column, whose header is the table's data-groups. a.link copies its own address.

// OWASP, "CSV Injection": what starts like this is a formula to a spreadsheet.
const FORMULA = /^\s*[=+\-@＝＋－＠]/;
const FIGURE = /^[-+−]?[\d,]*\.?\d+(e[-+]?\d+)?$/i;
// What has a column of its own in CSV, and what stands behind the header there.
const ASIDES = { half: "±", word: "difference", also: "figures" };
// What GitHub-flavoured Markdown takes for markup; an underscore only at the edge of a word.
const MARKUP = /[\\`*[\]<>&|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;

function tell(text) {
  const told = document.querySelector("#told");
  told.textContent = "";
  requestAnimationFrame(() => {
    told.textContent = text;
  });
  setTimeout(() => {
    if (told.textContent === text) {
      told.textContent = "";
    }
  }, 4000);
}

// Where a browser gives a page from disk no clipboard: the text, selected, for the reader to copy.
function offer(text) {
  const dialog = document.createElement("dialog");
  dialog.className = "offer";
  dialog.setAttribute("aria-label", "Text to copy");
  const about = document.createElement("p");
  about.textContent = "This browser does not let the page copy. The text is selected: copy it yourself.";
  const area = document.createElement("textarea");
  area.readOnly = true;
  area.rows = 12;
  area.value = text;
  area.setAttribute("aria-label", "Text to copy");
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(about, area, close);
  document.body.append(dialog);
  dialog.showModal();
  area.focus();
  area.select();
}

async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    tell(done);
  } catch {
    offer(text);
  }
}

function plain(node) {
  const shown = node.cloneNode(true);
  for (const aside of shown.querySelectorAll(".link, .hidden, title")) {
    aside.remove();
  }
  return shown.textContent.replace(/\s+/g, " ").trim();
}

function withoutAsides(cell) {
  if (!cell || cell.dataset.value !== undefined) {
    return cell?.dataset.value ?? "";
  }
  const shown = cell.cloneNode(true);
  for (const aside of shown.querySelectorAll(".half, .word, .also, .small")) {
    aside.remove();
  }
  return plain(shown);
}

function asideOf(cell, name) {
  const found = cell?.querySelector(`.${name}`)?.cloneNode(true);
  found?.querySelector(".star")?.remove();
  return found ? plain(found).replace(/^±\s*/, "") : "";
}

// The cells that are shown; those of further columns that one spans are null.
function cellsOf(row) {
  const cells = [];
  for (const cell of row.cells) {
    if (isShown(cell)) {
      cells.push(cell, ...Array.from({ length: cell.colSpan - 1 }, () => null));
    }
  }
  return cells;
}

// Returns {headers, rows}: the header cells, and for each row {group, cells}.
function readTable(table) {
  const headers = cellsOf(table.tHead.rows[0]);
  const rows = [];
  for (const body of table.tBodies) {
    let group = "";
    for (const row of body.rows) {
      if (row.classList.contains("fixed")) {
        group = plain(row);
      } else if (isShown(row)) {
        const cells = cellsOf(row).slice(0, headers.length);
        rows.push({ group, cells: cells.map((cell) => (cell && isVisible(cell) ? cell : null)) });
      }
    }
  }
  return { headers, rows };
}

function isShown(element) {
  return getComputedStyle(element).display !== "none";
}

function isVisible(cell) {
  return getComputedStyle(cell).visibility !== "hidden";
}

function escaped(text) {
  return text.replace(MARKUP, String.raw`\$&`);
}

function markdown(table) {
  const { headers, rows } = readTable(table);
  const { groups } = table.dataset;
  const line = (group, texts) => `| ${(groups ? [group, ...texts] : texts).join(" | ")} |\n`;
  const shown = (cells) => headers.map((_, column) => (cells[column] ? escaped(plain(cells[column])) : ""));
  const rule = headers.map((header) => (header.classList.contains("name") ? "---" : "---:"));
  return [
    line(groups, shown(headers)),
    line("---", rule),
    ...rows.map(({ group, cells }) => line(escaped(group), shown(cells))),
  ].join("");
}

function csvCell(text) {
  if (text === "-") {
    return "";
  }
  if (FIGURE.test(text)) {
    return text.replace(/^\+|,/g, "").replace("−", "-");
  }
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csv(table) {
  const { headers, rows } = readTable(table);
  const { groups } = table.dataset;
  const asides = headers.map((_, column) =>
    Object.keys(ASIDES).filter((name) => rows.some(({ cells }) => cells[column]?.querySelector(`.${name}`))),
  );
  const line = (group, columns) => `${(groups ? [group, ...columns] : columns).map(csvCell).join(",")}\r\n`;
  const named = headers.flatMap((header, column) => {
    const text = withoutAsides(header);
    return [text, ...asides[column].map((name) => `${text} ${ASIDES[name]}`)];
  });
  const written = (cells) =>
    headers.flatMap((_, column) => {
      const cell = cells[column];
      return [withoutAsides(cell), ...asides[column].map((name) => asideOf(cell, name))];
    });
  return [line(groups, named), ...rows.map(({ group, cells }) => line(group, written(cells)))].join("");
}

const WRITERS = { markdown: [markdown, "Table copied as Markdown"], csv: [csv, "Table copied as CSV"] };

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-copy]");
  const table = button?.closest(".tabled").querySelector("table");
  if (table) {
    const [write, done] = WRITERS[button.dataset.copy];
    copy(write(table), done);
  }
  const link = event.target.closest?.("a.link");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    const filter = /\?.*/.exec(location.hash)?.[0] ?? "";
    copy(link.href + filter, "Link copied");
  }
});
