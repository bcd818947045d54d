/** Jest's reporter of how many tests passed in each section, which is the outermost `describe`. */
module.exports = class Sections {
  onRunComplete(_, { testResults }) {
    const counts = new Map();
    for (const { ancestorTitles, status } of testResults.flatMap((file) => file.testResults)) {
      const section = ancestorTitles[0] ?? "(none)";
      const count = counts.get(section) ?? { passed: 0, total: 0 };
      counts.set(section, { passed: count.passed + (status === "passed" ? 1 : 0), total: count.total + 1 });
    }
    const lines = [...counts]
      .sort()
      .map(([section, { passed, total }]) => `  ${section}: ${passed} of ${total}`);
    process.stderr.write(`\nPassed by section\n${lines.join("\n")}\n`);
  }
};
