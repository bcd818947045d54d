/** The watch of a main and its worker: what it measures, what its page shows, and what it costs. Who hears of what: heard.test.ts. */
import { Watched } from "./watch/bed";
import { costTests } from "./watch/cost";
import { learnedTests } from "./watch/learned";
import { measuredTests } from "./watch/measured";
import { pageTests } from "./watch/page";

describe("watch", () => {
  let watched: Watched;
  beforeAll(async () => {
    watched = await Watched.create();
  }, 900_000);
  afterAll(() => watched?.remove());

  // In this order: one machine's life.
  describe("measured", () => measuredTests(() => watched));
  describe("page", () => pageTests(() => watched));
  describe("learned", () => learnedTests(() => watched));
  describe("cost", () => costTests(() => watched));
});
