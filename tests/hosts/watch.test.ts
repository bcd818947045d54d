/** The watch of a main and its worker: what it measures, what its page shows, who hears of what, and what it costs. */
import { Watched } from "./watch/bed";
import { costTests } from "./watch/cost";
import { heardTests, measuredTests } from "./watch/heard";
import { learnedTests } from "./watch/learned";
import { pageTests } from "./watch/page";
import { rulesTests } from "./watch/rules";

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
  describe("heard", () => heardTests(() => watched));
  describe("cost", () => costTests(() => watched));
  describe("rules", () => rulesTests(() => watched));
});
