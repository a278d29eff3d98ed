// The table and the pictures of the comparison page. Without this script the page still shows
// every line of the table and every picture of the first run.
"use strict";

(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Runs beyond the eighth repeat the colours; their curves are dashed.
  for (const swatch of all(".swatch[data-color]")) {
    swatch.style.background = `var(--run-${swatch.dataset.color % 8})`;
  }

  function press(buttons, pressed) {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === pressed));
  }

  function sortByColumn(header, column) {
    const table = header.closest("table");
    const descending = header.getAttribute("aria-sort") !== "descending";
    for (const other of all("thead th", table)) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const value = (row) => row.cells[column].dataset.value;
    const numeric = (text) => text.trim() !== "" && Number.isFinite(Number(text));
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      // Lines without a value stay at the end in both directions.
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = numeric(x) && numeric(y) ? x - y : x.localeCompare(y, "en", { numeric: true });
      return descending ? -order : order;
    });
    body.append(...rows);
  }

  function setUpTable() {
    for (const table of all("table.scores")) {
      all("thead th", table).forEach((header, column) => {
        header.querySelector("button").addEventListener("click", () => sortByColumn(header, column));
      });
    }
    const regions = [...new Set(all("thead th[data-region]").map((cell) => cell.dataset.region))];
    if (regions.length < 2) return;
    const holder = document.getElementById("regions");
    const show = (region) => {
      for (const cell of all("[data-region]")) cell.hidden = cell.dataset.region !== region;
    };
    const buttons = regions.map((region) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = region || "whole picture";
      button.addEventListener("click", () => {
        press(buttons, button);
        show(region);
      });
      return button;
    });
    holder.append(...buttons);
    press(buttons, buttons[0]);
    show(regions[0]);
  }

  function setCut(slider, percent) {
    const cut = Math.min(100, Math.max(0, percent));
    slider.style.setProperty("--cut", `${cut}%`);
    slider.setAttribute("aria-valuenow", String(Math.round(cut)));
    const name = slider.querySelector(".tag.left").textContent;
    slider.setAttribute("aria-valuetext", `${Math.round(cut)} % ${name}`);
  }

  function setUpSlider(slider) {
    const cut = () => Number(slider.getAttribute("aria-valuenow"));
    const follow = (event) => {
      const box = slider.getBoundingClientRect();
      setCut(slider, (100 * (event.clientX - box.left)) / box.width);
    };
    slider.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      slider.setPointerCapture(event.pointerId);
      follow(event);
    });
    slider.addEventListener("pointermove", (event) => {
      if (slider.hasPointerCapture(event.pointerId)) follow(event);
    });
    slider.addEventListener("dragstart", (event) => event.preventDefault());
    slider.addEventListener("keydown", (event) => {
      const targets = {
        ArrowLeft: cut() - 2, ArrowDown: cut() - 2, ArrowRight: cut() + 2, ArrowUp: cut() + 2,
        PageDown: cut() - 20, PageUp: cut() + 20, Home: 0, End: 100,
      };
      if (!(event.key in targets) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      setCut(slider, targets[event.key]);
    });
  }

  function showCard(card, run, left, right) {
    const side = (image) => {
      const { layer } = image.dataset;
      if (layer === "result" && image.dataset.run !== run) return "";
      return layer === left ? "left" : layer === right ? "right" : "";
    };
    for (const image of all("img", card)) image.className = side(image);
    for (const caption of all(".caption", card)) caption.hidden = caption.dataset.run !== run;
    const slider = card.querySelector(".compare");
    slider.querySelector(".tag.left").textContent = left;
    slider.querySelector(".tag.right").textContent = right;
    const label = JSON.parse(card.dataset.labels)[run];
    slider.setAttribute("aria-label", `Divider between ${left} and ${right}, ${card.dataset.pair}, ${label}`);
    setCut(slider, Number(slider.getAttribute("aria-valuenow")));
  }

  function setUpPictures() {
    const holder = document.getElementById("cards");
    const cards = all(".card", holder);
    if (!cards.length) return;
    const chooser = document.getElementById("picture-run");
    const views = all("#view button");
    const rank = (card) => JSON.parse(card.dataset.ranks)[chooser.value] ?? Infinity;
    const update = () => {
      const view = views.find((button) => button.getAttribute("aria-pressed") === "true");
      holder.append(...cards.sort((a, b) => rank(a) - rank(b)));
      for (const card of cards) {
        card.hidden = rank(card) === Infinity;
        if (!card.hidden) showCard(card, chooser.value, view.dataset.left, view.dataset.right);
      }
    };
    for (const view of views) {
      view.addEventListener("click", () => {
        press(views, view);
        update();
      });
    }
    chooser.addEventListener("change", update);
    for (const slider of all(".compare", holder)) setUpSlider(slider);
    update();
  }

  setUpTable();
  setUpPictures();
})();
