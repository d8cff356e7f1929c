// Faults in words.

const DAMAGES = { malformed: "malformed JSON", truncated: "truncated JSON", cut: "connection closed early" };

// The rule without what the mock adds to it.
export function ruleOf({ id, matched, happened, ...rule }) {
  return rule;
}

export function describeDelay(delay) {
  if (Array.isArray(delay)) return `delay ${delay[0]} to ${delay[1]} ms`;
  if (typeof delay !== "object") return `delay ${delay} ms`;
  const points = Object.entries(delay).map(([name, wait]) => `${name} ${wait} ms`);
  return `delay ${points.join(", ")}`;
}

// What a fault does, and to which requests.
export function describe(fault) {
  const effects = [
    fault.status && `status ${fault.status}`,
    fault.example && `example ${fault.example}`,
    fault.body !== undefined && "own body",
    fault.headers && `headers ${Object.keys(fault.headers).join(", ")}`,
    fault.damage && DAMAGES[fault.damage],
    fault.delay !== undefined && describeDelay(fault.delay),
  ];
  const scope = [
    fault.operation ?? "every operation",
    fault.method,
    fault.path,
    fault.nth && `only request ${fault.nth}`,
    fault.times && (fault.times === 1 ? "once" : `at most ${fault.times} times`),
    fault.probability !== undefined && `${+(fault.probability * 100).toFixed(2)} % of them`,
  ];
  return { effect: effects.filter(Boolean).join(" + "), scope: scope.filter(Boolean).join(" · ") };
}
