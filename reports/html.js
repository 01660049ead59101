// Everything can be read without this script: it adds keys, copying, counts that follow the filters, and links of lines.
"use strict";

const findings = [...document.querySelectorAll(".finding")];
const boxes = [...document.querySelectorAll(".filters input")];
const bar = document.getElementById("bar");
const help = document.getElementById("help");

function isShown(finding) {
  const { level, rule, part } = finding.dataset;
  return [`level-${level}`, `rule-${rule}`, `part-${part}`].every((id) => document.getElementById(id)?.checked ?? true);
}

function count() {
  const shown = findings.filter(isShown);
  for (const place of document.querySelectorAll("[data-count]")) {
    const [name, value] = place.dataset.count.split("=");
    const [other, wanted] = (place.dataset.within ?? "").split("=");
    place.textContent = shown.filter((finding) => (!name || finding.dataset[name] === value)
      && (!other || finding.dataset[other] === wanted)).length;
  }
  document.getElementById("shown").textContent =
    shown.length === findings.length ? "" : `${shown.length} of ${findings.length} shown`;
}

function unfold(element) {
  for (let at = element.parentElement; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
}

function visit(element) {
  if (!element) return;
  unfold(element);
  if (element.matches("details.part")) element = element.querySelector("summary");
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: element.matches(".finding") ? "center" : "start" });
}

function step(elements, distance) {
  const here = document.activeElement;
  const inside = elements.findLastIndex((element) => element === here || element.contains(here));
  const above = (element) => here.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING;
  const at = inside >= 0 ? inside : here === document.body ? -1 : elements.findLastIndex(above);
  const behind = inside < 0 && distance < 0 ? at : at + distance;
  visit(elements[Math.min(Math.max(behind, 0), elements.length - 1)]);
}

function fold() {
  const around = document.activeElement.closest("details");
  if (around) { around.open = !around.open; around.querySelector("summary").focus(); }
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("pre"));
    document.execCommand("copy");
  }
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
}

const steps = {
  j: () => step(findings.filter(isShown), 1),
  k: () => step(findings.filter(isShown), -1),
  n: () => step([...document.querySelectorAll("details.part")], 1),
  p: () => step([...document.querySelectorAll("details.part")], -1),
  o: fold,
  "?": () => { if (help.open) help.close(); else help.showModal(); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(steps, event.key)) return;
  event.preventDefault();
  steps[event.key]();
});

document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.dataset.key) steps[target.dataset.key]();
  if (target.matches("button.copy")) copy(target.parentElement.querySelector("pre").textContent, target);
  const line = target.closest(".line[id]");
  if (line === target && event.offsetX < parseFloat(getComputedStyle(line, "::before").width)) location.hash = line.id;
});

function follow() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target) { unfold(target); target.scrollIntoView({ block: "center" }); }
}

for (const box of boxes) box.addEventListener("change", count);
for (const details of document.querySelectorAll("details.text")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "copy";
  details.append(button);
}
addEventListener("hashchange", follow);
addEventListener("beforeprint", () => { for (const diff of document.querySelectorAll("details.fix")) diff.open = true; });
bar.hidden = findings.length === 0;
if (location.hash) follow();
