// Sliders, flicker, masks and filters of a dataset's report. Without this script, and in print,
// both pictures of each pair stand side by side.
"use strict";

(() => {
  const FLICKER_MS = 600;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const flickering = new Set();

  function press(buttons, pressed) {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === pressed));
  }

  function setCut(viewer, percent) {
    const cut = Math.min(100, Math.max(0, percent));
    viewer.style.setProperty("--cut", `${cut}%`);
    viewer.setAttribute("aria-valuenow", String(Math.round(cut)));
    viewer.setAttribute("aria-valuetext", `${Math.round(cut)} % flash`);
  }

  function setFlicker(card, on) {
    const viewer = card.querySelector(".viewer");
    viewer.classList.remove("flash-only", "studio-only");
    if (on) {
      flickering.add(viewer);
      viewer.classList.add("studio-only");
    } else {
      flickering.delete(viewer);
    }
    card.querySelector(".flicker-button").setAttribute("aria-pressed", String(on));
  }

  function setMask(card, on) {
    const button = card.querySelector(".mask-button");
    if (!button) return;
    card.querySelector(".viewer").classList.toggle("masked", on);
    button.setAttribute("aria-pressed", String(on));
  }

  const isPressed = (card, name) => card.querySelector(name)?.getAttribute("aria-pressed") === "true";

  function setUpKeys(card, viewer) {
    viewer.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const cut = Number(viewer.getAttribute("aria-valuenow"));
      const targets = {
        ArrowLeft: cut - 2, ArrowDown: cut - 2, ArrowRight: cut + 2, ArrowUp: cut + 2,
        PageDown: cut - 20, PageUp: cut + 20, Home: 0, End: 100,
      };
      const key = event.key.toLowerCase();
      if (event.key in targets) setCut(viewer, targets[event.key]);
      else if (key === "f") setFlicker(card, !isPressed(card, ".flicker-button"));
      else if (key === "m") setMask(card, !isPressed(card, ".mask-button"));
      else return;
      event.preventDefault();
    });
  }

  function setUpViewer(card) {
    const viewer = card.querySelector(".viewer");
    if (!viewer) return;
    const follow = (event) => {
      const box = viewer.getBoundingClientRect();
      setCut(viewer, (100 * (event.clientX - box.left)) / box.width);
    };
    viewer.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      viewer.setPointerCapture(event.pointerId);
      setFlicker(card, false);
      follow(event);
    });
    viewer.addEventListener("pointermove", (event) => {
      if (viewer.hasPointerCapture(event.pointerId)) follow(event);
    });
    viewer.addEventListener("dragstart", (event) => event.preventDefault());
    setUpKeys(card, viewer);
    card.querySelector(".flicker-button").addEventListener("click", () => {
      setFlicker(card, !isPressed(card, ".flicker-button"));
    });
    card.querySelector(".mask-button")?.addEventListener("click", () => {
      setMask(card, !isPressed(card, ".mask-button"));
    });
    setCut(viewer, 50);
  }

  // One beat for all, so that pairs that flicker side by side can be compared.
  setInterval(() => {
    for (const viewer of flickering) {
      const studio = viewer.classList.contains("studio-only");
      viewer.classList.toggle("studio-only", !studio);
      viewer.classList.toggle("flash-only", studio);
    }
  }, FLICKER_MS);

  function setUpFilters(cards) {
    const holder = document.getElementById("cards");
    const states = all("#state button");
    const [person, order] = ["person", "order"].map((id) => document.getElementById(id));
    const masks = document.getElementById("masks");
    const update = () => {
      const { state } = states.find((b) => b.getAttribute("aria-pressed") === "true").dataset;
      const key = order.value;
      const sorted = key ? [...cards].sort((a, b) => b.dataset[key] - a.dataset[key]) : cards;
      holder.append(...sorted);
      let count = 0;
      for (const card of cards) {
        const isShown =
          (!state || card.dataset.state === state) && (!person.value || card.dataset.person === person.value);
        card.hidden = !isShown;
        count += isShown;
      }
      document.getElementById("count").textContent = `${count} of ${cards.length} pairs`;
    };
    for (const button of states) {
      button.addEventListener("click", () => {
        press(states, button);
        update();
      });
    }
    person.addEventListener("change", update);
    order.addEventListener("change", update);
    masks.addEventListener("change", () => {
      for (const card of cards) setMask(card, masks.checked);
    });
    // A link to a pair that is filtered out shows all pairs again.
    addEventListener("hashchange", () => {
      const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (!target?.hidden) return;
      person.value = "";
      press(states, states[0]);
      update();
      target.scrollIntoView();
    });
    update();
  }

  document.documentElement.classList.add("js");
  for (const element of all(".controls, .keys")) element.hidden = false;
  const cards = all(".card");
  for (const card of cards) setUpViewer(card);
  setUpFilters(cards);
})();
