const { default: Sequencer } = require("@jest/test-sequencer");

/** What takes longest begins first, so that no single file is left at the end. */
const LONGEST =
  "services/disturbed restores heard watch lostVolume upgrade recovery boot/worker services/services postgresUpgrade drill boot/power adopt adoptByReplication stolen dump memory static/alarms".split(
    " ",
  );

/** Files that boot machines take minutes and mostly wait: they begin first, also where nothing is known of earlier runs. */
module.exports = class extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const place = LONGEST.findIndex((name) => path.endsWith(`/hosts/${name}.test.ts`));
      if (place >= 0) return place;
      return /\/(static|fleet)\//.test(path) ? LONGEST.length + 1 : LONGEST.length;
    };
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
