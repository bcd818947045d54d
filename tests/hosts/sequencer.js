const { default: Sequencer } = require("@jest/test-sequencer");

/** Files that boot machines take minutes and mostly wait: they begin first, also where nothing is known of earlier runs. */
module.exports = class extends Sequencer {
  sort(tests) {
    const boots = ({ path }) => !/\/(static|fleet)\//.test(path);
    const sorted = super.sort(tests);
    return [...sorted.filter(boots), ...sorted.filter((test) => !boots(test))];
  }
};
