/** Mocks for a preview: nothing exists yet, so only the inputs are known. */
import type * as pulumi from "@pulumi/pulumi";

export const previewMocks: pulumi.runtime.Mocks = {
  newResource: ({ inputs }) => ({ id: undefined, state: inputs }),
  // No account is asked, and a stack that never ran has no state.
  call: () => ({}),
};
