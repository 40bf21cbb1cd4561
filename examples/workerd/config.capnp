# npx esbuild worker.js --bundle --format=esm --conditions=workerd --external:node:* --outfile=bundle.js
# npx workerd serve config.capnp
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "notes", worker = .notes)],
  sockets = [(name = "http", address = "localhost:3000", http = (), service = "notes")],
);

const notes :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "bundle.js")],
  compatibilityDate = "2026-06-01",
  compatibilityFlags = ["nodejs_compat"],
  bindings = [
    (name = "KEYTURN_SECURITY__SIGNING_SECRET", fromEnvironment = "KEYTURN_SECURITY__SIGNING_SECRET"),
  ],
);
