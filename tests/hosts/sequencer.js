const { default: Sequencer } = require("@jest/test-sequencer");

/** What takes longest begins first, so that no single file is left at the end. */
const LONGEST =
  "restores services/services watch upgrade recovery boot/worker postgresUpgrade drill boot/power adopt dump memory".split(
    " ",
  );

/** Files that boot machines take minutes and mostly wait: they begin first, also where nothing is known of earlier runs. */
module.exports = class extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      if (/\/(static|fleet)\//.test(path)) return LONGEST.length + 1;
      const place = LONGEST.findIndex((name) => path.endsWith(`/hosts/${name}.test.ts`));
      return place < 0 ? LONGEST.length : place;
    };
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
