/** Nothing: shows what the CLI, Node and the SDK take by themselves. */
import "@pulumi/pulumi";

export = async () => ({});
