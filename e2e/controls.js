// Return the controls on the screen that cannot be told from what is behind them, and a name for each shape of a control
// with its colours. `focusFaults(names)` returns those whose focus cannot be seen. Texts are axe's. SHAPES is shapes.js.
() => {
  SHAPES;
  const LEAST = 3;
  const EVERY = "input:not([type=hidden]), select, textarea, button, summary, a[href], [role=button], [tabindex='0']";
  const TYPED = "input:not([type=checkbox], [type=radio], [type=file]), select, textarea";

  const read = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+(?:e-\d+)?/g).map(Number);
    return colour.startsWith("color(") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((it, at) => it * a + under[at] * (1 - a));
  const grounds = new Map(); // forgotten whenever the focus moves, which may colour them
  const behind = (it) => {
    if (!it) return [255, 255, 255];
    if (!grounds.has(it)) grounds.set(it, over(read(getComputedStyle(it).backgroundColor), behind(it.parentElement)));
    return grounds.get(it);
  };
  const luminance = (colour) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, share, at) => {
      const part = colour[at] / 255;
      return sum + share * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    }, 0);
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const best = (colours, under) => Math.max(1, ...colours.map((it) => contrast(over(read(it), under), under)));

  const hasLine = (style, side) =>
    style[`border${side}Style`] !== "none" && parseFloat(style[`border${side}Width`]) > 0;
  const lines = (style) =>
    ["Top", "Right", "Bottom", "Left"]
      .filter((side) => hasLine(style, side))
      .map((side) => style[`border${side}Color`]);
  const isSeen = (it) => {
    const { width, height, bottom } = it.getBoundingClientRect();
    return (
      width > 1 && height > 1 && bottom > 0 && it.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    );
  };
  // One line alone divides it from what is beside it.
  const isDrawn = (style, under) =>
    lines(style).filter((it) => read(it)[3]).length > 1 ||
    contrast(over(read(style.backgroundColor), under), under) > 1.01;
  const isOff = (it) => it.matches(":disabled, [aria-disabled=true], :disabled *");
  // The one that is chosen among its like has a soft ground, and says so by its weight and its letters' colour, too.
  const isChosen = (it) => it.matches("[aria-current], [aria-pressed=true], [aria-selected=true], :hover");
  // A field may share its edge with the buttons beside it.
  const box = (it) => {
    const around = [it, it.parentElement, it.parentElement.parentElement];
    return it.matches(TYPED)
      ? (around.find((one) => lines(getComputedStyle(one)).some((line) => read(line)[3])) ?? it)
      : it;
  };
  const marks = (it) => {
    const drawings = [...it.querySelectorAll("svg")].filter(isSeen).map((svg) => getComputedStyle(svg).stroke);
    const signs = ["::before", "::after"].map((part) => getComputedStyle(it, part));
    const shown = signs.filter(({ content, display }) => !/^(none|normal|"")/.test(content) && display !== "none");
    return [...drawings.filter((colour) => colour !== "none"), ...shown.map(({ color }) => color)];
  };

  const edge = (it) => {
    if (it.matches("[type=checkbox], [type=radio], [type=file]")) return null; // the browser's own
    const whole = box(it);
    const [style, under] = [getComputedStyle(whole), behind(whole.parentElement)];
    if (it.matches(TYPED) || (isDrawn(style, under) && !isChosen(it)))
      return best([style.backgroundColor, ...lines(style)], under);
    const drawn = it.innerText.trim() ? [] : marks(it);
    return drawn.length ? best(drawn, behind(it)) : null;
  };
  // The outline of a control, of its parts, or of what is around it; or the bold line of a dialog's only field.
  const focusEdge = (it) => {
    it.focus({ focusVisible: true, preventScroll: true });
    grounds.clear();
    if (document.activeElement !== it) return null;
    const around = [it.closest("label, li, td, p"), it.parentElement, box(it)].filter(Boolean);
    const parts = ["::before", "::after"].map((part) => [getComputedStyle(it, part), it]);
    const styles = [...parts, ...[it, ...around].map((one) => [getComputedStyle(one), one])];
    const outlines = styles
      .filter(([{ outlineStyle, outlineWidth }]) => outlineStyle !== "none" && parseFloat(outlineWidth) >= 1)
      .map(([{ outlineColor, outlineOffset }, of]) =>
        best([outlineColor], parseFloat(outlineOffset) < 0 ? behind(of) : behind(of.parentElement))
      );
    const { borderBottomWidth, borderBottomColor } = getComputedStyle(box(it));
    const line = box(it) !== it && parseFloat(borderBottomWidth) >= 2 ? best([borderBottomColor], behind(it)) : 1;
    return Math.max(line, ...outlines);
  };

  const faults = (many, what, contrastOf) => {
    const found = many.map((it) => [it, contrastOf(it)]).filter(([, number]) => number !== null && number < LEAST);
    return [...new Set(found.map(([it, number]) => `${what} ${number.toFixed(2)}: ${it.outerHTML.slice(0, 160)}`))];
  };
  const controls = [...document.querySelectorAll(EVERY)].filter((it) => isSeen(it) && !isOff(it));
  const name = (it) => {
    const style = getComputedStyle(it);
    const colours = [style.color, style.backgroundColor, ...lines(style), behind(it), behind(it.parentElement)];
    return digest(`control ${innerWidth} ${shape(it)} ${colours.join(" ")}`);
  };
  // The focus of a list with a choice stays in its field.
  const named = new Map(controls.filter((it) => it.tabIndex >= 0).map((it) => [name(it), it]));
  window.focusFaults = (names) => {
    const before = document.activeElement;
    before.blur(); // one that has the focus would not get that of the keyboard
    const found = faults(
      names.map((one) => named.get(one)),
      "focus",
      focusEdge
    );
    if (before === document.body) document.activeElement.blur();
    else before.focus({ preventScroll: true });
    return found;
  };
  return [faults(controls, "edge", edge), [...named.keys()]];
};
