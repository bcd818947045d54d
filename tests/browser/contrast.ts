/** Runs inside the page, so it stands on nothing outside itself. */
export function textContrasts(): { text: string; contrast: number }[] {
  type Colour = [number, number, number, number];
  const parse = (css: string): Colour => {
    const [r = 0, g = 0, b = 0, a = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
    return /^rgba?\(/.test(css) ? [r, g, b, a] : [0, 0, 0, 0];
  };
  const luminance = ([r, g, b]: Colour) => {
    const [red = 0, green = 0, blue = 0] = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (a: Colour, b: Colour) => {
    const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const over = ([r, g, b, a]: Colour, [x, y, z]: Colour): Colour => [
    r * a + x * (1 - a),
    g * a + y * (1 - a),
    b * a + z * (1 - a),
    1,
  ];
  const ground = (element: Element | null): Colour => {
    if (!element) return [255, 255, 255, 1];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(element.parentElement));
  };
  /** A text in a picture lies on whatever shapes were drawn before it at its middle. */
  const drawnUnder = (text: Element, svg: SVGSVGElement): Colour => {
    const { left, top, width, height } = text.getBoundingClientRect();
    const point = { x: left + width / 2, y: top + height / 2 };
    const shapes = [...svg.querySelectorAll<SVGGeometryElement>("path, polygon, rect")].filter((shape) => {
      if (shape.closest("defs") || getComputedStyle(shape).fill === "none") return false;
      const matrix = shape.getScreenCTM();
      const inside = matrix && new DOMPoint(point.x, point.y).matrixTransform(matrix.inverse());
      return inside && shape.isPointInFill(inside);
    });
    return shapes.reduce<Colour>((under, shape) => {
      const style = getComputedStyle(shape);
      const [r, g, b, a] = parse(style.fill);
      return over([r, g, b, a * Number(style.fillOpacity)], under);
    }, ground(svg));
  };

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found: { text: string; contrast: number }[] = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim();
    if (!element || !text) continue;
    const svg = element.closest("svg");
    const style = getComputedStyle(element);
    found.push({
      text,
      contrast: svg
        ? contrast(parse(style.fill), drawnUnder(element, svg))
        : contrast(parse(style.color), ground(element)),
    });
  }
  return found;
}
