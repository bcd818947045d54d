/** Mocks for a preview: nothing exists yet, so only the inputs are known. */
import type * as pulumi from "@pulumi/pulumi";

export const previewMocks: pulumi.runtime.Mocks = {
  newResource: ({ type, inputs }) =>
    // A stack that never ran has no outputs.
    type === "pulumi:pulumi:StackReference"
      ? { id: undefined, state: { ...inputs, outputs: {}, secretOutputNames: [] } }
      : { id: undefined, state: inputs },
  // No account is asked.
  call: () => ({}),
};
