"use strict";
(() => {
  const list = document.querySelector(".results");
  const items = [...list.children];
  const search = document.getElementById("search");
  const chips = [...document.querySelectorAll(".chips [data-verdict], .chips [data-state]")];
  const heads = [...document.querySelectorAll(".heads button")];
  let chosen = chips[0];
  let sorted = { key: "order", down: false };

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const item of items) {
      const text = item.dataset.text.toLowerCase();
      const { verdict, state } = chosen.dataset;
      const fits = state ? item.dataset.state === state : !verdict || item.dataset.verdict === verdict;
      item.hidden = !(fits && words.every((word) => text.includes(word)));
      count += !item.hidden;
    }
    document.getElementById("shown").textContent = `${count} of ${items.length} shown`;
  }

  // What has no number comes last in both directions.
  function compare(a, b) {
    const [x, y] = [a.dataset[sorted.key], b.dataset[sorted.key]];
    const sign = sorted.down ? -1 : 1;
    if (sorted.key === "name") return sign * x.localeCompare(y);
    if ((x === "") !== (y === "")) return x === "" ? 1 : -1;
    const [p, q] = [x, y].map((text) => (text === "inf" ? Infinity : Number(text)));
    return p === q ? a.dataset.order - b.dataset.order : sign * (p < q ? -1 : 1);
  }

  function sort(head) {
    const key = head.dataset.key;
    sorted = { key, down: sorted.key === key && !sorted.down };
    for (const each of heads) {
      each.setAttribute("aria-pressed", each === head);
      each.querySelector(".arrow").textContent = each !== head ? "" : sorted.down ? " ▼" : " ▲";
    }
    list.append(...items.sort(compare));
  }

  function openAll(open) {
    for (const item of items) if (!item.hidden) item.querySelector("details").open = open;
  }

  function openNamed() {
    const item = items.find((each) => `#${each.id}` === location.hash);
    if (item) item.querySelector("details").open = true;
  }

  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chosen = chip;
      for (const each of chips) each.setAttribute("aria-pressed", each === chip);
      filter();
    });
  }
  for (const head of heads) head.addEventListener("click", () => sort(head));
  search.addEventListener("input", filter);
  search.form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("open").addEventListener("click", () => openAll(true));
  document.getElementById("close").addEventListener("click", () => openAll(false));
  addEventListener("hashchange", openNamed);
  openNamed();

  // The arrow keys go from row to row; "/" goes to the filter.
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const here = document.activeElement.closest("summary");
    if (!step || !here) return;
    const rows = [...list.querySelectorAll("li:not([hidden]) > details > summary")];
    const next = rows[rows.indexOf(here) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });

  // On paper, failures are open.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = items.filter((item) => item.dataset.state === "fails").map((item) => item.querySelector("details"));
    opened = opened.filter((details) => !details.open);
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
})();
