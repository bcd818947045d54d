/** PromQL for a Prometheus that has several instances: each selector of an expression gets more matchers. */

/** The series that the list asks for (services/watch/panels.ts), and the braces that may follow. */
const SELECTOR = /\b(mastodon[_:][\w:]*|connected_clients|ALERTS)\b(?:\{([^}]*)\})?/g;

/**
 * @param matchers label → regular expression, which Grafana fills in
 * @returns what `promtool promql label-matchers set` makes of the expression (tests/browser/dashboard.test.ts)
 */
export function withMatchers(expression: string, matchers: Readonly<Record<string, string>>): string {
  const added = Object.entries(matchers).map(([label, pattern]) => `${label}=~"${pattern}"`);
  return expression.replace(SELECTOR, (_, name: string, own?: string) => {
    const all = [...(own ? [own] : []), ...added];
    return all.length > 0 ? `${name}{${all.join(",")}}` : name;
  });
}
