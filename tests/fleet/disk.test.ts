/** Root disks: whatever else fits on a size, its disk does too. */

import { dropletSlugs } from "../../catalogue/droplets";
import { loneForms, mainForms, workerForms } from "../../fleet/proposal/layouts";
import { diskProblems, mainDisk, totalGiB } from "../../fleet/sizing/disk";
import { sizeMain, sizeWorker } from "../../fleet/sizing/sizing";
import { redisNeed, sidekiq, sized } from "../support/fleets";

const small = [sidekiq(["default"], 5)];

test("every fleet that `size` may propose has room on its disks, with the default media cache", () => {
  for (const size of dropletSlugs().map(sized)) {
    for (const form of [...mainForms(), ...loneForms(size.vcpus)]) {
      const { problems } = sizeMain({
        ...size,
        sidekiq: form,
        workerThreads: 0,
        volumeGiB: 50,
        redisNeed: redisNeed(1),
        sockets: 1,
      });
      if (problems.length === 0)
        expect([size.slug, diskProblems({ size, sidekiq: form, cacheGiB: 5 }, [])]).toEqual([size.slug, []]);
    }
    for (const form of workerForms(size.vcpus)) {
      if (sizeWorker({ ...size, sidekiq: form }).problems.length > 0) continue;
      const main = { size: sized("g-4vcpu-16gb"), sidekiq: small, cacheGiB: 5 };
      const pool = { key: "workers[0]", size, sidekiq: form };
      expect([size.slug, diskProblems(main, [pool])]).toEqual([size.slug, []]);
    }
  }
});

test("the largest cache that is recommended fits, and one GiB more does not", () => {
  const main = { size: sized("s-2vcpu-4gb"), sidekiq: small };
  const [problem] = diskProblems({ ...main, cacheGiB: 1000 }, []);
  const most = Number(/write at most (\d+)/.exec(problem?.message ?? "")?.[1]);
  expect(totalGiB(mainDisk(main.size, small, most))).toBeLessThanOrEqual(main.size.diskGiB);
  expect(diskProblems({ ...main, cacheGiB: most }, [])).toEqual([]);
  expect(diskProblems({ ...main, cacheGiB: most + 1 }, [])).toHaveLength(1);
});

test("a disk that is too small for the rest is a problem of the size", () => {
  const size = sized("s-1vcpu-512mb-10gb");
  const keys = diskProblems({ size, sidekiq: small, cacheGiB: 1 }, [
    { key: "workers[0]", size, sidekiq: small },
  ]).map(({ key }) => key);
  expect(keys).toEqual(["main.size", "workers[0].size"]);
});
