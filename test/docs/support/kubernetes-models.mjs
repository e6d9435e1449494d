/** Says what is wrong with a manifest by the published schema of Kubernetes: `node kubernetes-models.mjs MODULE KIND MANIFEST`. */
const [module, kind, manifest] = process.argv.slice(2);
const { [kind]: Model } = await import(module);
try {
  new Model(JSON.parse(manifest)).validate();
} catch (error) {
  console.log(error.message);
}
