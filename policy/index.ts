/** The rules as a policy pack: `pulumi preview --policy-pack policy/run`. */
import { PolicyPack, type PolicyResource, type ResourceValidationArgs } from "@pulumi/policy";
import { engineConfig, listenToTheEngine } from "./engineSettings";
import { expectedOf } from "./expected";
import { type Expected, RESOURCE_RULES, type Resource, STACK_RULES } from "./rules";

listenToTheEngine();

const known = new Map<string, Expected>();

/** A URN is `urn:pulumi:STACK::PROJECT::…`. */
function expectedFor(urn: string): Expected {
  const [, , stack = "", , project = ""] = urn.split(":");
  const expected = known.get(stack) ?? expectedOf(engineConfig(), { project, stack });
  known.set(stack, expected);
  return expected;
}

const resourceOf = ({ urn, type, name, props, opts }: ResourceValidationArgs | PolicyResource): Resource => ({
  urn,
  type,
  name,
  properties: props,
  protect: opts.protect,
});

new PolicyPack(
  "mastodon-hosting",
  {
    enforcementLevel: "mandatory",
    policies: [
      ...RESOURCE_RULES.map(({ name, description, problems }) => ({
        name,
        description,
        validateResource: (args: ResourceValidationArgs, report: (problem: string) => void) => {
          for (const problem of problems(resourceOf(args), expectedFor(args.urn))) report(problem);
        },
      })),
      ...STACK_RULES.map(({ name, description, problems }) => ({
        name,
        description,
        validateStack: (
          { resources }: { resources: PolicyResource[] },
          report: (problem: string) => void,
        ) => {
          const [first] = resources;
          if (!first) return;
          for (const problem of problems(resources.map(resourceOf), expectedFor(first.urn))) report(problem);
        },
      })),
    ],
  },
  undefined,
);
