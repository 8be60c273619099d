// What check.py asks of a page. Evaluated there; gives an object of functions.
({
  moving: () => document.getAnimations().filter((one) => one.playState === "running").length,

  // What sticks out to the side, and is not in a box of its own that scrolls.
  tooWide() {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
      .filter((el) => {
        const { left, right } = el.getBoundingClientRect(); // to the left where one reads from the right
        return (right > width + 1 || left < -1) && !el.closest(".table-box, .plan-box, .skip, .hidden");
      })
      .slice(0, 4)
      .map((el) => `${el.tagName}.${el.getAttribute("class") ?? ""}`);
  },

  // What one can press, inside of the dialog if one is open. Radio buttons of one name are one.
  controls() {
    const root = document.querySelector("dialog[open]") ?? document;
    const names = new Set();
    globalThis.controls = [
      ...root.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']"),
    ].filter((el) => {
      const shown = el.checkVisibility({ visibilityProperty: true }) && el.getClientRects().length;
      if (!shown || el.disabled || el.matches(".skip")) return false;
      if (el.type !== "radio") return true;
      const first = !names.has(el.name);
      names.add(el.name);
      return first;
    });
    document.activeElement?.blur();
    return controls.length;
  },

  // What it is called; null if it is gone.
  name(place) {
    const el = controls[place];
    return el.isConnected ? `${el.tagName} ${el.innerText || el.name}` : null;
  },

  // Which of them has the focus, and whether that is to be seen.
  focused() {
    const el = document.activeElement;
    const outlined = (one) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    };
    let place = controls.indexOf(el);
    if (place < 0 && el.type === "radio") place = controls.findIndex((one) => one.name === el.name);
    const ring = el.querySelector(".focus-ring");
    const near = [el, el.parentElement, el.nextElementSibling, el.closest(".room")].filter(Boolean);
    const seen = near.some(outlined) || (ring !== null && getComputedStyle(ring).stroke !== "none");
    const name = `${el.tagName} ${el.innerText || el.name || el.ariaLabel}`.slice(0, 60);
    return { place, name, seen };
  },
})
