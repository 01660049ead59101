// Without this script the page is the whole table: it adds search, filters, chips, sorting and keys.
"use strict";

const form = document.getElementById("search");
const fields = ["text", "flag", "type", "file"].map((id) => document.getElementById(id));
const [text, flag, type, file] = fields;
const body = document.querySelector("tbody");
const rows = [...body.rows];
const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

function among(list, value) { return !value || list.split(" ").includes(value); }

function show() {
  const wanted = text.value.toLowerCase().split(/\s+/);
  let count = 0;
  for (const row of rows) {
    const { flags, types, files } = row.dataset;
    row.hidden = !(among(flags, flag.value) && among(types, type.value) && among(files, file.value)
      && wanted.every((word) => words.get(row).includes(word)));
    count += row.hidden ? 0 : 1;
  }
  document.getElementById("count").textContent = `${count} of ${rows.length} entries`;
}

// The search stands behind the "#", where a page on a disk may change it: "#flag=KF_ACQUIRE&text=task".
function remember() {
  const query = new URLSearchParams(fields.filter((field) => field.value).map((field) => [field.id, field.value]));
  history.replaceState(null, "", `#${query}`);
}

function recall() {
  if (!location.hash.includes("=")) return;
  const query = new URLSearchParams(location.hash.slice(1));
  for (const field of fields) field.value = query.get(field.id) ?? "";
}

function change() { show(); remember(); }

function sort(button) {
  const header = button.closest("th");
  const direction = header.ariaSort === "ascending" ? "descending" : "ascending";
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.ariaSort = direction;
  const keys = new Map(rows.map((row) => [row, row.cells[header.cellIndex].textContent.trim()]));
  const sign = direction === "ascending" ? 1 : -1;
  rows.sort((one, other) => sign * keys.get(one).localeCompare(keys.get(other), "en", { numeric: true }));
  body.append(...rows);
}

function step(key) {
  const shown = rows.filter((row) => !row.hidden);
  const at = shown.indexOf(document.activeElement);
  const next = key === "j" ? shown[at + 1] : shown[Math.max(at, 1) - 1];
  if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
}

form.hidden = false;
for (const button of document.querySelectorAll("th button, .chip")) button.disabled = false;
form.addEventListener("input", change);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(change));
document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.matches("th button")) sort(target);
  if (target.matches(".chip")) {
    const field = document.getElementById(target.dataset.field);
    field.value = field.value === target.textContent ? "" : target.textContent;
    change();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") { form.reset(); document.activeElement.blur(); return; }
  if (["INPUT", "SELECT"].includes(document.activeElement.tagName)) return;
  if (event.key === "/") { event.preventDefault(); text.focus(); }
  if (["j", "k"].includes(event.key)) step(event.key);
});
addEventListener("hashchange", () => { recall(); show(); });
recall();
show();
